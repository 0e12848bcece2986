#!/usr/bin/env bats
# Asked to stop, a runner stops gently: traffic stays as it is, and the release goes on later as if nothing had been.
# And the end of an environment, which asks for its name.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup()
{
    scenario_setup
    steps='[{share: 50%, hold: 4s}, {share: 100%}]'
}
teardown() { scenario_teardown; }

in_the_shift()
{
    project
    first_release
    client --rate 50 --rooms 2 --recordings 1 --room-ms 800
    await 10 client_has_rooms 1
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is prod "$(unit_of prod)" 5000
}

# stopped_by SIGNAL STATUS: gently, and nothing moves.
stopped_by()
{
    processes=$(pids_of r-2 new) old=$(pids_of r-2 old)
    kill -s "$1" "$second_pid"
    ends second "$2"
    assert_says "$D/second.err" 'stopped; release r-2 stays as it is, traffic too, and can be resumed'
    grep -qE ' -C .* resume r-2 +no runner is alive: go on from the journal$' "$D/second.err" || fail "$(cat "$D/second.err")"
    event_there r-2 runner.stopped 'asked by a signal to leave'
    # The same processes, the same shares.
    # shellcheck disable=SC2086 # words on purpose: process ids
    alive $processes $old
    assert_equal "$(share_of r-2 "$(unit_of r-2)")" 5000
    assert_equal "$(show r-2 .runner_alive)" false
    answers
}

# It goes on as if nothing had been: each share once, nobody lost anything.
resumes()
{
    run p resume r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
    assert_equal "$(events r-2 step.done | jq -r 'select(.title | test("of new traffic")) | .title' | wc -l)" 2
    client_ends
    verify
    assert_equal "$client_status" 0
    take_down
}

# bats test_tags=fast
@test "Ctrl-C in the middle of a hold: it stops gently with 130, and resume finishes" {
    in_the_shift
    stopped_by INT 130
    resumes
}

stopped_at_the_gate_by()
{
    gates='managers: {people: [ana], approvals: 1, expires: 1h}'
    steps='[{share: 50%}, {share: 100%, gate: managers}]'
    in_the_shift
    await 10 stage_is r-2 shift waiting
    stopped_by "$1" "$2"
    p approve r-2 --as ana --yes >"$D/approve.out" 2>&1 || fail "$(cat "$D/approve.out")"
    resumes
}

@test "SIGTERM at a gate: it stops gently with 143, and resume finishes" { stopped_at_the_gate_by TERM 143; }

@test "the terminal is closed at a gate: it stops gently with 129, and resume finishes" { stopped_at_the_gate_by HUP 129; }

@test "SIGTERM in the middle of a build: the build may end, and is not done twice" {
    project
    first_release
    cat >>"$REPO/build.sh" <<END
echo built >>"$D/builds"
sleep 1.5
END
    commit 2.0.0
    p_background second release prod --yes
    await 10 test -e "$D/builds"
    kill -s TERM "$second_pid"

    ends second 143
    steps='[{share: 100%}]'
    run p resume r-2
    assert_success
    assert_equal "$(wc -l <"$D/builds")" 1
    take_down
}

@test "the time is over: --timeout stops gently with 8, and resume finishes" {
    steps='[{share: 50%, hold: 3s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0

    run p release prod --yes --timeout 2s
    assert_failure 8
    assert_line 'the time is over; release r-2 stays as it is, traffic too, and can be resumed'
    run p resume r-2
    assert_success
    take_down
}

@test "left behind: --detach returns, watch follows, Ctrl-C ends the watching only" {
    steps='[{share: 50%, hold: 3s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0

    run --separate-stderr p release prod --yes --detach -o json
    assert_success
    runner=$(jq -r .pid <<<"$output")
    alive "$runner"
    p_background watching watch r-2
    await 10 grep -q 'healthy time at 50%' "$D/watching.out"
    kill -s INT "$watching_pid"
    ends watching 130
    assert_says "$D/watching.err" 'not watching any more; nothing else has changed for release r-2'
    alive "$runner"
    run p watch r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
    await 5 is_gone "$runner"
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# The end of an environment

# bats test_tags=fast
@test "destroy of a whole environment wants its name, not only a yes" {
    project
    first_release
    old=$(pids_of r-1 new)

    run p destroy prod
    assert_failure 2
    assert_line 'error[E0101]: nobody can be asked: destroy everything of environment prod, with its front door?'
    assert_line '  = help: answer beforehand with --confirm prod'
    run p destroy prod --yes
    assert_failure 2
    run p destroy prod --confirm int
    assert_failure 2
    assert_line "error[E0101]: --confirm says 'int', but this is about 'prod'"
    alive "$old"
    answers
    run p destroy "$(unit_of r-1)" --yes
    assert_failure 4
    assert_line "error[E0301]: unit '$(unit_of r-1)' is the one that has the traffic"
    assert_line "  = help: to take the whole environment down: penstock -C $REPO destroy prod"
    alive "$old"

    at_terminal wrong destroy prod
    await 10 shows wrong "type 'prod' to go on: "
    types 'yes'
    ends wrong 0
    shows wrong 'nothing was done'
    alive "$old"
    at_terminal right destroy prod
    await 10 shows right "type 'prod' to go on: "
    types prod
    ends right 0
    assert_nothing_left
}

@test "destroy waits for what is on the stamps, as a release does" {
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 0 --rooms 2 --recordings 1 --room-ms 0
    await 10 client_has_rooms 2

    p_background destroy destroy prod --confirm prod
    await 10 drain_runs r-2
    sleep 1.5
    alive "$old"
    assert_equal "$(state_of r-2)" running
    touch "$D/rooms.stop"
    ends destroy 0
    client_ends
    assert_nothing_left
}

@test "all of it died while nobody looked: destroy asks what became of the work, and then nothing is left" {
    local died

    project
    first_release
    mapfile -t died < <(pids_of r-1 new)
    kill -KILL "${died[@]}" "$(door_pid)"
    run p destroy prod --confirm prod
    assert_failure 1
    event_there r-2 instance.lost "ended by itself or was replaced before it was drained"

    run p approve r-2 --abandon rooms=unknown,recordings=unknown --comment 'the machine was restarted' --yes
    assert_success
    run p resume r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
    assert_nothing_left
}

@test "a release that was stopped before anything stood is ended, and destroy leaves no file of it" {
    project
    first_release
    echo 'sleep 3' >>"$REPO/build.sh"
    commit 2.0.0
    p_background second release prod --yes
    await 10 event_there r-2 step.started 'build prod-'
    kill -s TERM "$second_pid"
    ends second 143

    run p abort r-2 --as-is --yes -m 'never mind'
    assert_failure 1
    assert_equal "$(end_of r-2)" failed
    take_down
}

@test "two units stand after an abort in the middle of a shift: destroy drains and takes both" {
    in_the_shift
    processes=$(pids_of r-2 new) old=$(pids_of r-2 old)
    run p abort r-2 --as-is --yes -m 'look at it tomorrow'
    assert_failure 1
    ends second 1
    client_ends
    # shellcheck disable=SC2086
    alive $processes $old
    assert_equal "$(share_of r-2 "$(unit_of r-2)")" 5000
    take_down
}

@test "the live unit died while nobody watched: what serves beside it is not destroyed" {
    in_the_shift
    processes=$(pids_of r-2 new) old=$(pids_of r-2 old)
    run p abort r-2 --as-is --yes -m 'look at it tomorrow'
    assert_failure 1
    ends second 1
    client_ends
    # shellcheck disable=SC2086
    kill -KILL $old
    gone=$(show r-1 '.stamps[0].instances[0].name')
    run p destroy "$(unit_of r-2)" --yes
    assert_failure 1
    assert_line "error[E0601]: 'GET /health' of '$gone' is not there: nobody listens"
    assert_line "  step    $gone, which stays, is healthy (stage check $(unit_of r-1), attempt 3)"
    # shellcheck disable=SC2086
    alive $processes
    await 5 answers
    run p abort r-3 --as-is --yes -m 'it serves'
    assert_failure 1
}

@test "the machine was restarted: all of it is dead, is given up by its exact numbers, and is released anew" {
    project
    first_release
    old=$(pids_of r-1 new)
    # shellcheck disable=SC2086
    kill -KILL $old "$(door_pid)"
    await 5 is_gone "$old"

    # Nobody can tell the dead instance to take nothing new, and that is no reason to stop there for ever.
    run p destroy prod --confirm prod
    assert_failure 1
    assert_line --regexp " approve r-2 --abandon recordings=unknown,rooms=unknown --instance $(unit_of r-1).west.1 --comment WHY   give up exactly what is left$"
    run p approve prod --abandon rooms=unknown,recordings=unknown --yes -m 'the machine was restarted'
    assert_success
    run p resume prod
    assert_success
    assert_nothing_left
    first_release
    answers
    take_down
}
