#!/usr/bin/env bats
# What the command line refuses and what it shows, word by word and in all its forms. The releases here are of commands
# and gates only: no stamps, no front door.
# shellcheck disable=SC2154,SC2034 # bats and lib/scenario set and read variables of the tests

load lib/scenario

setup()
{
    scenario_setup
    cd "$D" || return 1
}
teardown() { scenario_teardown; }

# The program where the test stands.
q()
{
    timeout -k 5 30 "$PENSTOCK" "$@" </dev/null
}

# refused STATUS TEXT ARGUMENTS...: that is the exit code, and the error's line behind its code.
refused()
{
    local wanted=$1 text=$2

    shift 2
    run --separate-stderr q "$@"
    [[ $status == "$wanted" ]] || fail "'$*' ended with $status: $stderr"
    [[ -z $output ]] || fail "'$*' wrote to its output: $output"
    [[ ${stderr_lines[0]} =~ ^error\[E[0-9]{4}\]:\ (.*)$ && ${BASH_REMATCH[1]} == "$text" ]] ||
        fail "'$*' says: $stderr"
}

# hinted TEXT: what the refusal before advises.
hinted()
{
    [[ ${stderr_lines[1]} == "  = help: $1" ]] || fail "the hint is: ${stderr_lines[1]}"
}

# Environments a and b, whose releases wait at two gates at once.
at_gates()
{
    local environment

    mkdir -p pipelines
    cat >penstock.yaml <<'END'
project: words
environments:
  a: {allow_as: true, gates: &gates {go: {people: [ana, bo]}, well: {people: [ana, bo]}}}
  b: {gates: *gates}
END
    for environment in a b; do
        cat >"pipelines/$environment.yaml" <<END
pipeline: $environment
environment: $environment
stages:
  - build
  - gate: go
  - gate: {name: second, gate: well, needs: [build]}
  - command: {run: [$1], needs: [gate, second], repeatable: true, retries: 0}
END
    done
    git init -q -b main .
    echo .penstock >.gitignore
    git add -A
    git commit -q -m 'first commit'
    for environment in a b; do
        run q release "$environment" --yes --until-gate
        assert_failure 8
    done
}

# bats test_tags=fast
@test "what is wrong on the command line alone is refused before anything is read" {
    refused 1 "cannot enter 'nowhere': No such file or directory" -C nowhere status
    refused 2 "no completion for 'tcsh'" completion tcsh
    hinted 'there is one for bash, zsh and fish'
    refused 2 "'pipelines' is neither 'project' nor 'pipeline'" schema pipelines
    hinted "did you mean 'pipeline'?"
    refused 2 "'everything' is neither 'project' nor 'pipeline'" schema everything
    [[ ${#stderr_lines[@]} == 1 ]]
    refused 2 "there is no command or topic 'exit-code'" help exit-code
    hinted "did you mean 'exit-codes'?"
    refused 2 "'soon' is no duration" release prod --yes --timeout soon
    hinted 'expected something like 90s, 10m or 1h30m'
    refused 2 "'0s' is no duration" watch --timeout 0s
    run --separate-stderr q logs r-1 --follow -o json
    [[ $status/$(jq -r .message <<<"$stderr") == '2/--follow has no JSON form' ]]
    refused 2 '--keep and --as-is exclude each other' abort r-1 --keep --as-is
    refused 2 "'zero' is no number from 1 to 1000000" logs r-1 --lines zero
    refused 2 "'0' is no number from 1 to 1000000" history --limit 0
    refused 2 "'1000001' is no number from 1 to 1000000" history --limit 1000001
    refused 3 "there is no project file 'other.yaml'" -f other.yaml validate
}

# bats test_tags=fast
@test "a file that cannot be read is named with the system's words" {
    mkdir penstock.yaml
    refused 1 "while reading the project file: cannot read 'penstock.yaml': Is a directory" validate
    rmdir penstock.yaml
    q init -q >/dev/null
    refused 1 "neither the record nor the project file knows an environment 'prd'" status prd
    refused 1 "'somewhere' is not an environment of penstock.yaml" plan somewhere
    hinted "its environments: 'prod'"
}

@test "a directory whose name cannot be written down is refused, in words that steer no terminal" {
    project
    cp -a "$REPO" "$D/re"$'\xff'"po"
    cp -a "$REPO" "$D/re"$'\e[2J'"po"

    REPO=$D/re$'\xff'po run p plan prod
    assert_failure 2
    assert_line "error[E0101]: the path '$D/re"$'\xef\xbf\xbd'"po' is no UTF-8 text without control characters"
    assert_line '  = help: rename the directory, or take another one'
    REPO=$D/re$'\e[2J'po run p doctor
    assert_failure 2
    assert_line "error[E0101]: the path '$D/repo' is no UTF-8 text without control characters"
    run p --state "$D/"$'\x9b' status
    assert_failure 2
    assert_line --partial 'is no UTF-8 text without control characters'
}

@test "a record of somebody else is not taken for none" {
    [[ $(id -u) == 0 ]] || skip 'this user cannot make a record of another one'
    command -v runuser >/dev/null || skip 'THERE IS NO runuser: not tried'
    at_gates true
    cp "$PENSTOCK" penstock
    chmod a+rx penstock
    nobody() { timeout 30 runuser -u nobody -- "$D/penstock" "$@" </dev/null; }
    for command in status 'show a' doctor; do
        # shellcheck disable=SC2086 # words on purpose
        run nobody $command
        assert_failure 1
        assert_output --partial "you may not read the record in '$D/.penstock'"
        assert_output --partial "it belongs to 'root': ask as that user, or have it shared with your group"
    done
    run nobody approve a go --yes
    assert_failure 1
    assert_line "error[E0501]: you may not write to the record in '$D/.penstock'"
}

@test "a broken project file does not hide the record" {
    at_gates true
    echo 'projekt: x' >>penstock.yaml
    refused 3 "unknown key 'projekt' in the project file" status
    [[ $stderr == *$'\n'"  penstock --state $PWD/.penstock status   what the record says, without the file" ]]
    run --separate-stderr q --state "$PWD/.penstock" status
    assert_success
    assert_line 'a  nothing is live'
    assert_line --regexp '^  waits for gate go, '
}

@test "with several live releases a command asks which one is meant" {
    at_gates true
    refused 2 'several releases are live: r-1 (a), r-2 (b)' watch
    hinted 'say which one'
    refused 1 "there is no release 'r-9', nor an environment of that name, in '$PWD/.penstock'" show r-9
    refused 1 "there is no release 'x', nor an environment of that name, in '$PWD/.penstock'" show x
    refused 1 "'nothing' is neither a unit that stands nor an environment of penstock.yaml" destroy nothing --yes
    refused 4 "you are '$(id -un)'; environment 'b' does not allow --as" approve b --as ana --yes
    hinted 'allow_as: true in penstock.yaml would'
}

@test "with several open gates an approval names the one that is meant" {
    at_gates true
    refused 7 "several gates of r-1 wait: 'go', 'well'" approve a --as ana --yes
    hinted 'name the one that is meant'
    refused 1 "no gate 'end' of r-1 was asked yet" approve a end --as ana --yes
    hinted "what waits: 'go', 'well'"
    refused 7 'no drain of r-1 asks a person: it waits by itself' \
        approve a --as ana --yes --abandon rooms=1 --comment 'they know'
    for typed in rooms =1 rooms= rooms=x rooms=-1 rooms=1,users rooms=1234567890123456; do
        refused 2 "'${typed##*,}' is not PROBE=NUMBER" approve a --as ana --yes --abandon "$typed" --comment x
        hinted 'expected something like --abandon rooms=2,recordings=1'
    done
    refused 2 'giving up work needs a reason' approve a --as ana --yes --abandon rooms=unknown
    hinted 'say why with --comment'
}

@test "a release in the background that cannot begin says why" {
    at_gates true
    # Its log cannot be made: a file stands where the directory should be.
    mkdir -p .penstock/logs
    touch .penstock/logs/r-1
    refused 1 "cannot make directory '$PWD/.penstock/logs/r-1': File exists" resume r-1 --detach
}

# bats test_tags=fast
@test "init, validate and explain answer programs too" {
    run --separate-stderr q init -o json
    assert_success
    [[ $(jq -c '[.kind, .written, (.next | length)]' <<<"$output") == \
        '["init",["penstock.yaml","pipelines/prod.yaml"],2]' ]]
    run --separate-stderr q validate prod --output=json
    assert_success
    [[ $(jq -c '[.kind, .valid, .files]' <<<"$output") == \
        '["validation",true,["penstock.yaml","pipelines/prod.yaml"]]' ]]
    refused 1 "'prd' is not an environment of penstock.yaml" validate prd
    hinted "did you mean 'prod'?"
    run --separate-stderr q explain E0303 -ojson
    assert_success
    [[ $(jq -r .kind <<<"$output") == explain ]]
    run --separate-stderr q nonsense -ojsonl
    assert_failure 2
    [[ $(jq -r .message <<<"$stderr") == "unknown command 'nonsense'" ]]
}

# bats test_tags=fast
@test "doctor names a front door that does not answer, a missing haproxy, and what nobody may write to" {
    q init -q >/dev/null
    sed -i "s|managed: {bind: .*}|socket: $PWD/admin.sock|; /prober/d" pipelines/prod.yaml
    git init -q -b main .
    git add -A
    git commit -q -m 'first commit'
    run q doctor
    assert_failure 1
    assert_line "✗ front door of prod: HAProxy does not answer at $PWD/admin.sock"
    assert_line "    add to its global section: stats socket $PWD/admin.sock level admin"
    sed -i "s|socket: $PWD/admin.sock|managed: {bind: \"127.0.0.1:$PORT\"}|" pipelines/prod.yaml
    # An ordinary user's PATH does not have it, and penstock does not need that.
    run /usr/bin/env PATH=/usr/bin:/bin "$PENSTOCK" doctor
    assert_line --regexp '^✓ haproxy: version [0-9]'
    unshare --mount true 2>/dev/null || skip 'haproxy cannot be hidden'
    # shellcheck disable=SC2016 # the inner shell expands it
    run unshare --mount sh -c 'mount --bind /dev/null /usr/sbin/haproxy && exec "$0" doctor' "$PENSTOCK"
    assert_failure 1
    assert_line '✗ haproxy: the program is not there'
    assert_line '    sudo apt-get install haproxy'
}

@test "doctor tells of logs that have grown large, and which is the longest" {
    at_gates true
    run q doctor
    refute_output --partial ' logs: '
    mkdir -p .penstock/logs/r-1
    truncate -s 900M .penstock/logs/r-1/one.log
    truncate -s 1200M .penstock/logs/r-1/other.log
    run q doctor
    assert_line "! logs: 2100 MiB in $PWD/.penstock/logs"
    assert_line "    the longest may be emptied while it is written to: truncate -s 0 '$PWD/.penstock/logs/r-1/other.log'"
}

@test "logs --follow goes on with a log whose middle was taken out" {
    at_gates true
    log=$(q logs r-1 -o json | jq -r '.logs[0].path')
    mkdir -p "${log%/*}"
    seq 1000 >"$log"
    q logs r-1 --follow >followed 2>&1 3>&- &
    await 10 grep -qx 1000 followed
    echo more >>"$log"
    await 10 grep -qx more followed
    truncate -s 10 "$log"
    sleep 1 # it looks four times a second
    echo 'and more' >>"$log"
    await 10 grep -qx 'and more' followed
    kill %1
}

@test "status and history of two environments, for people and for programs" {
    at_gates true
    run --separate-stderr q status
    assert_success
    assert_line 'a  nothing is live'
    assert_line --regexp '^  r-1 a  [0-9a-f]{7} first commit  waiting  '
    assert_line --regexp '^  waits for gate go, '
    assert_line 'b  nothing is live'
    run --separate-stderr q status b
    assert_success
    [[ ${lines[0]} == 'b  nothing is live' && $output != *r-1* ]]
    [[ $(q status -o jsonl | jq -c '[.environment, .live_unit, .release.id, .release.waiting.gate]') == \
        $'["a",null,"r-1","go"]\n["b",null,"r-2","go"]' ]]
    [[ $(q status -o json | jq -c '[.kind, (.environments | length)]') == '["status",2]' ]]
    [[ $(q history -o json | jq -c '[.kind, [.releases[].id]]') == '["history",["r-2","r-1"]]' ]]
    [[ $(q history b -o jsonl | jq -c '[.id, .environment]') == '["r-2","b"]' ]]
    run --separate-stderr q history nowhere
    assert_success
    [[ -z $output && $stderr == 'no releases' ]]
}

@test "doctor reads the record, and says where it is damaged" {
    at_gates true
    rows=$(sqlite3 -readonly .penstock/record.db 'SELECT count(*) FROM event')
    run q doctor
    assert_line "✓ record: $PWD/.penstock is whole: $rows rows"
    for trigger in $(sqlite3 -readonly .penstock/record.db "SELECT name FROM sqlite_schema WHERE type = 'trigger'"); do
        sqlite3 .penstock/record.db "DROP TRIGGER $trigger"
    done
    sqlite3 .penstock/record.db "UPDATE event SET actor = 'eve' WHERE seq = 2"
    run q doctor
    assert_failure 1
    assert_line '✗ record: row 2 of the record was changed: it does not match its hash'
    assert_line '    rows before it can be trusted; restore the record from a backup'
}

@test "logs for programs, logs that are gone, and logs as they go on" {
    at_gates 'sh, -c, "echo hello"'
    q approve a go --as ana --yes
    q approve a well --as ana --yes
    run q resume a
    assert_success
    run q logs a command
    assert_line hello
    [[ $(q logs a command -o jsonl | jq -c '[.name, .text]') == '["command: run command","hello\n"]' ]]
    log=$(q logs a command -o json | jq -r '.logs[0].path')
    timeout 60 "$PENSTOCK" logs r-1 command --follow >follow.out </dev/null 3>&- &
    await 10 grep -qx hello follow.out
    # What is there when it begins to follow is not shown twice.
    sleep 0.5
    echo 'and again' >>"$log"
    await 10 grep -qx 'and again' follow.out
    kill %1
    [[ $(<follow.out) == $'hello\nand again' ]]
    : >"$log"
    run --separate-stderr q logs a command
    [[ -z $output && $stderr == "$log is empty" ]]
    rm "$log"
    run --separate-stderr q logs a command
    [[ -z $output && $stderr == "$log is not there (any more)" ]]
}

@test "whoever says no at a terminal has changed nothing" {
    command -v script >/dev/null || skip 'no script(1) to make a terminal with'
    at_gates true
    REPO=$D
    for command in 'approve a go --as ana' 'reject a go --as ana' 'abort r-1' 'rollback r-1'; do
        rm -f "$D"/no.*
        # shellcheck disable=SC2086 # words on purpose
        at_terminal no $command
        await 10 shows no '[y/N]'
        types no n
        # shellcheck disable=SC2154 # at_terminal sets it
        ends no 0
        shows no 'nothing was done' || fail "'$command' says $(<"$D/no.tty")"
    done
    [[ $(sqlite3 -readonly .penstock/record.db "SELECT count(*) FROM event WHERE kind LIKE 'decision.%'") == 0 ]]
}
