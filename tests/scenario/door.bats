#!/usr/bin/env bats
# A front door that forgets, dies, or is changed by somebody else: found, put right or asked about, and never papered
# over.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup()
{
    scenario_setup
    # The gate keeps the shift in its middle for as long as the test needs.
    steps='[{share: 25%, hold: 200ms}, {share: 100%, gate: managers, hold: 200ms}]'
    # What happens between the death of the front door and its return is not the new version's fault.
    prober='{get: /, every: 50ms, max_failed: 100000}'
}
teardown() { scenario_teardown; }

# in_the_shift: the second release stands at 25 %: weight 1 for the new instance, 3 for the old one.
in_the_shift()
{
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    await 20 stage_is r-2 shift waiting
    new=$(show r-2 '.stamps[] | select(.side == "new") | .instances[0].name')
    old=$(show r-2 '.stamps[] | select(.side == "old") | .instances[0].name')
    await 5 weight_is "$new" 1
    await 5 weight_is "$old" 3
    # The watch of the front door has looked at least once.
    sleep 1.2
}

# milliseconds_between KIND KIND: of their first events.
milliseconds_between()
{
    sqlite3 -readonly "$REPO/.penstock/record.db" "
        SELECT (SELECT min(at_ms) FROM event WHERE release = 'r-2' AND kind = '$2') -
               (SELECT min(at_ms) FROM event WHERE release = 'r-2' AND kind = '$1')"
}

# Each step of the shift was done, once, in the order of the ladder.
no_step_was_skipped()
{
    assert_equal "$(show r-2 '[.steps[] | select(.stage == "shift" and .track == "forward") | .state] | unique | join(" ")')" 'done'
    assert_equal "$(events r-2 step.done | jq -r '.title | capture("app: (?<share>[0-9]+)% of new traffic").share' | paste -sd ' ')" \
        '25 100'
}

second_succeeds()
{
    assert_equal "$(stage_state r-2 shift)" waiting
    p approve r-2 managers --as ana --yes >"$D/approve.out" 2>&1 || fail "$(cat "$D/approve.out")"
    ends second 0
    assert_equal "$(end_of r-2)" succeeded
    no_step_was_skipped
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 2.0.0
}

@test "the managed front door is killed in the middle of a shift: back within a tick, with the shares it had" {
    local killed

    in_the_shift
    door=$(door_pid)
    killed=$(date +%s%3N)
    kill -KILL "$door"

    await 5 answers
    (($(date +%s%3N) - killed < 4000)) || fail 'it took longer than four seconds'
    await 5 event_there r-2 traffic.repaired 'the front door shows again what was asked for'
    event_there r-2 traffic.drifted 'the front door is gone: '
    (($(milliseconds_between traffic.drifted traffic.repaired) < 2000)) || fail 'the repair took longer than 2 s'
    [[ $(door_pid) != "$door" ]]
    assert_equal "$(weight_of "$new") $(weight_of "$old")" '1 3'
    second_succeeds
    take_down
}

@test "the managed front door is killed while an old stamp drains: the drain counts anew, nothing is destroyed early" {
    steps='[{share: 100%}]'
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 0 --rooms 1 --room-ms 0 --no-reopen
    await 10 client_has_rooms 1
    commit 2.0.0
    released_until_drain
    sleep 1.2
    kill -KILL "$(door_pid)"

    await 5 event_there r-2 traffic.repaired 'the front door shows again what was asked for'
    # Its people lost their connection with the door, and the service closed their room: only then does it go on.
    ends second 0
    assert_equal "$(end_of r-2)" succeeded
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 2.0.0
    is_gone "$old"
    client_ends
    take_down
}

# again_by_hand: what somebody does who finds HAProxy dead and knows its file. The runner stands still meanwhile, or it
# might be the first to start one.
again_by_hand()
{
    kill -STOP "$second_pid"
    kill -KILL "$(door_pid)"
    (cd "$REPO/.penstock/doors/prod" && exec haproxy -db -f "$REPO/.penstock/doors/prod/haproxy.cfg") \
        >"$D/by-hand.log" 2>&1 </dev/null 3>&- &
    by_hand=$!
    disown
    wait_for 5 answers
    kill -CONT "$second_pid"
}

@test "the front door is restarted by hand with its file: it comes back with its weights, and the release goes on" {
    in_the_shift
    again_by_hand

    await 6 event_there r-2 traffic.repaired
    assert_equal "$(weight_of "$new") $(weight_of "$old")" '1 3'
    second_succeeds
    assert_equal "$(door_pid)" "$by_hand"

    # It is not ours to end; the environment says so, and goes on when it is gone.
    run p destroy prod --confirm prod
    assert_failure 1
    assert_line "error[E0303]: the haproxy at '$REPO/.penstock/doors/prod/admin.sock' was started by somebody else, as process $by_hand"
    assert_line "  help    end it by hand, then go on: kill $by_hand"
    kill "$by_hand"
    await 5 is_gone "$by_hand"
    run p retry prod
    assert_success
    assert_nothing_left
}

@test "a weight is changed by hand: held as foreign, not overwritten, put back when a person says so" {
    in_the_shift
    haproxy_says "set server app/$new weight 7"

    ends second 1
    assert_equal "$(state_of r-2)" held
    assert_equal "$(show r-2 .why)" "somebody else changed the front door's weights"
    event_there r-2 traffic.drifted "the front door was changed by somebody else: $new has weight 7, not 1"
    sleep 1
    assert_equal "$(weight_of "$new") $(weight_of "$old")" '7 3'
    p show r-2 -o json | assert_fits_schema

    run p resume r-2
    assert_failure 1
    assert_equal "$(weight_of "$new") $(weight_of "$old")" '7 3'
    p_background second retry r-2
    await 5 weight_is "$new" 1
    event_there r-2 traffic.repaired 'the front door shows again what was asked for'
    second_succeeds
    take_down
}

@test "a server is deleted from the front door in the middle of a shift: found, and put back with its share" {
    in_the_shift
    haproxy_says "set server app/$new state maint; del server app/$new"

    await 5 event_there r-2 traffic.drifted "$new is not known to it"
    await 5 event_there r-2 traffic.repaired 'the front door shows again what was asked for'
    assert_equal "$(weight_of "$new") $(weight_of "$old")" '1 3'
    second_succeeds
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# An HAProxy that somebody else runs

# existing_haproxy [MODE [LINE]]: -W has a master with workers; the line is one more of its backend.
existing_haproxy()
{
    mkdir "$D/door"
    cat >"$D/door/haproxy.cfg" <<END
global
    stats socket $D/door/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    option idle-close-on-response
    option http-server-close
    option httpchk GET /health
frontend users
    bind 127.0.0.1:$PORT
    default_backend app
backend app
    balance roundrobin
    ${2:-}
END
    (cd "$D/door" && exec haproxy "${1:--db}" -f "$D/door/haproxy.cfg") >"$D/door/log" 2>&1 </dev/null 3>&- &
    door=$!
    disown
    wait_for 5 test -S "$D/door/admin.sock"
    traffic=$(printf 'socket: %s\n  url: %s' "$D/door/admin.sock" "$URL")
}

@test "an HAProxy that somebody else runs: two releases under load, and it outlives the environment" {
    steps='[{share: 25%, hold: 400ms}, {share: 100%, hold: 400ms}]'
    prober='{get: /, every: 20ms, max_failed: 0}'
    existing_haproxy
    project
    first_release
    client --rate 100 --rooms 4 --recordings 2 --room-ms 1000
    await 10 client_has_rooms 2
    commit 2.0.0
    run p release prod --yes
    assert_success
    client_ends
    verify

    assert_equal "$client_status" 0
    assert_equal "$(show r-2 .prober.failed)" 0
    take_down_but_the_door
    alive "$door"
    assert_equal "$(haproxy_says 'show servers state app' "$D/door" | awk 'NF > 10 && $1 != "#"')" ''
}

take_down_but_the_door()
{
    run p destroy prod --confirm prod
    assert_success
    assert_equal "$(own_processes)" "$door"
}

existing_pid() { haproxy_says 'show info' "$D/door" 2>/dev/null | sed -n 's/^Pid: //p'; }
has_new_worker() { [[ $(existing_pid) != "$1" && -n $(existing_pid) ]]; }
is_busy() { haproxy_says 'show stat app 4 -1' "$D/door" | cut -d , -f 5 | grep -qx 1; }

@test "an HAProxy is reloaded by its owner: its servers come back, and what its earlier process still serves is waited for" {
    local slow worker

    steps='[{share: 100%}]'
    prober=
    existing_haproxy -W
    project
    first_release
    curl -sS -o "$D/slow" -w '%{http_code}' "$URL/slow?ms=12000" >"$D/slow.code" 3>&- &
    slow=$!
    await 5 is_busy
    worker=$(existing_pid)
    kill -USR2 "$door"
    await 5 has_new_worker "$worker"
    run p doctor
    assert_failure 1
    assert_line "✗ front door of prod: HAProxy has nobody who serves pool 'app': it forgets servers when it is reloaded"
    assert_line '    penstock release prod'
    commit 2.0.0
    run p release prod --yes
    assert_success

    assert_equal "$(end_of r-2)" succeeded
    event_there r-2 traffic.repaired 'the front door shows again what was asked for'
    event_there r-2 drain.sampled "haproxy was reloaded, and its earlier process $worker still ends what it had"
    wait "$slow" || fail 'the request that was under way was lost'
    assert_equal "$(<"$D/slow.code")" 200
    assert_equal "$(jq -r .version "$D/slow")" 1.0.0
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 2.0.0
}

@test "somebody else's server is in the pool: held before it loses its users, and a rollback leaves it alone" {
    local port

    port=$(free_port)
    "$PENSTOCK_FIXTURES/rooms" --listen "127.0.0.1:$port" --data "$D/other" >"$D/other.log" 2>&1 3>&- &
    disown
    existing_haproxy -db "server legacy 127.0.0.1:$port weight 10"
    await 5 answers
    project
    p_background first release prod --yes
    ends first 1

    assert_equal "$(state_of r-1)" held
    event_there r-1 traffic.drifted 'legacy has weight 10, and this release does not know it'
    assert_equal "$(haproxy_says 'show servers state app' "$D/door" | awk '$4 == "legacy" { print $8 }')" 10
    run p rollback r-1 --yes
    assert_failure 6
    assert_equal "$(state_of r-1)" ended
    assert_equal "$(haproxy_says 'show servers state app' "$D/door" | awk '$4 == "legacy" { print $8 }')" 10
    answers
}

@test "an HAProxy without the pipeline's backend: refused before anything is started" {
    existing_haproxy
    sed -i 's/^backend app/backend other/; s/default_backend app/default_backend other/' "$D/door/haproxy.cfg"
    kill "$door"
    wait_for 5 is_gone "$door"
    rm -f "$D/door/admin.sock"
    (cd "$D/door" && exec haproxy -db -f "$D/door/haproxy.cfg") >"$D/door/log" 2>&1 </dev/null 3>&- &
    disown
    wait_for 5 test -S "$D/door/admin.sock"
    project

    run p release prod --yes
    assert_failure 6
    assert_line "error[E0302]: haproxy has no backend 'app'"
    assert_equal "$(show r-1 '[.stamps[].instances[].pid] | unique | @json')" '[null]'
}

@test "somebody else listens on the front door's address: refused, and nobody's traffic is taken" {
    "$PENSTOCK_FIXTURES/rooms" --listen "127.0.0.1:$PORT" --data "$D/other" >"$D/other.log" 2>&1 3>&- &
    disown
    wait_for 5 answers
    project

    run p release prod --yes
    assert_failure 6
    assert_line "error[E0303]: somebody else listens on the front door's address '127.0.0.1:$PORT'"
    assert_line "  help    find out who with 'ss -ltnp'; end it, or give the front door another bind"
    answers
}
