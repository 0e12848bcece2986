#!/usr/bin/env bats
# What the world does to a release apart from its service and its front door: full disks, children that do not obey,
# files that were changed, records that were damaged, one region of two. tests/README.md has the whole list of faults.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup() { scenario_setup; }

teardown()
{
    scenario_teardown || true
    if mountpoint -q "$REPO/.penstock" 2>/dev/null; then
        umount -l "$REPO/.penstock"
        [[ -n ${SCENARIO_KEEP:-} ]] || rm -rf "$D"
    fi
}

old_version_serves()
{
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 50 --rooms 2 --recordings 1 --room-ms 1000
    await 10 client_has_rooms 1
}

nobody_lost_anything()
{
    client_ends
    verify
    [[ $client_status == 0 ]] || fail "the client saw failures: $(cat "$D/client.status")"
}

# ---------------------------------------------------------------------------------------------------------------------
# A full disk

# What penstock keeps is on a disk of its own, which can be filled.
small_disk()
{
    [[ $(id -u) == 0 ]] || skip 'ONLY ROOT CAN MOUNT A SMALL DISK: a full one is not tried here'
    mkdir -p "$REPO/.penstock"
    mount -t tmpfs -o size=48m,mode=700 none "$REPO/.penstock" || skip 'NO SMALL DISK CAN BE MOUNTED: a full one is not tried here'
}

fill_disk()
{
    cat /dev/zero >"$REPO/.penstock/ballast" 2>/dev/null || true
    [[ $(stat -f -c %a "$REPO/.penstock") == 0 ]] || fail 'the disk is not full'
}

free_disk() { rm "$REPO/.penstock/ballast"; }

# says_so NAME: that the disk is full, and what to do.
says_so()
{
    assert_says "$D/$1.err" "error[E0501]: cannot write to the record '$REPO/.penstock/record.db': the disk is full"
    assert_says "$D/$1.err" "= help: free some space where '$REPO/.penstock' is, then: penstock -C $REPO resume"
}

# stands_as_it_was WEIGHTS: traffic and processes are what they were, reading goes on, and acting is refused.
stands_as_it_was()
{
    # shellcheck disable=SC2086 # words on purpose: process ids
    alive $old
    assert_equal "$(haproxy_says 'show servers state app' | awk 'NF > 10 && $1 != "#" { print $8 }' | paste -sd ' ')" "$1"
    answers || fail 'the front door does not serve'
    run p status
    assert_success
    run p show r-2
    assert_success
    p_background full resume r-2
    ends full 1
    says_so full
}

@test "the disk is full in the middle of a hold: the engine stops and says so, traffic stays, with space it goes on" {
    steps='[{share: 50%, hold: 3s}, {share: 100%}]'
    small_disk
    old_version_serves
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is r-2 "$(unit_of prod)" 5000
    fill_disk

    ends second 1
    says_so second
    stands_as_it_was '1 1'
    free_disk
    run p resume r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
    nobody_lost_anything
    run p audit verify
    assert_success
    take_down
}

@test "the disk is full while a gate waits: an approval is refused whole, and counts once it can be written" {
    steps='[{share: 50%}, {share: 100%, gate: managers}]'
    small_disk
    old_version_serves
    commit 2.0.0
    p_background second release prod --yes
    await 20 stage_is r-2 shift waiting
    fill_disk

    p_background ana approve r-2 managers --as ana --yes
    ends ana 1
    says_so ana
    free_disk
    assert_equal "$(show r-2 '.decisions | length')" 0
    run p approve r-2 managers --as ana --yes
    assert_success
    # Whether the runner, too, had something to write while there was no space is a matter of moments.
    wait_for 10 is_gone "$second_pid" || true
    [[ $(state_of r-2) == ended ]] || p resume r-2 >"$D/resume.out" 2>&1 || fail "$(cat "$D/resume.out")"
    assert_equal "$(end_of r-2)" succeeded
    nobody_lost_anything
    take_down
}

@test "the disk is full while an old stamp drains: nothing is destroyed, with space the drain counts anew" {
    steps='[{share: 100%}]'
    small_disk
    project
    first_release
    old=$(pids_of r-1 new)
    client --rate 50 --rooms 1 --room-ms 0
    await 10 client_has_rooms 1
    commit 2.0.0
    released_until_drain
    fill_disk
    touch "$D/rooms.stop"

    ends second 1
    says_so second
    stands_as_it_was '0 1'
    assert_equal "$(show r-2 .release.pivot)" false
    free_disk
    run p resume r-2
    assert_success
    assert_equal "$(end_of r-2)" succeeded
    nobody_lost_anything
    assert_equal "$(show r-2 '.drain.rooms | [.seen, .ended, .lost, .left] | @json')" '[1,1,0,0]'
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# Children

# old_unit_is_untouched: the release that failed has left nothing.
old_unit_is_untouched()
{
    # shellcheck disable=SC2086
    alive $old
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 1.0.0
    assert_equal "$(share_of r-2 "$(unit_of r-1)")" 10000
    [[ ! -e $REPO/.penstock/units/$(unit_of r-2) ]]
    take_down
}

@test "a build does not end and ignores SIGTERM: killed after its time, with all that it began" {
    local pid

    build=$'[sh, build.sh, "${unit.out}"]\n  timeout: 1s'
    project
    first_release
    old=$(pids_of r-1 new)
    cat >"$REPO/build.sh" <<END
trap '' TERM
sh -c 'trap "" TERM; echo \$\$ >>"$D/pids"; sleep 300' &
echo \$\$ >>"$D/pids"
wait
END
    commit 2.0.0
    p_background second release prod --yes
    ends second 6

    assert_says "$D/second.out" "error[E0704]: command 'sh' did not end within 1s and was killed"
    [[ $(wc -l <"$D/pids") == 2 ]]
    while read -r pid; do
        ! alive "$pid" || fail "a process of the build is left: $pid"
    done <"$D/pids"
    old_unit_is_untouched
}

@test "a build says that it succeeded, but its artifact is not there: its word is not believed" {
    project
    first_release
    old=$(pids_of r-1 new)
    echo 'exit 0' >"$REPO/build.sh"
    commit 2.0.0
    p_background second release prod --yes
    ends second 6

    assert_says "$D/second.out" "error[E0401]: collecting the artifacts failed: the build left no artifact 'rooms'"
    old_unit_is_untouched
}

# A build that stays for ever the first time.
stays_at_first()
{
    cat >>"$REPO/build.sh" <<END
echo \$\$ >>"$D/builds"
[ \$(wc -l <"$D/builds") -gt 1 ] || sleep 300
END
}

@test "the runner is killed while its build runs: nothing begins beside the build; --takeover ends it" {
    local build_pid

    project
    first_release
    stays_at_first
    commit 2.0.0
    p_background second release prod --yes
    await 10 test -e "$D/builds"
    build_pid=$(<"$D/builds")
    kill -KILL "$second_pid"
    ends second 137

    p_background waiting resume r-2
    await 5 grep -q "its runner is gone, but a child it started still runs" "$D/waiting.out"
    sleep 1
    assert_equal "$(wc -l <"$D/builds")" 1
    alive "$build_pid" "$waiting_pid"
    kill -TERM "$waiting_pid"
    wait_for 5 is_gone "$waiting_pid" || fail 'who waits for the build cannot be ended'

    run p resume r-2 --takeover
    assert_success
    ! alive "$build_pid" || fail 'the build lives on'
    assert_equal "$(wc -l <"$D/builds")" 2
    assert_equal "$(end_of r-2)" succeeded
    take_down
}

@test "a build leaves a process of its own session behind: the next release waits for it" {
    local left

    project
    first_release
    cat >>"$REPO/build.sh" <<END
[ -e "$D/left" ] || setsid sh -c 'echo \$\$ >"$D/left"; exec sleep 300' &
while [ ! -s "$D/left" ]; do sleep 0.1; done
END
    commit 2.0.0
    p_background second release prod --yes
    ends second 0
    left=$(<"$D/left")
    alive "$left"

    commit 3.0.0
    p_background third release prod --yes
    await 10 grep -qF "its runner is gone, but a child it started still runs (pid $left)" "$D/third.out"
    kill -KILL "$left"
    ends third 0
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# The pipeline's file

@test "the pipeline is edited in the middle of a release: that release keeps the plan that was shown" {
    steps='[{share: 50%, hold: 2s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is r-2 "$(unit_of prod)" 5000
    printf 'pipeline: prod\nstages: [build, {shift: 7}]\n' >"$REPO/pipelines/prod.yaml"
    git -C "$REPO" commit -qam 'another pipeline'
    kill -KILL "$second_pid"
    ends second 137

    run p resume r-2
    assert_success
    assert_equal "$(show r-2 '[.stages[].name] | join(" ")')" 'build deploy validate shift drain destroy undo'
    assert_equal "$(events r-2 step.done | jq -r '.title | capture("app: (?<share>[0-9]+)% of new traffic").share' | paste -sd ' ')" \
        '50 100'
    run p release prod --yes
    assert_failure 3
    assert_line --regexp '^ *--> pipelines/prod.yaml:[0-9]+:[0-9]+$'
    pipeline
    take_down
}

# bats test_tags=fast
@test "a pipeline that unfolds to millions of values is refused at its place, at once" {
    local letter before=a

    project
    {
        echo 'a: &a [x, x, x, x, x, x, x, x, x]'
        for letter in b c d e f g h i; do
            echo "$letter: &$letter [*$before, *$before, *$before, *$before, *$before, *$before, *$before, *$before, *$before]"
            before=$letter
        done
    } >"$REPO/pipelines/prod.yaml"
    SECONDS=0
    run p plan prod
    assert_failure 1
    assert_line 'error[E0602]: too many values in this file, aliases written out; the limit is 100000'
    assert_line --regexp '^ *--> pipelines/prod.yaml:[0-9]+:[0-9]+$'
    ((SECONDS <= 2)) || fail "it took $SECONDS s"
}

# ---------------------------------------------------------------------------------------------------------------------
# The record

# stopped_in_the_shift: the release stands at 50 %, its runner has left.
stopped_in_the_shift()
{
    steps='[{share: 50%, hold: 3s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    await 20 share_is r-2 "$(unit_of prod)" 5000
    kill -TERM "$second_pid"
    ends second 143
    weights=$(haproxy_says 'show servers state app' | awk 'NF > 10 && $1 != "#" { print $4, $8 }')
}

# Nothing has acted on that record.
nothing_acted()
{
    assert_equal "$(haproxy_says 'show servers state app' | awk 'NF > 10 && $1 != "#" { print $4, $8 }')" "$weights"
    answers || fail 'the front door does not serve'
}

@test "a byte of the journal was changed: nothing acts on that record, and the row is named" {
    local row

    stopped_in_the_shift
    cp "$REPO/.penstock/record.db" "$D/good.db"
    row=$(sqlite3 "$REPO/.penstock/record.db" "SELECT seq FROM event WHERE release = 'r-2' AND kind = 'step.done' LIMIT 1")
    sqlite3 "$REPO/.penstock/record.db" "
        CREATE TEMP TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = 'event_no_update';
        DROP TRIGGER event_no_update;
        UPDATE event SET at_ms = at_ms + 1 WHERE seq = $row;"

    run p resume r-2
    assert_failure 1
    assert_line "error[E0502]: row $row of the record was changed: it does not match its hash"
    run p audit verify
    assert_failure 1
    assert_output --partial "row $row of the record was changed: it does not match its hash"
    nothing_acted

    rm -f "$REPO/.penstock"/record.db-*
    cp "$D/good.db" "$REPO/.penstock/record.db"
    run p resume r-2
    assert_success
    take_down
}

@test "the record is cut short: nothing acts on it" {
    stopped_in_the_shift
    cp "$REPO/.penstock/record.db" "$D/good.db"
    truncate -s -8192 "$REPO/.penstock/record.db"

    run p resume r-2
    assert_failure 1
    assert_output --partial 'error[E050'
    nothing_acted

    rm -f "$REPO/.penstock"/record.db-*
    cp "$D/good.db" "$REPO/.penstock/record.db"
    run p resume r-2
    assert_success
    take_down
}

@test "the record is an older copy: who serves is unknown to it, and keeps the traffic" {
    local serving

    steps='[{share: 100%}]'
    project
    first_release
    cp "$REPO/.penstock/record.db" "$D/older.db"
    commit 2.0.0
    p release prod --yes >"$D/second.out" 2>&1 || fail "$(cat "$D/second.out")"
    serving=$(unit_of r-2).west.1
    rm -f "$REPO/.penstock"/record.db*
    cp "$D/older.db" "$REPO/.penstock/record.db"
    client --rate 50
    commit 3.0.0

    p_background third release prod --yes
    ends third 1
    assert_equal "$(state_of r-2)" held
    event_there r-2 traffic.drifted \
        "the front door was changed by somebody else: $serving has weight 1, and this release does not know it"
    assert_equal "$(weight_of "$serving")" 1
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 2.0.0
    client_ends
    [[ $client_status == 0 ]] || fail "the client saw failures: $(cat "$D/client.status")"
    # Nothing is taken down: of these two records, each knows but a part of what stands.
}

# ---------------------------------------------------------------------------------------------------------------------
# The front door's socket

# Somebody sits between penstock and HAProxy's socket, and does what the file `mode` says: pass, garbage, silent, deaf
# (says yes to what would change something, and does not tell HAProxy).
sit_between()
{
    local sockets=$REPO/.penstock/doors/prod

    # At no moment nobody listens.
    ln "$sockets/admin.sock" "$sockets/real.sock"
    echo "$1" >"$D/mode"
    setsid perl -MSocket -e '
        chdir($ARGV[0]) or die; # the path of a socket is short
        $SIG{CHLD} = $SIG{PIPE} = "IGNORE";
        socket(my $door, AF_UNIX, SOCK_STREAM, 0) or die $!;
        bind($door, pack_sockaddr_un("between.sock")) and listen($door, 50) or die $!;
        rename("between.sock", "admin.sock") or die $!;
        while (1) {
            accept(my $caller, $door) or next;
            next if fork;
            open(my $file, "<", $ARGV[1]); chomp(my $mode = <$file>);
            sysread($caller, my $asked, 65536);
            if ($mode eq "silent") { sleep 60; exit }
            if ($mode eq "garbage") { syswrite($caller, "\x00\xff what?\n\n"); exit }
            if ($mode eq "deaf" && $asked =~ /set server|add server|del server|enable|disable/) { syswrite($caller, "\n"); exit }
            socket(my $real, AF_UNIX, SOCK_STREAM, 0) or exit;
            connect($real, pack_sockaddr_un("real.sock")) or exit;
            syswrite($real, $asked);
            syswrite($caller, $_) while sysread($real, $_, 65536);
            exit;
        }' "$sockets" "$D/mode" </dev/null >"$D/between.log" 2>&1 3>&- 4>&- &
    between=$!
    disown
    await 5 test ! "$sockets/admin.sock" -ef "$sockets/real.sock"
}

# nobody_between: HAProxy's own socket is back; what is under way with the other one is cut off.
nobody_between()
{
    kill -KILL -- -"$between" 2>/dev/null || true
    mv -f "$REPO/.penstock/doors/prod/real.sock" "$REPO/.penstock/doors/prod/admin.sock"
}

# troubled_by MODE WORDS: at the gate of the shift that happens to the socket, and the gate is opened. The next step fails in
# these words, or the watch says them before it begins; the weights are what they were. With the socket back the release
# succeeds.
troubled_by()
{
    local id new old

    commit "2.$RANDOM.0"
    p_background second release prod --yes
    await 20 stage_is prod shift waiting
    id=$(show prod .release.id)
    new=$(show "$id" '.stamps[] | select(.side == "new") | .instances[0].name')
    old=$(show "$id" '.stamps[] | select(.side == "old") | .instances[0].name')
    sit_between "$1"
    [[ $1 != refuse ]] || kill -KILL "$between"
    p approve "$id" managers --as ana --yes >"$D/approve.out" 2>&1 || fail "$(cat "$D/approve.out")"
    await 30 event_there "$id" '' "$2"
    assert_equal "$(haproxy_at_work "$new") $(haproxy_at_work "$old")" '1 3'
    answers || fail 'the front door does not serve'
    nobody_between
    wait_for 30 is_gone "$second_pid" || fail 'the release does not end'
    [[ $(state_of "$id") == ended ]] || p retry "$id" >"$D/retry.out" 2>&1 || fail "$(cat "$D/retry.out")"
    assert_equal "$(end_of "$id")" succeeded
    assert_equal "$(weight_of "$new")" 1
}

# The weight that HAProxy itself has, whoever sits before its socket.
haproxy_at_work()
{
    perl -MSocket -e '
        chdir($ARGV[0]) or die; socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un("real.sock")) or die $!;
        syswrite($s, "show servers state app\n"); print while <$s>;' "$REPO/.penstock/doors/prod" |
        awk -v name="$1" '$4 == name { print $8 }'
}

@test "the front door's socket refuses, is silent, talks garbage, or says yes and does nothing: no step is taken for done" {
    on_failure=hold
    steps='[{share: 25%, hold: 100ms}, {share: 100%, gate: managers, hold: 100ms}]'
    prober=
    project
    first_release
    troubled_by garbage "haproxy's answer ends in the middle"
    troubled_by refuse 'is not there: nobody listens'
    troubled_by silent 'did not answer in time'
    troubled_by deaf 'haproxy said yes but changed nothing'
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# One region of two

# two_regions LINE: both regions run the new version by a script; LINE is run in region north alone.
two_regions()
{
    regions='west, north'
    project
    first_release
    old=$(pids_of r-1 new)
    cat >"$REPO/build.sh" <<END
cp "$PENSTOCK_FIXTURES/rooms" "\$1/rooms.bin"
cp VERSION "\$1"
cat >"\$1/rooms" <<'SCRIPT'
#!/bin/sh
case "\$PENSTOCK_INSTANCE" in *.north.*) $1 ;; esac
exec ./rooms.bin "\$@"
SCRIPT
chmod 755 "\$1/rooms"
END
    commit 2.0.0
}

both_old_regions_serve()
{
    # shellcheck disable=SC2086
    alive $old
    assert_equal "$(show r-2 '[.stamps[] | select(.side == "new") | .instances[].state] | unique | join(" ")')" destroyed
    assert_equal "$(haproxy_says 'show servers state app' | awk 'NF > 10 && $1 != "#" { print $4, ($8 > 0) }' | sort)" \
        "$(printf '%s.north.1 1\n%s.west.1 1' "$(unit_of r-1)" "$(unit_of r-1)")"
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 1.0.0
}

@test "one region of two cannot start the new version: both keep the old one" {
    two_regions 'exit 9'
    p_background second release prod --yes
    ends second 6
    both_old_regions_serve
    take_down
}

@test "one region of two loses its new instance in the middle of the shift: both go back to the old one" {
    steps='[{share: 50%, hold: 20s}, {share: 100%}]'
    prober=
    two_regions :
    p_background second release prod --yes
    await 20 share_is r-2 "$(unit_of prod)" 5000
    kill -KILL "$(show r-2 '.stamps[] | select(.side == "new" and .region == "north") | .instances[0].pid')"
    ends second 6
    both_old_regions_serve
    take_down
}

@test "one region of two does not obey its stop: killed after its grace, and the other one ends as it should" {
    stop='{signal: TERM, grace: 1s}'
    regions='west, north'
    project
    first_release
    old=$(pids_of r-1 new)
    misbehave_now "$(show r-1 '.stamps[] | select(.region == "north") | .instances[0].address')" ignore-term
    commit 2.0.0
    run p release prod --yes
    assert_success
    # shellcheck disable=SC2086
    ! alive $old || fail "an old instance is left: $old"
    assert_equal "$(show r-2 '[.steps[] | select(.verb == "instance.kill" and .state == "done") | .target] | join(" ")')" \
        "$(unit_of r-1).north.1"
    take_down
}
