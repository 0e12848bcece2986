#!/usr/bin/env bats
# A new version that is not fit takes nothing with it: the old unit keeps or gets back its traffic, untouched.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup() { scenario_setup; }
teardown() { scenario_teardown; }

# The first version serves, with people in it; what may not change is noted down.
old_version_serves()
{
    project
    first_release
    old_unit=$(unit_of r-1) old=$(pids_of r-1 new)
    client --rate 50 --rooms 2 --recordings 1 --room-ms 1000
    await 10 client_has_rooms 1
}

# The old unit is what it was: the same processes, all of the traffic; the new one is gone, its people lost nothing.
nothing_was_touched()
{
    client_ends
    verify
    [[ $client_status == 0 ]] || fail "the client saw failures: $(cat "$D/client.status")"
    # shellcheck disable=SC2086 # words on purpose: process ids
    alive $old || fail "an old instance is gone: $old"
    old_unit_serves_alone
    take_down
}

old_unit_serves_alone()
{
    local servers

    assert_equal "$(share_of r-2 "$old_unit")" 10000
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 1.0.0
    assert_equal "$(show r-2 '[.stamps[] | select(.side == "new") | .instances[].state] | unique | join(" ")')" destroyed
    servers=$(haproxy_says 'show servers state app' | awk 'NF > 10 && $1 != "#" { print $4 }')
    assert_equal "$servers" "$old_unit.west.1"
    [[ ! -e $REPO/.penstock/units/$(unit_of r-2) ]]
}

# refused SWITCH: the second release with that switch ends rolled back; what it said is in $D/second.out.
refused()
{
    misbehave=$1
    pipeline
    commit 2.0.0
    p_background second release prod --yes
    ends second 6
    assert_equal "$(end_of r-2)" rolled_back
    p show r-2 -o json | assert_fits_schema
    new=$(show r-2 '.stamps[] | select(.side == "new") | .instances[0].name')
}

# env_of VALUE: where the service gets a variable from, in a new commit.
env_of()
{
    pipeline
    sed -i "s|  env: {.*|  env: {KEY: $1}|" "$REPO/pipelines/prod.yaml"
    commit "1.0.$((++version))"
}

@test "a value of the environment that is not there, or is no text: rolled back before anything is started" {
    version=0
    project
    env_of '{from_env: SCENARIO_KEY}'
    run p release prod --yes
    assert_failure 6
    assert_line --partial "variable 'SCENARIO_KEY' for 'KEY' is not set"
    assert_line --partial 'set it where penstock is started'
    SCENARIO_KEY=$'caf\xe9' run p release prod --yes
    assert_failure 6
    assert_line --partial "the value of 'KEY' is no UTF-8 text"
    env_of "{from_file: $D/key}"
    run p release prod --yes
    assert_failure 6
    assert_line --partial "while reading the value of 'KEY': cannot open '$D/key': No such file or directory"
    printf 'two\0words\n' >"$D/key"
    run p release prod --yes
    assert_failure 6
    assert_line --partial "the value of 'KEY' is no UTF-8 text"
    assert_equal "$(show r-4 '[.stamps[].instances[].pid | values] | length')" 0
}

# bats test_tags=fast
@test "the new version never gets healthy: rolled back, with its last answer and the end of its log" {
    health='{get: /health, every: 100ms, timeout: 400ms, healthy: 2, unhealthy: 3, start: 1s}'
    old_version_serves
    refused never-healthy

    assert_says "$D/second.out" "error[E0702]: instance '$new' was not healthy within 1s"
    assert_says "$D/second.out" 'step    '"$new"' is healthy (stage deploy, attempt 1)'
    assert_says "$D/second.out" '| it answered with status 503'
    assert_says "$D/second.out" "help    penstock -C $REPO logs r-2 $new"
    grep -q '| [0-9]* event=started version=2.0.0 ' "$D/second.out"
    grep -qE ' -C .* show r-2 +why it ended so$' "$D/second.err"
    assert_equal "$(show r-2 '.failures[0].code')" E0702
    nothing_was_touched
}

@test "the new version ends at its start: rolled back at once, with the end of its log" {
    health='{get: /health, every: 100ms, timeout: 400ms, healthy: 2, unhealthy: 3, start: 60s}'
    old_version_serves
    SECONDS=0
    refused crash-at-start

    ((SECONDS < 20)) || fail "it took $SECONDS s: a dead process needs no timeout"
    assert_says "$D/second.out" "error[E0702]: instance '$new' ended right after its start"
    # Once, as what it is: it never answered anything.
    run grep -c '| [0-9]* event=crash' "$D/second.out"
    assert_output 1
    run grep -E '^  (answer|help) ' "$D/second.out"
    assert_output ''
    assert_equal "$(show r-2 .failures[0].health)" null
    # What was just shown is not advised.
    run p show r-2
    assert_line --regexp ' logs r-2 +the last lines of its logs$'
    refute_line --partial 'why it ended so'
    nothing_was_touched
}

@test "the new version never answers its health question: rolled back" {
    health='{get: /health, every: 100ms, timeout: 300ms, healthy: 2, unhealthy: 3, start: 1s}'
    old_version_serves
    refused hang

    assert_says "$D/second.out" "error[E0702]: instance '$new' was not healthy within 1s"
    assert_says "$D/second.out" '| it did not answer in time'
    nothing_was_touched
}

@test "the new version fails its smoke check: rolled back before it had any traffic" {
    old_version_serves
    refused smoke-fail

    assert_says "$D/second.out" "error[E0703]: 'GET /smoke' of '$new' answered with status 500, not 200"
    assert_says "$D/second.out" "step    check smoke on $new (stage validate, attempt 2)"
    grep -q '| {"version":"2.0.0",.*"error":"smoke-fail"}' "$D/second.out"
    assert_equal "$(show r-2 '.failures[0].stage')" validate
    assert_equal "$(events r-2 step.done | jq -r 'select(.title | test("% of new traffic to")) | .title')" ''
    assert_equal "$(client_says 'by_version["2.0.0"] // 0')" 0
    nothing_was_touched
}

@test "the new version dies in the middle of the shift: traffic off it, rolled back" {
    steps='[{share: 50%, hold: 20s}, {share: 100%}]'
    prober=
    old_version_serves
    # People whose request was inside the dying instance are lost; that is not what this test counts.
    client_ends
    refused crash-after=1500

    grep -qE "instance\.lost +$new ended without being asked" "$D/second.out"
    assert_says "$D/second.out" "error[E0702]: instance '$new' ended without being asked"
    # shellcheck disable=SC2086
    alive $old
    old_unit_serves_alone
    take_down
}

# turns_bad SWITCH: of the new instance, while it has half of the traffic.
turns_bad()
{
    steps='[{share: 50%, hold: 20s}, {share: 100%}]'
    old_version_serves
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is prod "$(unit_of prod)" 5000
    sleep 0.3
    misbehave_now "$(address_of prod new)" "$1"
}

@test "the new version gets sick in the middle of the shift: rolled back" {
    turns_bad never-healthy
    ends second 6

    new=$(show r-2 '.stamps[] | select(.side == "new") | .instances[0].name')
    grep -qE "instance\.sick +$new is not healthy: it answered with status 503" "$D/second.out"
    assert_says "$D/second.out" "error[E0702]: $new is not healthy: it answered with status 503"
    assert_says "$D/second.out" '| it answered with status 503'
    grep -q '| [0-9]* event=misbehave' "$D/second.out"
    p show r-2 -o json | assert_fits_schema
    assert_equal "$(end_of r-2)" rolled_back
    nothing_was_touched
}

@test "the engine's own client sees failures: rolled back" {
    prober='{get: /smoke, every: 20ms, max_failed: 2}'
    turns_bad smoke-fail
    ends second 6

    grep -qE 'release\.turned +the prober saw [3-9] failed requests, more than 2' "$D/second.out" ||
        fail "$(cat "$D/second.out")"
    assert_equal "$(end_of r-2)" rolled_back
    [[ $(show r-2 .prober.failed) -ge 3 ]]
    nothing_was_touched
}

@test "a watched number rises above its limit: rolled back" {
    watch='[{probe: rooms, max: 0, failures: 2, every: 200ms}]'
    steps='[{share: 50%, hold: 20s}, {share: 100%}]'
    project
    first_release
    old_unit=$(unit_of r-1) old=$(pids_of r-1 new)
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is prod "$(unit_of prod)" 5000
    # Straight to the new one, so that it is certain where they land.
    URL="http://$(address_of prod new)" client --rate 0 --rooms 2 --room-ms 0

    await 10 event_there r-2 release.turned ', the limit is 0'
    # It goes back, and waits for the people that are on the new version.
    sleep 1
    # shellcheck disable=SC2046
    alive $(pids_of r-2 new)
    touch "$D/rooms.stop"
    ends second 6
    client_ends
    # shellcheck disable=SC2086
    alive $old
    old_unit_serves_alone
    take_down
}

@test "on_failure hold: held where it is, and a person takes it back" {
    on_failure=hold
    health='{get: /health, every: 100ms, timeout: 400ms, healthy: 2, unhealthy: 3, start: 1s}'
    old_version_serves
    misbehave=never-healthy
    pipeline
    commit 2.0.0
    p_background second release prod --yes
    ends second 1

    assert_equal "$(state_of r-2)" held
    assert_equal "$(share_of r-2 "$old_unit")" 10000
    new=$(show r-2 '.stamps[] | select(.side == "new") | .instances[0].name')
    assert_says "$D/second.out" "error[E0702]: instance '$new' was not healthy within 1s"
    grep -qE ' -C .* rollback r-2 +give the traffic back to the old unit$' "$D/second.err"
    # shellcheck disable=SC2046
    alive $(pids_of r-2 new)
    p show r-2 -o json | assert_fits_schema
    run p rollback r-2 --yes -m 'not today'
    assert_failure 6
    assert_line --partial "rolled back by $requester"
    assert_equal "$(end_of r-2)" rolled_back
    assert_equal "$(show r-2 '.decisions[] | [.decision, .person, .comment] | @json')" "[\"rollback\",\"$requester\",\"not today\"]"
    nothing_was_touched
}

@test "a person takes a release back in the middle of its shift" {
    steps='[{share: 50%, hold: 30s}, {share: 100%}]'
    old_version_serves
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is prod "$(unit_of prod)" 5000

    run p rollback r-2 --yes -m 'error rate'
    assert_failure 6
    ends second 6
    assert_equal "$(end_of r-2)" rolled_back
    nothing_was_touched
}

@test "a person aborts and keeps the new unit to look at; destroy takes it later" {
    steps='[{share: 50%, hold: 30s}, {share: 100%}]'
    old_version_serves
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is prod "$(unit_of prod)" 5000
    new_unit=$(unit_of prod)

    run p abort r-2 --keep --yes -m 'let me look'
    assert_failure 5
    ends second 5
    assert_equal "$(end_of r-2)" aborted
    assert_equal "$(share_of r-2 "$old_unit")" 10000
    # shellcheck disable=SC2046
    alive $(pids_of r-2 new)
    commit 3.0.0
    run p release prod --yes
    assert_failure 3
    assert_line --partial "environment 'prod' still has 1 instance of unit '$new_unit'"
    assert_line "  = help: penstock -C $REPO destroy $new_unit"
    run p destroy "$new_unit" --yes
    assert_success
    nothing_was_touched
}

@test "the old instance dies in the middle of the shift: held, traffic is not given to nobody" {
    steps='[{share: 50%, hold: 20s}, {share: 100%}]'
    project
    first_release
    old=$(pids_of r-1 new)
    instance=$(show r-1 '.stamps[0].instances[0].name')
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is prod "$(unit_of prod)" 5000
    kill -KILL "$old"

    ends second 1
    assert_equal "$(state_of r-2)" held
    grep -qE "instance\.lost +$instance ended without being asked" "$D/second.out"
    # The front door finds the living one.
    await 5 answers
    # shellcheck disable=SC2046
    alive $(pids_of r-2 new)
}
