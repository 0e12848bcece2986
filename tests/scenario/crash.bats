#!/usr/bin/env bats
# The runner is killed with SIGKILL at every fault point that it passes: on both sides of each commit and of each effect.
# Whoever goes on must come to the ending of a release that nobody disturbed. Then two runners: one is stopped somewhere,
# another one takes over, and the first is continued. SAMPLE=n takes each n-th point only (make crash: 1). The program is
# the one with fault points, whatever flavour is tested.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup()
{
    [[ -x ${PENSTOCK_FAULTS:-}/penstock && -x $PENSTOCK_FAULTS/tests/crash/crash ]] ||
        fail 'no program with fault points: make FLAVOUR=faults crash-programs'
    PENSTOCK=$PENSTOCK_FAULTS/penstock
    scenario_setup
}
teardown() { scenario_teardown; }

sql() { sqlite3 -readonly "$REPO/.penstock/record.db" "$1"; }
newest() { sql 'SELECT id FROM release ORDER BY number DESC LIMIT 1'; }
has_ended() { [[ -n $(sql "SELECT end FROM release WHERE id = '$1' AND ended_ms > 0") ]]; }

# What a release came to, without names and numbers that differ from release to release.
shape_of()
{
    sql "
        SELECT s.ordinal, s.verb, s.state FROM step s WHERE s.release = '$1' ORDER BY s.ordinal;
        SELECT r.end, r.pivot FROM release r WHERE r.id = '$1';
        SELECT i.state, count(*) FROM instance i JOIN release r ON i.unit IN (r.unit, r.old_unit)
         WHERE r.id = '$1' GROUP BY 1 ORDER BY 1;
        SELECT pool, unit = (SELECT unit FROM release WHERE id = '$1'), basis_points FROM share ORDER BY 1, 2;
        SELECT 'unbalanced', * FROM drain
         WHERE release = '$1' AND (seen <> ended + forced + lost + coalesce(left, 0) OR forced + lost > 0);
        SELECT 'done', body ->> '\$.step', sum(CASE kind WHEN 'step.done' THEN 1 ELSE -1 END) FROM event
         WHERE kind IN ('step.done', 'step.renewed') AND release = '$1' GROUP BY 1, 2 ORDER BY 2;
        SELECT 'two outcomes', body ->> '\$.step', body ->> '\$.attempt' FROM event
         WHERE kind IN ('step.done', 'step.failed') AND release = '$1' GROUP BY 2, 3 HAVING count(*) > 1;"
}

# Each instance of the release was started once: its log begins once.
started_once()
{
    local log

    for log in "$REPO/.penstock/logs/$1/"*.west.*.log; do
        [[ $(grep -c ' event=started ' "$log") == 1 ]] || fail "$log has not exactly one start"
    done
}

# The processes that carry a mark of this record are those that the record has as running, and one front door.
assert_no_orphan()
{
    local record wanted found

    record=$(sql 'SELECT record FROM meta')
    wanted=$(sql "SELECT pid FROM instance WHERE state IN ('running', 'ready', 'draining', 'drained') ORDER BY pid")
    found=$(grep -lzE "^PENSTOCK_INSTANCE=$record/" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 | sort -n)
    [[ $wanted == "$found" ]] || fail "instances of the record: ${wanted//$'\n'/ }; processes: ${found//$'\n'/ }"
    answers || fail 'the front door does not serve'
}

# to_its_end NAME ARGUMENTS...: what a person does who finds it killed, until it has ended; sets $id.
to_its_end()
{
    local before=$1 round

    for round in 1 2 3 4 5; do
        id=$(newest)
        if [[ $id == "$before" ]]; then
            p release prod --yes >"$D/run.out" 2>&1 || fail "release ended with $?: $(tail "$D/run.out")"
        elif has_ended "$id"; then
            return
        else
            p resume "$id" >"$D/run.out" 2>&1 || fail "resume ended with $?: $(tail "$D/run.out")"
        fi
    done
    fail "$id does not end"
}

@test "commands, a gate, a rollback: every single kill, and pairs of kills, end as if nobody had disturbed" {
    run "$PENSTOCK_FAULTS/tests/crash/crash" --sample "${SAMPLE_FAST:-${SAMPLE:-6}}" "$PENSTOCK"
    assert_success
    printf '# %s\n' "${lines[@]}" >&3
}

@test "a whole release: killed once at every fault point, each instance is started once, and nothing is left over" {
    local SAMPLE=${SAMPLE:-18} wanted passes pass number=0 kills=0 missed=0 fault id before status
    local -A times=()

    steps='[{share: 50%, hold: 100ms}, {share: 100%, hold: 50ms}]'
    settle='{samples: 2, over: 100ms}'
    drain_every=50ms
    health='{get: /health, every: 50ms, timeout: 400ms, healthy: 1, unhealthy: 3, start: 5s}'
    project
    first_release
    commit 2.0.0
    PENSTOCK_FAULT=count:$D/passes p release prod --yes >"$D/second.out" 2>&1 ||
        fail "the undisturbed release failed: $(cat "$D/second.out")"
    wanted=$(shape_of "$(newest)")
    mapfile -t passes <"$D/passes"
    awk '/^commit[.]/ { open = $0 == "commit.before" } open && /^effect/ { exit 1 }' "$D/passes" ||
        fail 'an effect began before its intent was committed'

    for pass in "${passes[@]}"; do
        times[$pass]=$((${times[$pass]:-0} + 1))
        number=$((number + 1))
        ((number % SAMPLE == 0)) || continue
        fault=$pass:${times[$pass]}
        commit "3.$number.0"
        before=$(newest)
        status=0
        PENSTOCK_FAULT=$fault p release prod --yes >"$D/run.out" 2>&1 || status=$?
        case $status in
        137) kills=$((kills + 1)) ;;
        0) missed=$((missed + 1)) ;;
        *) fail "pass $number ($fault): release ended with $status: $(tail "$D/run.out")" ;;
        esac
        to_its_end "$before"
        [[ $(shape_of "$id") == "$wanted" ]] ||
            fail "pass $number ($fault): $id ended otherwise: $(diff <(echo "$wanted") <(shape_of "$id"))"
        started_once "$id"
        assert_no_orphan
    done

    echo "# ${#passes[@]} fault passes, $kills kills, $missed not reached" >&3
    ((kills > 0)) || fail 'nothing was killed'
    p audit verify >&3 || fail 'the chain is damaged'
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# Hotfixes

at() { git -C "$REPO" "$@"; }
hotfix() { p hotfix "$1" --onto release/1 --yes --until-gate; }

# release/1 is live, and has a lane for hotfixes.
lane()
{
    steps='[{share: 100%}]'
    until='{}'
    gates='on-call: {people: [bo], barred: [requester], expires: 1h}'
    project
    sed -i 's|^    allow_as: true|&\n    branches: ["release/*"]\n    hotfix: {gate: on-call}|' "$REPO/penstock.yaml"
    commit 1.0.1
    at branch release/1
    p release prod release/1 --yes >"$D/first.out" 2>&1 || fail "the first release failed: $(<"$D/first.out")"
}

# A fix on the trunk: sets fix, and before, where the branch is.
mend()
{
    echo "$1" >"$REPO/fix-$1"
    at add -A
    at commit -q -m "fix $1"
    fix=$(at rev-parse HEAD)
    before=$(at rev-parse release/1)
}

# opened FIX: its release waits at the gate: approved, it ends well, and the branch has the fix once.
opened()
{
    local id

    id=$(newest)
    p approve "$id" --as bo --yes >"$D/run.out" 2>&1 || fail "approve ended with $?: $(tail "$D/run.out")"
    p resume "$id" >"$D/run.out" 2>&1 || fail "resume ended with $?: $(tail "$D/run.out")"
    [[ $(at rev-list --count "$before..release/1") == 1 ]] || fail "the branch has: $(at log --oneline "$before..release/1")"
    [[ $(sql "SELECT r.commit_id, p.commit_id, p.source FROM release r JOIN pick p ON p.release = r.id WHERE r.id = '$id'") == \
        "$(at rev-parse release/1)|$(at rev-parse release/1)|$1" ]] || fail "$id is not the release of the pick of $1"
}

@test "a hotfix: killed at every fault point until its release has begun, the same command goes on; the branch has the fix once" {
    local fix before passes pass status number=0 moved=0
    local -A times=()

    lane
    mend 0
    PENSTOCK_FAULT=count:$D/passes hotfix "$fix" >"$D/run.out" 2>&1 && fail 'it did not wait at its gate'
    opened "$fix"
    # Two commits: the plan is in the record, then a runner has it.
    mapfile -t passes < <(awk '{ print } /^record[.]commit[.]after/ && ++n == 2 { exit }' "$D/passes")
    [[ " ${passes[*]} " == *' pick.before pick.after branch.before branch.after record.commit.before '* ]] ||
        fail "it passes ${passes[*]}"

    for pass in "${passes[@]}"; do
        times[$pass]=$((${times[$pass]:-0} + 1))
        number=$((number + 1))
        mend "$number"
        status=0
        PENSTOCK_FAULT=$pass:${times[$pass]} hotfix "$fix" >"$D/run.out" 2>&1 || status=$?
        ((status == 137)) || fail "pass $number ($pass): ended with $status: $(tail "$D/run.out")"
        [[ $(at rev-parse release/1) == "$before" ]] || moved=$((moved + 1))
        status=0
        hotfix "$fix" >"$D/run.out" 2>&1 || status=$?
        # Once its release has begun, that is live, and is taken up as any other.
        if ((status == 7)); then
            grep -q "has a live release: $(newest)" "$D/run.out" || fail "pass $number ($pass): $(tail "$D/run.out")"
            p resume "$(newest)" --until-gate >"$D/run.out" 2>&1 && fail 'it did not wait at its gate' || status=$?
        fi
        ((status == 8)) || fail "pass $number ($pass): the same command ended with $status: $(tail "$D/run.out")"
        opened "$fix"
    done

    echo "# ${#passes[@]} fault passes, $moved behind the branch" >&3
    at fsck --strict >"$D/fsck.out" 2>&1 || fail "$(<"$D/fsck.out")"
    p audit verify >&3 || fail 'the chain is damaged'
    take_down
}

# ---------------------------------------------------------------------------------------------------------------------
# Two runners

stands_still() { grep -q '^State:.T' "/proc/$1/status" 2>/dev/null; }

# second_stops_at KIND TEXT: at that row of the journal of the release that `second` runs.
second_stops_at()
{
    await 20 event_there "$id" "$1" "$2"
    kill -STOP "$second_pid"
    await 5 stands_still "$second_pid"
}

# What people do who read that an environment is held: they take the lock away. Only the epoch is left then.
take_the_lock_away() { rm "$REPO/.penstock/locks/prod.lock"; }

# fenced_out NAME: it was continued after another runner took over. It ends at once, says who has it, and has written
# nothing since: no row of its epoch behind the row with which the other one began.
fenced_out()
{
    local name=$1 pid old taken

    pid=${name}_pid
    pid=${!pid}
    ends "$name" 7
    grep -qE "^error\[E0304\]: environment 'prod' was taken over by release $id \(pid [0-9]+ of .+ on .+\)$" "$D/$name.err" ||
        fail "$name says: $(cat "$D/$name.err")"
    old=$(sql "SELECT epoch FROM event WHERE kind = 'runner.started' AND release = '$id' AND body ->> '\$.body.pid' = $pid")
    taken=$(sql "SELECT min(seq) FROM event WHERE kind = 'runner.started' AND release = '$id' AND epoch > $old")
    echo "# epoch $old until row $taken, then $((old + 1))" >&3
    assert_equal "$(sql "SELECT count(*) FROM event WHERE release = '$id' AND seq >= $taken AND epoch = $old")" 0
    assert_equal "$(sql "SELECT DISTINCT epoch FROM event WHERE release = '$id' AND seq >= $taken AND epoch > 0")" $((old + 1))
}

# The release is what it would have been with one runner, in the record and in the world.
as_with_one_runner()
{
    local unit

    unit=$(unit_of "$id")
    assert_equal "$(end_of "$id")" succeeded
    assert_equal "$(share_of "$id" "$unit")" 10000
    assert_equal "$(haproxy_says 'show servers state app' | awk 'NF > 10 && $1 != "#" { print $4 }')" "$unit.west.1"
    started_once "$id"
    assert_no_orphan
}

@test "two runners: while a stopped one lives it cannot be replaced; then it goes on, or its end is seen" {
    local rows

    steps='[{share: 50%, hold: 1s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    id=r-2
    second_stops_at step.started 'healthy time at 50%'
    rows=$(sql 'SELECT count(*) FROM event')

    run p resume r-2
    assert_failure 7
    assert_output --partial "environment 'prod' is held by release r-2 (pid $second_pid of "
    run p resume r-2 --takeover
    assert_failure 7
    assert_output --partial "environment 'prod' is held by release r-2 (pid $second_pid of "
    run p release prod --yes
    assert_failure 7
    assert_equal "$(sql 'SELECT count(*) FROM event')" "$rows"

    kill -CONT "$second_pid"
    ends second 0
    assert_equal "$(end_of r-2)" succeeded
    assert_equal "$(sql "SELECT count(*) FROM event WHERE kind = 'runner.started' AND release = 'r-2'")" 1

    # Killed while it is stopped, it holds nothing any more.
    commit 3.0.0
    p_background third release prod --yes
    await 20 event_there r-3 step.started 'healthy time at 50%'
    kill -STOP "$third_pid"
    kill -KILL "$third_pid"
    ends third 137
    p resume r-3 >"$D/resume.out" 2>&1 || fail "resume failed: $(cat "$D/resume.out")"
    assert_equal "$(end_of r-3)" succeeded
    assert_no_orphan
    take_down
}

@test "two runners: stopped in a hold and without its lock, it is replaced, and cannot go on" {
    steps='[{share: 50%, hold: 1s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    id=r-2
    second_stops_at step.started 'healthy time at 50%'
    take_the_lock_away

    p resume r-2 >"$D/resume.out" 2>&1 || fail "resume failed: $(cat "$D/resume.out")"
    kill -CONT "$second_pid"
    fenced_out second
    as_with_one_runner
    take_down
}

@test "two runners: stopped in a drain, both see its end, and one of them writes it down" {
    steps='[{share: 100%}]'
    project
    first_release
    client --rate 0 --rooms 1 --room-ms 0
    await 10 client_has_rooms 1
    commit 2.0.0
    p_background second release prod --yes
    id=r-2
    await 20 drain_runs r-2
    kill -STOP "$second_pid"
    await 5 stands_still "$second_pid"
    take_the_lock_away

    p_background next resume r-2
    await 10 event_there r-2 runner.started "runner took over from pid $second_pid"
    kill -CONT "$second_pid"
    touch "$D/rooms.stop"
    ends next 0
    fenced_out second
    as_with_one_runner
    assert_equal "$(show r-2 '.drain.rooms | [.seen, .ended, .lost, .left] | @json')" '[1,1,0,0]'
    client_ends
    take_down
}

@test "two runners: stopped while its build runs, the end of that build is not its own any more" {
    project
    first_release
    cat >>"$REPO/build.sh" <<END
echo built >>"$D/builds"
sleep 1
END
    commit 2.0.0
    p_background second release prod --yes
    id=r-2
    await 10 test -e "$D/builds"
    kill -STOP "$second_pid"
    await 5 stands_still "$second_pid"
    take_the_lock_away

    p resume r-2 >"$D/resume.out" 2>&1 || fail "resume failed: $(cat "$D/resume.out")"
    kill -CONT "$second_pid"
    fenced_out second
    as_with_one_runner
    assert_equal "$(wc -l <"$D/builds")" 2
    take_down
}

@test "two runners: stopped between a commit and its effect, it does not begin that effect any more" {
    local SAMPLE=${SAMPLE:-18} wanted passes pass passed number=0 stops=0

    steps='[{share: 50%, hold: 100ms}, {share: 100%, hold: 50ms}]'
    settle='{samples: 2, over: 100ms}'
    drain_every=50ms
    health='{get: /health, every: 50ms, timeout: 400ms, healthy: 1, unhealthy: 3, start: 5s}'
    project
    first_release
    commit 2.0.0
    PENSTOCK_FAULT=count:$D/passes p release prod --yes >"$D/first.out" 2>&1 || fail "$(cat "$D/first.out")"
    wanted=$(shape_of "$(newest)")
    # The commits that an effect follows; which of them follow differs a little from run to run.
    mapfile -t passes < <(awk '$0 == "commit.after" { n++ } after == "commit.after" && $0 == "effect.before" { print n } { after = $0 }' \
        "$D/passes")
    ((${#passes[@]} > 5)) || fail 'no effect follows a commit'

    for pass in "${passes[@]}"; do
        number=$((number + 1))
        (((number - 1) % ((SAMPLE + 2) / 3) == 0)) || continue
        commit "3.$number.0"
        rm -f "$D/second.passes"
        PENSTOCK_FAULT=count:$D/second.passes,stop:commit.after:$pass p_background second release prod --yes
        wait_for 20 stands_still "$second_pid" || fail "it did not stop at commit.after:$pass"
        stops=$((stops + 1))
        passed=$(wc -l <"$D/second.passes")
        id=$(newest)
        take_the_lock_away
        p resume "$id" >"$D/resume.out" 2>&1 || fail "commit.after:$pass: resume failed: $(cat "$D/resume.out")"
        kill -CONT "$second_pid"
        fenced_out second
        ! tail -n "+$((passed + 1))" "$D/second.passes" | grep -q effect.before ||
            fail "commit.after:$pass: it began an effect: $(tail -n "+$((passed + 1))" "$D/second.passes")"
        as_with_one_runner
        [[ $(shape_of "$id") == "$wanted" ]] ||
            fail "commit.after:$pass: $id ended otherwise: $(diff <(echo "$wanted") <(shape_of "$id"))"
    done
    echo "# ${#passes[@]} commits with an effect behind them, stopped behind $stops" >&3
    p audit verify >&3 || fail 'the chain is damaged'
    take_down
}

# What the runner was about to do when it stopped.
is_about_to() { [[ $(sql "SELECT verb FROM step WHERE release = '$id' AND state = 'running'") == *"$1"* ]]; }

@test "two runners: stopped while it begins an effect, nobody can take over" {
    local pass

    steps='[{share: 100%}]'
    project
    first_release
    # The beginning of which effect starts the instance is not known before: the one with which it is under way.
    for pass in 4 5 6 7 8 9 10 11 12; do
        commit "2.$pass.0"
        PENSTOCK_FAULT=stop:effect.before:$pass p_background second release prod --yes
        wait_for 20 stands_still "$second_pid" || fail "it did not stop at effect.before:$pass"
        id=$(newest)
        ! is_about_to instance.create || break
        kill -CONT "$second_pid"
        ends second 0
    done
    is_about_to instance.create || fail 'it was never about to start an instance'
    take_the_lock_away

    run p resume "$id"
    assert_failure 1
    assert_line 'error[E0501]: another process has been writing to the record for 10s'
    kill -CONT "$second_pid"
    ends second 0
    as_with_one_runner
    assert_equal "$(sql "SELECT count(*) FROM event WHERE kind = 'runner.started' AND release = '$id'")" 1
    take_down
}

@test "the fork server serves what makes sense, and leaves at anything else" {
    python3 - "$PENSTOCK" <<'END'
import array, os, socket, struct, subprocess, sys

def ask(message, descriptors=4, directory='/'):
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server = subprocess.Popen([sys.argv[1], '__zygote'], stdin=there)
    there.close()
    null = os.open('/dev/null', os.O_RDWR)
    given = array.array('i', [os.open(directory, os.O_RDONLY), null, null, null][:descriptors])
    here.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)] if descriptors else [])
    answers = []
    while len(answers) < 2 and (answer := here.recv(12)):
        answers.append(struct.unpack('iii', answer)[1:])
    here.close()
    return answers, server.wait(10)

def request(arguments, variables, texts):
    return struct.pack('II', arguments, variables) + texts

assert ask(request(2, 0, b'penstock\0version\0')) == ([(0, 0), (1, 0)], 0)
assert ask(request(2, 0, b'penstock\0nonsense\0')) == ([(0, 0), (1, 2 << 8)], 0)
assert ask(request(2, 0, b'penstock\0version\0'), directory='/dev/null') == ([(0, 0), (1, 127 << 8)], 0)
for bad in (b'x', request(0, 0, b'x\0'), request(1, 0, b'x'), request(1 << 30, 0, b'x\0'), request(1, 1 << 30, b'x\0'),
            request(3, 0, b'x\0y\0'), request(1, 0, b'x\0y\0')):
    assert ask(bad) == ([], 1), bad
assert ask(request(1, 0, b'x\0'), descriptors=0) == ([], 1)
assert ask(request(1, 0, b'x\0'), descriptors=3) == ([], 1)
END
}
