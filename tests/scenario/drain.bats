#!/usr/bin/env bats
# An old stamp is never destroyed while anything of value is on it, nor while nobody can say whether there is.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup()
{
    scenario_setup
    steps='[{share: 100%}]'
}
teardown() { scenario_teardown; }

# Several poll intervals later: the old instances live, the drain goes on, nothing of the destruction has begun.
still_waits()
{
    sleep 1.5
    # shellcheck disable=SC2086 # words on purpose: process ids
    alive $old || fail "an old instance is gone: $old"
    # Waiting: a drain that is overdue waits for people.
    assert_regex "$(state_of r-2) $(stage_state r-2 drain)" '^(running running|waiting waiting)$'
    assert_equal "$(stage_state r-2 destroy)" pending
    assert_equal "$(show r-2 .release.pivot)" false
    drain_runs r-2
}

# What the last sample of the drain said about an answer that was none.
why_is() { [[ $(events r-2 drain.sampled | tail -n 1 | jq -r .body.why) == "$1" ]]; }
left_is() { [[ $(show r-2 ".drain.$1.left") == "$2" ]]; }

# The release goes to its end by itself.
finishes()
{
    ends second 0
    assert_equal "$(end_of r-2)" succeeded
    # shellcheck disable=SC2086
    ! alive $old || fail "an old instance still runs: $old"
}

# misbehaves SWITCH WORDS: the answer to the drain's question is no answer; it says so in these words.
misbehaves()
{
    project
    first_release
    old=$(pids_of r-1 new) old_address=$(address_of r-1 new)
    commit 2.0.0
    misbehave_now "$old_address" "$1"
    released_until_drain

    still_waits
    assert_equal "$(show r-2 .drain.rooms.left)" null
    await 5 why_is "$2"
    run p show r-2
    assert_line --partial 'rooms       unknown'
    misbehave_now "$old_address" none
    finishes
}

# bats test_tags=fast
@test "rooms are open and recordings run: the old stamp stays until the last one has ended" {
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 20 --rooms 3 --recordings 1 --room-ms 0
    await 10 client_has_rooms 3
    commit 2.0.0
    released_until_drain

    await 5 left_is rooms 3
    await 5 left_is recordings 1
    still_waits
    touch "$D/rooms.stop"
    finishes
    client_ends
    verify
    assert_equal "$client_status" 0
    assert_equal "$(show r-2 '.drain.rooms | [.seen, .ended, .forced, .lost, .left] | @json')" '[3,3,0,0,0]'
    assert_equal "$(show r-2 '.drain.recordings | [.seen, .ended, .forced, .lost, .left] | @json')" '[1,1,0,0,0]'
}

@test "a recording outlasts its room: the old stamp stays until it is complete" {
    local finished drained

    service_args=', --finish-ms, "2000"'
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 0 --rooms 1 --recordings 1 --room-ms 0
    await 10 client_has_rooms 1
    commit 2.0.0
    released_until_drain
    touch "$D/rooms.stop"

    finishes
    # The room was gone before its recording was complete, and the drain saw that.
    event_there r-2 drain.sampled 'recordings 1, rooms 0, '
    finished=$(awk '/ event=recording_finished / || $2 == "event=recording_finished" { print $1 }' \
        "$REPO"/.penstock/logs/r-1/*.west.1.log)
    drained=$(sqlite3 -readonly "$REPO/.penstock/record.db" \
        "SELECT ended_ms FROM step WHERE release = 'r-2' AND verb = 'drain.wait' AND track = 'forward'")
    ((drained > finished && finished > 0)) || fail "drained at $drained, the recording was complete at $finished"
    touch "$D/client.stop"
    wait "$client_pid" || true
    # No requests were sent, so the verifier's verdict would be void; its counts are not.
    run "$PENSTOCK_FIXTURES/rooms-verify" --client-ledger "$D/client.ledger" --store "$STORE"
    assert_equal "$(jq -c '[.recordings.seen, .recordings.ended, .recordings.lost, .rooms.lost, .server_lost]' <<<"$output")" \
        '[1,1,0,0,0]'
}

@test "the old instance answers 500: that is not zero" { misbehaves rooms-500 'it answered with status 500'; }

@test "the old instance answers something that is no JSON: that is not zero" { misbehaves rooms-badjson "the answer has no identity at '\$.boot'"; }

@test "the old instance leaves the numbers out: that is not zero" { misbehaves rooms-missing "the answer has no '\$.recordings.running'"; }

@test "the old instance does not answer: that is not zero" { misbehaves rooms-timeout 'it did not answer in time'; }

@test "one old instance of two answers 500: neither of them is destroyed" {
    instances=2
    project
    first_release
    old=$(pids_of r-1 new)
    old_address=$(address_of r-1 new | tail -n 1)
    commit 2.0.0
    misbehave_now "$old_address" rooms-500
    p_background second release prod --yes
    await 20 drain_runs r-2 1

    still_waits
    misbehave_now "$old_address" none
    finishes
}

@test "something new lands on an old stamp that drains: it is told, and waited for" {
    project
    first_release
    old=$(pids_of r-1 new) old_address=$(address_of r-1 new)
    client --rate 0 --rooms 1 --room-ms 0
    await 10 client_has_rooms 1
    commit 2.0.0
    released_until_drain
    await 5 left_is rooms 1

    # Past the front door: a client that still has the old address, and an instance that lets it in.
    post "$old_address" /drain '{"accept": true}' >/dev/null
    "$PENSTOCK_FIXTURES/rooms-client" --url "http://$old_address" --ledger "$D/direct.ledger" --rate 0 --rooms 1 \
        --room-ms 0 --until-file "$D/direct.stop" >"$D/direct.log" 2>&1 3>&- &
    direct_pid=$!
    await 5 event_there r-2 finding "something new landed on $(show r-1 '.stamps[0].instances[0].name') while it drains"
    left_is rooms 2
    touch "$D/rooms.stop"
    await 5 left_is rooms 1
    still_waits
    touch "$D/direct.stop"
    wait "$direct_pid" || true
    finishes
    assert_equal "$(show r-2 '.drain.rooms | [.seen, .ended, .lost, .left] | @json')" '[2,2,0,0]'
}

# lost_with_rooms: three rooms are open on an old instance that dies in the middle of its drain.
lost_with_rooms()
{
    project
    first_release
    old=$(pids_of r-1 new) old_address=$(address_of r-1 new)
    instance=$(show r-1 '.stamps[0].instances[0].name')
    client --rate 0 --rooms 3 --recordings 1 --room-ms 0 --no-reopen
    await 10 client_has_rooms 3
    commit 2.0.0
    released_until_drain
    await 5 left_is rooms 3
    kill -KILL "$old"
}

# The release is held; only the exact numbers, by a person with a reason, let it go on.
held_until_forced()
{
    ends second 1
    assert_equal "$(state_of r-2)" held
    assert_equal "$(show r-2 .release.pivot)" false
    assert_equal "$(stage_state r-2 destroy)" pending
    assert_equal "$(share_of r-2 "$(unit_of r-2)")" 10000
    # Whether the watch or the drain itself saw it first: three were there, and none of them ended well.
    assert_equal "$(show r-2 '.drain.rooms | [.seen, .ended, .forced, .lost + .left] | @json')" '[3,0,0,3]'

    run p approve r-2 --abandon rooms=2,recordings=1 -m 'nobody is in them' --yes
    assert_failure 7
    assert_line "error[E0303]: you give up rooms=2,recordings=1, but on $instance there are recordings=1,rooms=3"
    assert_line '  = help: look again, then state exactly what is there'
    run p approve r-2 --abandon rooms=3,recordings=1 --yes
    assert_failure 2
    assert_line 'error[E0101]: giving up work needs a reason'
    assert_equal "$(state_of r-2)" held

    run p approve r-2 --abandon rooms=3,recordings=1 -m 'they died with it' --yes
    assert_success
    assert_line --partial "r-2: force by $requester is in the record"
    run p resume r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
    assert_equal "$(show r-2 '.drain | [.rooms, .recordings][] | [.seen, .ended, .forced, .lost, .left] | @json')" \
        "$(printf '[3,0,0,3,0]\n[1,0,0,1,0]')"
    assert_equal "$(show r-2 '.decisions[] | [.decision, .person, .refused != null] | @json')" \
        "$(printf '["force","%s",true]\n["force","%s",false]' "$requester" "$requester")"
    p show r-2 -o json | assert_fits_schema
}

@test "the old instance dies with rooms on it: lost, held, and given up by a person's exact numbers only" {
    lost_with_rooms
    held_until_forced
}

@test "the old instance dies and another one answers at its address with zeros: lost, not drained" {
    lost_with_rooms
    # Whoever restarts it by hand means well; the rooms are gone all the same.
    wait_for 5 is_gone "$old"
    "$PENSTOCK_FIXTURES/rooms" --listen "$old_address" --data "$D/by-hand" --store "$STORE" >"$D/by-hand.log" 2>&1 3>&- &
    disown
    await 5 curl -fsS -o /dev/null "http://$old_address/rooms"
    held_until_forced
}

@test "the drain takes longer than its deadline: a person is asked, and gives up the exact number or waits" {
    deadline='{after: 1s, do: ask}'
    project
    first_release
    old=$(pids_of r-1 new)
    instance=$(show r-1 '.stamps[0].instances[0].name')
    client --rate 0 --rooms 2 --room-ms 0 --no-reopen
    await 10 client_has_rooms 2
    commit 2.0.0
    released_until_drain
    await 10 event_there r-2 drain.overdue "$instance is not empty after 1s: "

    sleep 1
    # shellcheck disable=SC2086
    alive $old
    assert_equal "$(show r-2 .waiting.kind)" overdue
    assert_equal "$(show r-2 '.waiting.left | @json')" '{"recordings":0,"rooms":2}'
    run p approve r-2 --abandon rooms=1,recordings=0 -m 'late' --yes
    assert_failure 7
    assert_line "error[E0303]: you give up rooms=1,recordings=0, but on $instance there are recordings=0,rooms=2"
    # shellcheck disable=SC2086
    alive $old
    run p approve r-2 --abandon rooms=2,recordings=0 -m 'agreed with the hosts' --yes
    assert_success
    finishes
    assert_equal "$(show r-2 '.drain.rooms | [.seen, .ended, .forced, .lost, .left] | @json')" '[2,0,2,0,0]'
}

@test "the drain's deadline says fail: held, and nothing is destroyed" {
    deadline='{after: 1s, do: fail}'
    on_failure=hold
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 0 --rooms 1 --room-ms 0
    await 10 client_has_rooms 1
    commit 2.0.0
    p_background second release prod --yes

    ends second 1
    assert_equal "$(state_of r-2)" held
    # shellcheck disable=SC2086
    alive $old
    grep -qF "is not empty after 1s: " "$D/second.out" || fail "$(cat "$D/second.out")"
    touch "$D/rooms.stop"
    await 5 client_has_no_rooms
    run p retry r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
}

client_has_no_rooms() { [[ $(client_says rooms_open) == 0 ]]; }

@test "the numbers were zero and become unknown: told as unknown, and not given up as zero" {
    settle='{samples: 2, over: 30s}'
    deadline='{after: 1s, do: ask}'
    project
    first_release
    old=$(pids_of r-1 new) old_address=$(address_of r-1 new)
    instance=$(show r-1 '.stamps[0].instances[0].name')
    commit 2.0.0
    released_until_drain
    await 5 left_is rooms 0
    misbehave_now "$old_address" rooms-500

    await 5 why_is 'it answered with status 500'
    left_is rooms null
    run p show r-2
    assert_line --partial 'rooms       unknown'
    await 5 event_there r-2 drain.overdue
    run p approve r-2 --abandon rooms=0,recordings=0 -m 'it was zero' --yes
    assert_failure 7
    assert_line "error[E0303]: you give up rooms=0,recordings=0, but on $instance there are recordings=unknown,rooms=unknown"
    still_waits
    run p approve r-2 --abandon rooms=unknown,recordings=unknown -m 'nobody can say; agreed' --yes
    assert_success
    finishes
}
