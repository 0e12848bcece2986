#!/usr/bin/env bats
# A first release and a second one under load: nothing fails, nothing is lost, nothing is left behind.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup() { scenario_setup; }
teardown() { scenario_teardown; }

# The service is built from its sources, as a real project would.
with_sources()
{
    local file

    mkdir -p "$REPO"
    for file in "$BATS_TEST_DIRNAME"/../fixtures/rooms/{Makefile,*.[ch]}; do
        [[ ${file##*/} == client* || ${file##*/} == verify* ]] || cp "$file" "$REPO"
    done
    build='[sh, -c, "make service OUT=$$0 && cp VERSION $$0", "${unit.out}"]'
}

@test "two releases under load: no request failed, no room or recording was lost, nothing is left" {
    regions='west, north'
    with_sources
    steps='[{share: 5%, hold: 400ms}, {share: 50%, hold: 400ms}, {share: 100%, hold: 400ms}]'
    project
    first_release
    client --rate 100 --rooms 6 --recordings 3 --room-ms 2000
    await 10 client_has_rooms 4
    commit 2.0.0

    run p release prod --yes
    assert_success
    assert_line --partial 'release.ended     every step is done'
    sleep 0.5
    client_ends
    verify

    assert_equal "$(end_of r-2)" succeeded
    assert_equal "$client_status" 0
    assert_equal "$(client_says failed)" 0
    assert_equal "$(client_says rooms_lost)" 0
    assert_equal "$(client_says rooms_refused)" 0
    assert_equal "$(jq -c '[.requests.failed, .requests.unanswered, .rooms.lost, .recordings.lost, .server_lost]' <<<"$verified")" \
        '[0,0,0,0,0]'
    [[ $(client_says 'by_version["1.0.0"]') -gt 0 && $(client_says 'by_version["2.0.0"]') -gt 0 ]]
    # What penstock itself saw and counted agrees.
    assert_equal "$(show r-2 '.prober.failed')" 0
    [[ $(show r-2 '.prober.sent') -gt 30 ]]
    assert_equal "$(show r-2 '.drain | [.rooms, .recordings][] | [.seen == .ended, .forced, .lost, .left] | @json' | sort -u)" \
        '[true,0,0,0]'
    [[ $(show r-2 '.drain.rooms.seen') -gt 0 ]]
    assert_equal "$(share_of r-2 "$(unit_of r-2)")" 10000
    p show r-2 -o json | assert_fits_schema
    run p audit verify
    assert_success
    take_down
}

# bats test_tags=fast
@test "a release to an empty environment, a second one, and the end of both" {
    local old

    project
    run p release prod --yes
    assert_success
    assert_line --partial 'old unit  none: a first release.'
    old=$(pids_of r-1 new)
    p show prod -o json | assert_fits_schema
    commit 2.0.0

    run p release prod --yes
    assert_success
    is_gone "$old"
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 2.0.0
    run p status prod
    assert_output --partial "live $(unit_of r-2)"
    run p history prod -o json
    assert_success
    assert_equal "$(jq -c '[.releases[] | [.id, .end]]' <<<"$output")" '[["r-2","succeeded"],["r-1","succeeded"]]'
    take_down
    p show prod -o json | assert_fits_schema
}

@test "an ordinary user can do all of it" {
    local user=nobody

    [[ $(id -u) == 0 ]] || skip 'this user is an ordinary one already: every other test shows it'
    command -v runuser >/dev/null || skip 'THERE IS NO runuser: not tried as an ordinary user'
    mkdir "$D/bin"
    cp "$PENSTOCK" "$D/bin/penstock"
    cp "$PENSTOCK_FIXTURES"/rooms "$PENSTOCK_FIXTURES"/rooms-client "$PENSTOCK_FIXTURES"/rooms-verify "$D/bin"
    cat >"$D/bin/as-nobody" <<END
#!/bin/sh
exec runuser -u $user -- "$D/bin/penstock" "\$@"
END
    chmod -R a+rX,a+x "$D/bin"
    PENSTOCK=$D/bin/as-nobody PENSTOCK_FIXTURES=$D/bin
    project
    chown -R $user "$D"

    first_release
    client --rate 50 --rooms 2 --recordings 1 --room-ms 1000
    await 10 client_has_rooms 1
    echo 2.0.0 >"$REPO/VERSION"
    runuser -u $user -- git -C "$REPO" commit -qam 'rooms 2.0.0'
    run p release prod --yes
    assert_success
    client_ends
    verify
    assert_equal "$(show r-2 .release.requester)" nobody
    assert_equal "$(ps -o user= -p "$(pids_of r-2 new)")" nobody
    assert_equal "$(ps -o user= -p "$(door_pid)")" nobody
    take_down
}
