#!/usr/bin/env bats
# The runner is killed with SIGKILL at every fault point that it passes: on both sides of each commit and of each effect.
# Whoever goes on must come to the ending of a release that nobody disturbed. SAMPLE=n takes each n-th point only (make
# crash: 1). The program is the one with fault points, whatever flavour is tested.

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
    run "$PENSTOCK_FAULTS/tests/crash/crash" --sample "${SAMPLE_FAST:-${SAMPLE:-6}}" --audit "$PENSTOCK"
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
    p audit >&3 || fail 'the chain is damaged'
    take_down
}

@test "two runners: while a stopped one lives it cannot be replaced; then it goes on, or its end is seen" {
    local rows

    steps='[{share: 50%, hold: 1s}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    await 20 event_there r-2 step.started 'healthy time at 50%'
    kill -STOP "$second_pid"
    rows=$(sql 'SELECT count(*) FROM event')

    run p resume r-2
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
