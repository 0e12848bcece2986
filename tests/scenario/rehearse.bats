#!/usr/bin/env bats
# A pipeline tried out in the made-up world: what is good passes, what is not is named with its line, the same seed says the
# same, and nothing real is touched.
# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

load lib/scenario

setup()
{
    scenario_setup
    cd "$D" || return 1
    cp "$BATS_TEST_DIRNAME"/../../pipelines/*.yaml .
    # Whoever runs the tests must not be one of the people of the gate.
    sed -i 's/\[ana, bo, chi\]/[ana-1, bo-1, chi-1]/' penstock.yaml
}
teardown() { scenario_teardown; }

q()
{
    timeout -k 5 60 "$PENSTOCK" "$@" </dev/null
}

# changed SED-EXPRESSION: prod.yaml so changed, as draft.yaml
changed()
{
    sed "$1" prod.yaml >draft.yaml
    ! cmp -s prod.yaml draft.yaml || fail "'$1' changes nothing"
}

line_of()
{
    grep -nE "$1" draft.yaml | cut -d : -f 1
}

# has_record PID: what it started has a record by now; sets child and record (its directory).
has_record()
{
    child=$(pgrep -P "$1") || return 1
    record=$(readlink /proc/"$child"/fd/* 2>/dev/null | grep -o '.*/penstock-rehearsal\.[^/]*' | head -n 1)
    [[ -n $record ]]
}

@test "the pipelines that users copy lose nothing, whatever happens" {
    for environment in e2e int prod; do
        run --separate-stderr q rehearse "$environment"
        assert_success
        [[ ${lines[0]} == '✓ the release loses nothing, and it ends' ]]
        assert_line --regexp '^lost +nothing by the release'
        assert_line --regexp '^next release +succeeded in '
        assert_line --regexp '^with faults +'
        [[ $stderr == *"penstock rehearse $environment --runs 20   many seeds"* ]]
    done
}

@test "the time line has the stages, the shares, the gates and who opened them" {
    run --separate-stderr q rehearse prod --faults none
    assert_success
    assert_line --regexp '^gates +release-managers 2 times$'
    assert_line --regexp '^ +0s  build     builds with make$'
    assert_line --regexp '^ +[0-9]+s  deploy    starts 4 new instances$'
    assert_line --regexp '^ +[0-9]+s  shift     5% of new traffic to the new unit, watched for 10m$'
    assert_line --regexp '^ +40m[0-9]+s            gate release-managers: opened by (ana|bo|chi)-1 after [0-9m]+s$'
    assert_line --regexp ' drain     waits for rooms, recordings on 4 old instances$'
    assert_line --regexp ' destroy   gate release-managers: opened by '
    refute_line --regexp '^with faults'
    # The first release has its own only when it is asked for.
    refute_output --partial '100% of new traffic to the new unit'$'\n''      '
    run --separate-stderr q rehearse prod --faults none -v
    assert_line --regexp '^first release +succeeded in '
    [[ $(grep -c ' build     builds with make' <<<"$output") == 2 ]]
}

# bats test_tags=fast
@test "a drain that forgets recordings is caught, with its line" {
    changed 's/until: {rooms: 0, recordings: 0}/until: {rooms: 0}/'
    run --separate-stderr q rehearse draft.yaml
    assert_failure 1
    [[ ${lines[0]} == '✗ this pipeline destroys too early: it loses recordings' ]]
    [[ ${lines[1]} == " --> draft.yaml:$(line_of '^  - destroy'):5: stage 'destroy' stops instances that still have recordings" ]]
    [[ ${lines[2]} == " --> draft.yaml:$(line_of '^  - drain'):5: stage 'drain' does not wait for 'recordings'" ]]
    # shellcheck disable=SC2016 # backquotes on purpose
    [[ ${lines[3]} == '  = help: add `recordings: 0` to its `until`' ]]
    assert_line --regexp '^lost +4 recordings by the release$'
    [[ $stderr == *'penstock rehearse draft.yaml   when the file is changed'* ]]
}

@test "so is one that waits for less than nothing left" {
    changed 's/until: {rooms: 0, recordings: 0}/until: {rooms: 2, recordings: 0}/'
    run --separate-stderr q rehearse draft.yaml
    assert_failure 1
    [[ ${lines[0]} == '✗ this pipeline destroys too early: it loses rooms' ]]
    [[ ${lines[2]} == " --> draft.yaml:$(line_of '^  - drain'):5: stage 'drain' waits only until 'rooms' is 2" ]]
    # shellcheck disable=SC2016
    [[ ${lines[3]} == '  = help: make it `rooms: 0`' ]]
}

@test "a drain without a deadline may never end" {
    changed '/deadline:/d'
    run --separate-stderr q rehearse draft.yaml
    assert_failure 1
    [[ ${lines[0]} == '✗ this release may never end: its drain has no deadline, and nobody is asked' ]]
    [[ ${lines[1]} == " --> draft.yaml:$(line_of '^  - drain'):5: one room that nobody leaves, and it waits for ever" ]]
    # shellcheck disable=SC2016
    [[ ${lines[2]} == '  = help: add `deadline: {after: 24h, do: ask}`' ]]
    assert_line --regexp '^forgotten room +does not end in '
}

# bats test_tags=fast
@test "a gate that nobody may open is found" {
    sed -i "s/\[ana-1, bo-1, chi-1\]/[$(id -un)]/" penstock.yaml
    run --separate-stderr q rehearse prod
    assert_failure 1
    [[ ${lines[0]} == "✗ this release never ends: gate 'release-managers' cannot open" ]]
    [[ ${lines[1]} == " --> penstock.yaml:"*": it wants 1 approval, and nobody may give one: '$(id -un)' asks for the release and is barred" ]]
    # shellcheck disable=SC2016
    [[ ${lines[2]} == '  = help: name more people in `people`, or ask for fewer approvals' ]]
    sed -i 's/barred: \[requester, authors\]/barred: [authors]/' penstock.yaml
    run --separate-stderr q rehearse prod
    assert_failure 1
    [[ ${lines[1]} == *"and nobody may give one: '$(id -un)' wrote commits of it and is barred" ]] || fail "${lines[1]}"
}

@test "a stage that cannot end in its time is found in its stage" {
    changed 's/^  - shift:/&\n      timeout: 20m/'
    run --separate-stderr q rehearse draft.yaml
    assert_failure 1
    [[ ${lines[0]} == '✗ this release ends rolled back although nothing goes wrong' ]]
    [[ ${lines[1]} == " --> draft.yaml:$(line_of '^  - shift'):5: stage shift took longer than its timeout of 20m" ]]
}

# bats test_tags=fast
@test "an order that is unlawful is refused, as by plan" {
    changed '/^  - destroy/d; s/^  - drain:/  - destroy\n&/'
    run --separate-stderr q rehearse draft.yaml
    assert_failure 3
    [[ ${lines[0]} == "✗ the plan is refused: stage 'destroy' would destroy old stamps that no stage has drained" ]]
    [[ ${lines[1]} == " --> draft.yaml:$(line_of '^  - destroy'):5: here" ]]
}

@test "a file that is not valid is shown as by validate" {
    changed 's/^stages:/stagse:/'
    run --separate-stderr q rehearse draft.yaml
    assert_failure 3
    [[ ${stderr_lines[0]} == 'error[E0201]'*"'stagse'"* ]]
}

@test "the same seed says the same, byte for byte; another one does not" {
    q rehearse prod --seed 7 --faults many -v >one 2>/dev/null
    q rehearse prod --seed 7 --faults many -v >two 2>/dev/null
    q rehearse prod --seed 8 --faults many -v >other 2>/dev/null
    cmp one two
    ! cmp -s one other
}

@test "many seeds in sum, and the worst to look at" {
    changed 's/until: {rooms: 0, recordings: 0}/until: {rooms: 0}/'
    run --separate-stderr q rehearse draft.yaml --runs 3 --seed 5 --faults none
    assert_failure 1
    [[ ${lines[0]} == '✗ this pipeline destroys too early: it loses recordings (3 of 3 runs, first with seed 5)' ]]
    assert_line --regexp '^rehearsed +draft.yaml, seeds 5 to 7, faults: none$'
    assert_line --regexp '^lost +12 recordings by the release$'
    assert_line --regexp '^worst +seed [567]$'
    [[ $stderr =~ 'penstock rehearse draft.yaml --seed '[567]' --faults none   the worst of them' ]]
    run --separate-stderr q rehearse e2e --runs 5
    assert_success
    [[ ${lines[0]} == '✓ 5 runs: the release loses nothing, and it ends' ]]
}

@test "a document for programs" {
    q rehearse prod -o json >run.json
    jq -e '.schema_version == 1 and .kind == "rehearsal" and .good and .seed == 1 and .findings == [] and
           ([.acts[].name] == ["first", "ordinary", "faults"]) and
           (.acts[1] | .end == "succeeded" and .requests > 0 and .lost.requests == 0 and
            (.gates | length == 2 and all(.end == "opened" and .waited_ms > 0 and (.by | length) == 1)))' run.json
    changed 's/until: {rooms: 0, recordings: 0}/until: {rooms: 0}/'
    run --separate-stderr q rehearse draft.yaml -o json
    assert_failure 1
    jq -e --argjson line "$(line_of '^  - destroy')" '.good == false and (.findings[0] | .what == "destroys_too_early" and
           .act == "ordinary" and .places[0].file == "draft.yaml" and .places[0].line == $line)' <<<"$output"
    q rehearse e2e --runs 3 -o json | jq -e '.kind == "rehearsals" and .runs == 3 and .bad == 0 and .good'
}

@test "drains by signal and by command, probes by SQL and metric, and a front door of others" {
    changed 's/begin: {post: .*/begin: {signal: USR1}/; s/cancel: {post: .*/cancel: {command: [ctl, undrain, "${instance.address}"]}/
        s|count: \$.rooms|sql: "select count(*) from json_each(:body)"|; s|json: \$.recordings.running, identity: \$.boot|metric: recording_now|
        s|managed: .*|socket: /run/haproxy.sock\n  url: "http://front.example/x"|'
    run --separate-stderr q rehearse draft.yaml --runs 4
    assert_success
    [[ ${lines[0]} == '✓ 4 runs: the release loses nothing, and it ends' ]]
}

@test "nothing real is touched, and nothing is left behind" {
    ls -A >before
    run q rehearse prod --runs 2
    assert_success
    ls -A >after
    diff <(grep -v after before) <(grep -v after after)
    # What could start a process, or open a socket, is not in the program at all.
    run nm -D --undefined-only "${PENSTOCK%/*}/penstock-rehearse"
    assert_success
    refute_output --regexp ' (curl_|uv_|git_|posix_spawn|fork|vfork|exec|socket|connect|kill)'
    "$PENSTOCK" rehearse prod --runs 1000 >/dev/null 2>&1 &
    pid=$!
    await 10 has_record "$pid"
    kill -TERM "$pid"
    await 10 is_gone "$child"
    [[ ! -e $record ]] || fail "$record is left"
}

@test "words that it does not take, and a program that is not there" {
    run q rehearse prod --faults lots
    assert_failure 2
    assert_line "error[E0101]: option '--faults' takes none, some or many, not 'lots'"
    run q rehearse prod --seed 0
    assert_failure 2
    assert_line "error[E0101]: '0' is no number from 1 to 1000000"
    run q rehearse prodd
    assert_failure 1
    assert_line "error[E0302]: 'prodd' is not an environment of penstock.yaml"
    mkdir bin
    cp "$PENSTOCK" bin/penstock
    run bin/penstock rehearse prod
    assert_failure 1
    assert_line "error[E0302]: there is no program 'penstock-rehearse' beside '$D/bin/penstock'"
    # shellcheck disable=SC2016
    assert_line '  = help: `make` builds it, and `make install` installs it'
}
