#!/usr/bin/env bats
# Commands about a live release: who may decide, what exit codes say, what is shown, and that Ctrl-C is gentle.
# shellcheck disable=SC2154,SC2034,SC2120 # bats and lib/scenario set and read variables of the tests

load lib/scenario

setup() { scenario_setup; }
teardown() { scenario_teardown; }

# A project whose second release waits at a gate of two people, who are neither the requester nor twice the same.
gated()
{
    gates='managers: {people: [ana, bo, chi], approvals: 2, barred: [requester], expires: 1h}'
    steps='[{share: 20%}, {share: 100%, gate: managers}]'
    until='{}'
    project
    first_release
    commit 2.0.0
}

at_gate()
{
    gated
    run p release prod --yes --until-gate "$@"
    assert_failure 8
}

@test "a gate: --until-gate, who may approve, what is shown, and the end by resume" {
    at_gate
    assert_line --partial 'gate.asked'
    run --separate-stderr p approve prod --yes --as ana --comment 'looks good'
    assert_success
    [[ -z $output ]]
    [[ $stderr == *'managers: 0 of 2 approvals; may approve: ana, bo, chi; not '"$requester"', who asked'* ]]
    [[ $stderr == *'opens the way to 100%'* ]]
    [[ $stderr == *"binds   to plan $(show r-2 '.plan[:12]')"* ]]
    [[ $stderr == *'r-2: approve by ana is in the record'* ]]
    run p approve r-2 --yes --as ana
    assert_failure 4
    assert_line "error[E0301]: 'ana' has already approved gate 'managers'; it wants 2 different people"
    run p approve 2 --yes --as eve
    assert_failure 4
    assert_line "error[E0301]: 'eve' is not one of the people of gate 'managers'"
    run p approve r-2 --yes
    assert_failure 4
    [[ $(show r-2 '[.decisions[] | select(.refused != null) | .person] | join(" ")') == "ana eve $requester" ]]
    run --separate-stderr p approve r-2 managers --yes --as bo -o json
    assert_success
    [[ $(jq -r '[.kind, .release, .decision, .gate, .person] | @tsv' <<<"$output") == \
        $'decision\tr-2\tapprove\tmanagers\tbo' ]]
    run p resume
    assert_success
    [[ $(show r-2 .release.end) == succeeded ]]
    [[ $(show r-2 '[.decisions[] | select(.used) | .person] | join(" ")') == 'ana bo' ]]
    run p approve r-2 --yes
    assert_failure 7
    assert_line 'error[E0303]: release r-2 has already ended: succeeded'
    assert_line --regexp '^  penstock -C .* show r-2 +where it stands, and what it waits for$'
    run p resume
    assert_success
    assert_output --partial 'no release is live; the last one was r-2: succeeded'
    run p resume r-2
    assert_failure 7
    take_down
}

@test "a second release is refused while one is live, and says what to do" {
    at_gate
    run p release prod --yes
    assert_failure 7
    assert_line --partial "error[E0303]: environment 'prod' has a live release: r-2, waiting since "
    assert_line --regexp '^  penstock -C .* resume r-2 +go on with it: no runner is alive$'
    run --separate-stderr p release prod --yes -o json
    assert_failure 7
    [[ $(jq -r '[.code, .release, .next[0].command] | @tsv' <<<"$stderr") == $'E0303\tr-2\tpenstock '*' resume r-2' ]]
    run p abort prod --yes -q
    assert_failure 5
    take_down
}

@test "reject: the release goes back and ends rejected, with exit code 5" {
    at_gate
    run p reject r-2 --yes --as chi --comment 'not today'
    assert_success
    run p resume r-2 -o json
    assert_failure 5
    [[ $(show r-2 .release.end) == rejected ]]
    [[ $(show r-2 .exit_code) == null ]]
    [[ $(share_of r-2 "$(unit_of r-1)") == 10000 ]]
    take_down
}

@test "abort --keep leaves the new unit, and destroy takes it" {
    at_gate
    run p abort r-2 --yes --keep --as bo
    assert_failure 5
    [[ $(end_of r-2) == aborted ]]
    unit=$(unit_of r-2)
    mapfile -t pids < <(pids_of r-2 new)
    alive "${pids[@]}"
    run p destroy "$unit"
    assert_failure 2
    assert_line --partial "nobody can be asked: destroy $unit?"
    run p destroy "$unit" --yes
    assert_success
    is_gone "${pids[0]}"
    run p destroy prod --confirm e2e
    assert_failure 2
    take_down
}

@test "abort --as-is ends the release where it stands" {
    at_gate
    run p abort r-2 --as-is --keep --yes
    assert_failure 2
    run p abort r-2 --as-is --yes --comment 'we look at it'
    assert_failure 1
    [[ $(end_of r-2) == failed ]]
    [[ $(share_of r-2 "$(unit_of r-2)") == 2000 ]]
    take_down
}

@test "rollback by a person ends rolled back, with exit code 6" {
    at_gate
    run p rollback r-2
    assert_failure 2
    run p rollback r-2 --yes
    assert_failure 6
    [[ $(end_of r-2) == rolled_back ]]
    run p approve r-2 --yes
    assert_failure 7
    assert_line 'error[E0303]: release r-2 has already ended: rolled back'
    run p resume
    assert_line 'no release is live; the last one was r-2: rolled back'
    take_down
}

@test "detach leaves a runner behind; watch follows it to the end; a second runner is refused" {
    gated
    run --separate-stderr p release prod --yes --detach -q
    assert_success
    await 20 state_is r-2 waiting
    run p resume r-2
    assert_failure 7
    assert_line --partial "error[E0304]: environment 'prod' is held by release r-2"
    # Also the hint of a room that does not know how it was called finds the record.
    assert_line "  = help: penstock -C $REPO watch r-2"
    assert_line --regexp '^  penstock -C .* watch r-2 +follow it$'
    run p watch --until-gate
    assert_failure 8
    run p watch --timeout 100ms
    assert_failure 8
    p_background watcher watch r-2
    p_background events watch r-2 -o jsonl
    p approve r-2 --yes --as ana -q
    p approve r-2 --yes --as bo -q
    ends watcher 0
    ends events 0
    grep -q 'gate.opened' "$D/watcher.out"
    [[ $(jq -r .kind "$D/events.out" | head -n 1) == release.planned ]]
    [[ $(jq -r .kind "$D/events.out" | tail -n 1) == release.ended ]]
    run p logs r-2 runner
    assert_line --partial 'release.ended'
    take_down
}

@test "the environment of a detached release is its starter's, and its answer is a document" {
    gated
    run --separate-stderr p release prod --yes --detach -o json
    assert_success
    [[ $(jq -r '[.kind, .release, .environment] | @tsv' <<<"$output") == $'detached\tr-2\tprod' ]]
    kill -0 "$(jq .pid <<<"$output")"
    p abort r-2 --yes -q || true
    take_down
}

@test "Ctrl-C and --timeout stop gently: traffic stays, and resume goes on" {
    steps='[{share: 50%, hold: 30s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    p_background release release prod --yes
    await 20 state_is r-2 running
    await 20 share_is r-2 "$(unit_of r-2)" 5000
    kill -INT "$release_pid"
    ends release 130
    grep -q 'stopped; release r-2 stays as it is, traffic too, and can be resumed' "$D/release.err"
    grep -qE 'resume r-2 +no runner is alive' "$D/release.err"
    [[ $(show r-2 '[.release.state, .runner_alive, .waiting.kind] | @tsv') == $'running\tfalse\trunner' ]]
    [[ $(share_of r-2 "$(unit_of r-2)") == 5000 ]]
    run p resume --timeout 500ms
    assert_failure 8
    assert_line 'the time is over; release r-2 stays as it is, traffic too, and can be resumed'
    p_background again resume
    sleep 1
    kill -TERM "$again_pid"
    ends again 143
    run p rollback r-2 --yes -q
    assert_failure 6
    take_down
}

@test "a failure shows its cause, the last lines and the last answer; a held release is retried" {
    on_failure=hold
    checks='[{name: flag, command: [sh, -c, "echo checking the flag; test -e '"$D"'/flag"], attempts: 1}]'
    project
    touch "$D/flag"
    first_release
    rm "$D/flag"
    commit 2.0.0
    run p release prod --yes
    assert_failure 1
    assert_line --partial 'error[E0703]'
    assert_line --partial '    | checking the flag'
    run p show r-2
    assert_line --regexp '^held for '
    [[ $(show r-2 '.failures[0] | [.stage, .code, .log.lines[-1]] | @tsv') == $'validate\tE0703\tchecking the flag' ]]
    run p watch r-2
    assert_failure 1
    run p retry r-2 -q
    assert_failure 1
    touch "$D/flag"
    run p retry r-2
    assert_success
    run p retry r-2
    assert_failure 7
    take_down
}

@test "logs are found by instance, by stage and by part of a name" {
    project
    first_release
    run p logs r-1
    assert_success
    assert_line --regexp '^==> prod-.*west\.1 <==$'
    run p logs prod west.1 --lines 1
    assert_success
    [[ ${#lines[@]} == 1 ]]
    [[ $(p logs r-1 build -o json | jq -r '.logs | length') -ge 1 ]]
    run p logs r-1 nowhere
    assert_failure 1
    assert_line "error[E0302]: r-1 has no log of 'nowhere'"
    run p logs r-1 -n zero
    assert_failure 2
    take_down
}

@test "status, history and audit of a finished release" {
    project
    first_release
    run --separate-stderr p status
    assert_success
    assert_line --index 0 --regexp '^prod  live prod-.*-1 \([0-9a-f]{7}\)$'
    assert_line --index 1 --partial 'last release r-1 succeeded'
    run p history --limit 1
    assert_success
    assert_line --regexp '^✓  r-1 +prod +[0-9a-f]{7} +succeeded '
    [[ $(p history -o jsonl | jq -r .id) == r-1 ]]
    run p audit verify
    assert_success
    assert_line --regexp '^✓ the chain of the journal is whole: [0-9]+ rows$'
    run p show r-9
    assert_failure 1
    assert_line --partial "there is no release 'r-9'"
    run p plan prod --detailed-exitcode -q
    assert_success
    take_down
}

@test "on a terminal the block is drawn over itself, and the questions are asked there" {
    command -v script >/dev/null || skip 'no script(1) to make a terminal with'
    gated
    printf 'y\n' | TERM=xterm timeout 60 script -qec "'$PENSTOCK' -C '$REPO' release prod --until-gate" "$D/typescript" \
        >"$D/terminal.out" 2>&1 || [[ $? == 8 ]]
    grep -q 'release [0-9a-f]\{7\} to prod as r-2?.*\[y/N\]' "$D/terminal.out"
    grep -q $'\e\\[[0-9]*A\e\\[J' "$D/terminal.out"
    grep -q 'traffic app' "$D/terminal.out"
    grep -q '1/\|2/\|3/' "$D/terminal.out"
    run p abort r-2 --yes -q
    take_down
}

@test "a person without a terminal is never asked, whatever the command" {
    at_gate
    for command in 'approve r-2 --as ana' 'reject r-2 --as ana' 'abort r-2' 'rollback r-2' 'destroy prod'; do
        # shellcheck disable=SC2086 # words on purpose
        run p $command
        assert_failure
        [[ $status == 2 || $status == 7 ]] || fail "$command ended with $status"
    done
    [[ $(show r-2 '.decisions | length') == 0 ]]
    run p abort r-2 --yes -q
    take_down
}
