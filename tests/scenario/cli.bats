#!/usr/bin/env bats
# The command line itself: usage, exit codes, help, forms of output, and what it says where nothing was released yet.
# bats file_tags=fast
# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

load lib/scenario

setup()
{
    scenario_setup
    cd "$D" || return 1
}
teardown() { scenario_teardown; }

# The program without the -C of p().
q()
{
    timeout -k 5 30 "$PENSTOCK" "$@" </dev/null
}

# A project as `init` makes it, with a port of its own, in a git repository with one commit.
initialized()
{
    q init -q >/dev/null
    sed -i "s/127.0.0.1:8080/127.0.0.1:$PORT/" pipelines/prod.yaml
    git init -q -b main .
    git add -A
    git commit -q -m 'first commit'
}

@test "an unknown command is refused with the nearest one" {
    run --separate-stderr q relaese prod
    assert_failure 2
    [[ -z $output ]]
    [[ ${stderr_lines[0]} == "error[E0101]: unknown command 'relaese'" ]]
    [[ ${stderr_lines[1]} == "  = help: did you mean 'release'?" ]]
}

@test "an unknown command that is near to none points to help" {
    run --separate-stderr q frobnicate
    assert_failure 2
    [[ $stderr == *"penstock help   list the commands"* ]]
}

@test "an unknown option is refused with the nearest one, an abbreviated one too" {
    run q status --quite
    assert_failure 2
    assert_line "error[E0101]: unknown option '--quite'"
    assert_line "  = help: did you mean '--quiet'?"
    run q approve r-1 --comm x
    assert_failure 2
    assert_line "  = help: did you mean '--comment'?"
}

@test "an option of another command is unknown to this one" {
    run q status --detach
    assert_failure 2
    assert_line "error[E0101]: unknown option '--detach'"
}

@test "missing, superfluous and wrong arguments are usage errors" {
    run q release
    assert_failure 2
    assert_line "error[E0101]: 'release' needs an argument"
    assert_line '  = help: penstock release ENVIRONMENT [COMMIT]'
    run q release a b c
    assert_failure 2
    assert_line "error[E0101]: 'c' is one argument too many"
    run q version now
    assert_failure 2
    assert_line "error[E0101]: 'version' takes no argument: 'now'"
    run q status -o yaml
    assert_failure 2
    assert_line "error[E0101]: option '--output' takes text, json or jsonl, not 'yaml'"
    run q schema pipelines
    assert_failure 2
    assert_line "  = help: did you mean 'pipeline'?"
}

@test "errors are JSON on stderr for programs, also before the options are understood" {
    run --separate-stderr q relaese -o json
    assert_failure 2
    [[ -z $output ]]
    [[ $(jq -r '[.kind, .code, .message, .hint, .exit_code] | @tsv' <<<"$stderr") == \
        $'error\tE0101\tunknown command \'relaese\'\tdid you mean \'release\'?\t2' ]]
    [[ $(jq -c '[.location, .expected, .next]' <<<"$stderr") == '[null,null,[]]' ]]
}

@test "bytes that are no text are no reason to fall over" {
    run --separate-stderr q $'fro\xff\e[31mb' -o json
    assert_failure 2
    [[ $(jq -r .code <<<"$stderr") == E0101 ]]
}

@test "help lists every command once, and each command has its own" {
    run q help
    assert_success
    for command in init validate doctor plan release resume retry rollback abort destroy approve reject status watch \
        history show logs audit explain schema completion help version; do
        [[ $(grep -cE "^  $command  " <<<"$output") == 1 ]] || fail "help has no line for $command"
        q "$command" --help >"$D/help.out" || fail "$command --help failed"
        head -n 1 "$D/help.out" | grep -q "^$command: " || fail "$command --help begins with $(head -n 1 "$D/help.out")"
        q "$command" -h | grep -qF "more: penstock help $command" || fail "$command -h does not point to more"
    done
    refute_output --partial __export
}

@test "help fits a terminal of 80 columns, but for commands, which are never broken" {
    q help >help.out
    for topic in exit-codes environment files $(sed -n 's/^  \([a-z]*\)  .*/\1/p' help.out); do
        q help "$topic" >>help.out || fail "there is no help of $topic"
    done
    run awk 'length > 80 && !/^  penstock / && !/^  source /' help.out
    assert_output ''
    # What is broken goes on below its own column.
    run q help release
    assert_line '      --timeout DURATION    stop following after this time, with exit code 8;'
    assert_line '                            end a query after it'
}

@test "help has topics, and suggests" {
    run q help exit-codes
    assert_success
    assert_line --regexp '^ +6 +ended rolled back'
    run q help environment
    assert_success
    assert_line --partial PENSTOCK_STATE
    run q help exit-code
    assert_failure 2
    assert_line "  = help: did you mean 'exit-codes'?"
}

@test "version is for people and programs" {
    run q version
    assert_success
    assert_output --regexp '^penstock [0-9]+\.[0-9]+\.[0-9]+'
    run q --version
    assert_success
    assert_output --regexp '^penstock [0-9]'
    [[ $(q version -o json | jq -r .kind) == version ]]
}

@test "explain knows error codes and keys" {
    run q explain e0303
    assert_success
    assert_line --index 0 'E0303: something is in the way'
    assert_line 'exit code 7'
    run q explain stages.shift.steps.share
    assert_success
    run q explain E9999
    assert_failure 1
    assert_line "error[E0302]: there is no error code 'E9999'"
}

@test "schemas are JSON" {
    q schema project | jq -e '."$schema"' >/dev/null
    q schema pipeline | jq -e '."$schema"' >/dev/null
}

@test "init writes files that are valid, and never overwrites" {
    run --separate-stderr q init
    assert_success
    assert_line --index 0 'wrote penstock.yaml'
    assert_line --index 1 'wrote pipelines/prod.yaml'
    [[ $stderr == *'penstock plan prod'* ]]
    run q validate
    assert_success
    assert_line --partial 'pipelines/prod.yaml'
    echo '# mine' >>penstock.yaml
    run q init
    assert_failure 7
    assert_line "error[E0303]: 'penstock.yaml' is there already; nothing was written"
    tail -n 1 penstock.yaml | grep -qx '# mine'
}

@test "init names the project after its directory, also another one" {
    run q init 'my shop!'
    assert_success
    grep -qx 'project: my-shop-' 'my shop!/penstock.yaml'
    run q -C 'my shop!' validate
    assert_success
}

@test "validate lists all problems of all files with their places" {
    q init -q >/dev/null
    sed -i 's/approvals: 1 /aprovals: 1 /' penstock.yaml
    run --separate-stderr q validate
    assert_failure 3
    [[ -z $output ]]
    [[ $stderr == *"--> penstock.yaml:"*"did you mean"* ]]
    q init -q other >/dev/null
    sed -i 's/share: 10%/share: 120%/; s/get: \/,/gte: \/,/' other/pipelines/prod.yaml
    run --separate-stderr q -C other validate -o json
    assert_failure 3
    [[ $(jq '.problems | length' <<<"$stderr") -ge 3 ]]
    [[ $(jq -r '.problems[0].location.file' <<<"$stderr") == pipelines/prod.yaml ]]
    [[ $(jq -r '.exit_code' <<<"$stderr") == 3 ]]
}

@test "validate tries the SQL of probes, with the limits it has later" {
    q init -q >/dev/null
    sed -i 's|^  # probes:|  probes:\n    rooms: {get: /rooms, sql: "select count( from x"}\n    users: {get: /users, sql: "select 1"}\n    calls: {get: /calls, sql: "select :body ->> '"'\$.n'"'"}|' pipelines/prod.yaml
    run --separate-stderr q validate
    assert_failure 3
    [[ $(grep '^error' <<<"$stderr") == \
        "error[E0201]: the probe 'rooms' can never be answered: SQL: near \"from\": syntax error
error[E0201]: the probe 'users' can never be answered: the SQL does not read :body" ]]
    [[ $stderr == *'= see:  penstock explain stamps.probes.sql'* ]]
    run q explain stamps.probes.sql
    assert_success
}

@test "validate says which pipeline is missing" {
    q init -q >/dev/null
    rm pipelines/prod.yaml
    run q validate
    assert_failure 3
    assert_line --partial "the pipeline of environment 'prod' cannot be read"
}

@test "without a project file every command says so, and how to begin" {
    for command in validate 'plan prod' 'release prod' status 'show r-1' doctor ''; do
        # shellcheck disable=SC2086 # words on purpose
        run q $command
        assert_failure 3
        assert_line "error[E0201]: there is no 'penstock.yaml' here or in a directory above"
        assert_line "  = help: go to the project's directory, or name it with -C"
        assert_line --regexp '^  penstock init +write a commented one that works$'
    done
}

@test "the project file is found in a directory above, and messages name it from here" {
    q init -q >/dev/null
    mkdir -p a/b
    cd a/b || return 1
    run q validate
    assert_success
    assert_line --partial ../../penstock.yaml
}

@test "before the first release there is no record, and asking makes none" {
    initialized
    run --separate-stderr q
    assert_success
    assert_line 'prod  nothing is live'
    [[ $stderr == *'penstock plan prod'* ]]
    for command in 'show r-1' history watch 'logs r-1' 'audit verify' 'audit releases' 'approve r-1' resume 'abort r-1' 'destroy prod'; do
        # shellcheck disable=SC2086 # words on purpose
        run q $command
        assert_failure 1
        assert_line "error[E0302]: there is no record in '$PWD/.penstock': nothing was released yet"
    done
    run q status -o json
    assert_success
    [[ ! -e .penstock ]]
}

@test "plan shows what would happen, and writes nothing" {
    initialized
    run --separate-stderr q plan prod
    assert_success
    assert_line --partial 'release '
    [[ $stderr == *'penstock release prod   run it'* ]]
    run q plan prod --detailed-exitcode -q
    assert_failure 10
    [[ $(q plan prod -o json | jq -r '[.kind, .changes, .plan.environment] | @tsv') == $'plan\ttrue\tprod' ]]
    [[ ! -e .penstock ]]
}

@test "unknown environments and commits are named, with the nearest" {
    initialized
    run q plan prd
    assert_failure 1
    assert_line "error[E0302]: 'prd' is not an environment of penstock.yaml"
    assert_line "  = help: did you mean 'prod'?"
    run q plan prod no-such-branch
    assert_failure 1
    assert_line --partial no-such-branch
}

@test "a release is not begun where nobody can be asked" {
    initialized
    run --separate-stderr q release prod
    assert_failure 2
    [[ $stderr == *'error[E0101]: nobody can be asked: release '*' to prod as r-1?'* ]]
    [[ $stderr == *'answer beforehand with --yes'* ]]
    [[ $(q history -o json | jq '.releases | length') == 0 ]]
}

@test "--state and PENSTOCK_STATE name the record; the flag wins" {
    initialized
    PENSTOCK_STATE=$D/from-environment run q history
    assert_failure 1
    assert_line --partial "there is no record in '$D/from-environment'"
    PENSTOCK_STATE=$D/from-environment run q --state from-flag history
    assert_line --partial "there is no record in '$D/from-flag'"
    # The advice finds the same place again.
    assert_line --partial 'penstock --state from-flag release'
}

@test "doctor looks at everything, and a taken port is a finding" {
    initialized
    run q doctor
    assert_success
    assert_line --regexp '^✓ repository: .* first commit$'
    assert_line "✓ front door of prod: 127.0.0.1:$PORT is free"
    [[ $(q doctor -o json | jq -r .healthy) == true ]]
    python3 -c "import socket,time; s=socket.socket(); s.bind(('127.0.0.1',$PORT)); s.listen(); time.sleep(30)" "$D/" 3>&- &
    await 10 bash -c ": </dev/tcp/127.0.0.1/$PORT"
    run q doctor
    assert_failure 1
    assert_line "✗ front door of prod: 127.0.0.1:$PORT: Address already in use"
    kill %1
}

@test "doctor says what is wrong with the repository" {
    q init -q >/dev/null
    run q doctor
    assert_failure 1
    assert_line --regexp '^✗ repository: '
}

@test "doctor warns of a shallow clone" {
    initialized
    git clone -q --depth 1 "file://$PWD" shallow 2>/dev/null
    run q -C shallow doctor
    assert_success
    assert_line --regexp '^! repository: .*/shallow is a shallow clone: older commits cannot be released$'
    assert_line --regexp "^    git -C '.*/shallow' fetch --unshallow$"
}

@test "colours come by the flag only where no terminal is" {
    run q relaese
    refute_output --partial $'\e['
    run q --color=always relaese
    assert_output --partial $'\e[31m'
    CLICOLOR_FORCE=1 run q relaese
    assert_output --partial $'\e[31m'
    NO_COLOR=1 CLICOLOR_FORCE=1 run q relaese
    refute_output --partial $'\e['
}

@test "marks are ASCII where the locale is not UTF-8" {
    q init -q >/dev/null
    LC_ALL=C run q validate
    assert_line '+ penstock.yaml'
    LC_ALL=C.UTF-8 run q validate
    assert_line '✓ penstock.yaml'
}

@test "completion of bash completes commands, options and words" {
    q completion bash >completion.bash
    bash -n completion.bash
    complete_words()
    {
        bash -c 'source ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _penstock; echo "${COMPREPLY[*]}"' \
            complete penstock "$@"
    }
    [[ $(complete_words rel) == release ]]
    [[ $(complete_words -C /tmp appr) == approve ]]
    [[ $(complete_words release --det) == --detach ]]
    [[ $(complete_words status --det) == '' ]]
    [[ $(complete_words schema p) == 'project pipeline' ]]
    [[ $(complete_words status -o j) == 'json jsonl' ]]
    run q completion tcsh
    assert_failure 2
}

@test "completions of zsh and fish name every command" {
    for shell in zsh fish; do
        q completion "$shell" >"completion.$shell"
        for command in release approve completion; do
            grep -q "$command" "completion.$shell" || fail "$shell lacks $command"
        done
        if command -v "$shell" >/dev/null; then
            "$shell" -n "completion.$shell"
        fi
    done
}

@test "a closed output is a failure, not a silent success" {
    run bash -c '"$1" help >/dev/full' - "$PENSTOCK"
    assert_failure 1
    assert_line 'penstock: cannot write to standard output'
}
