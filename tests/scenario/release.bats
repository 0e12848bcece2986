#!/usr/bin/env bats
# A first release and a second one under load: nothing fails, nothing is lost, nothing is left behind.

load lib/scenario

setup() { scenario_setup; }
teardown() { scenario_teardown; }

@test "two releases under load: no request failed, no room or recording was lost, nothing is left" {
    build='[sh, build.sh, "${unit.out}"]'
    project
    first_release
    client --rate 100 --rooms 4 --recordings 2 --room-ms 1500
    await 10 client_has_rooms 2
    commit 2.0.0

    run p release prod --yes
    assert_success
    client_ends
    verify
    echo "$verified" >&3
    p show prod >&3
    [[ $client_status == 0 ]]
    take_down
}
