#!/usr/bin/env bats
# The runner is killed with SIGKILL at random moments, and resumed, again and again. Every release must end exactly as
# one that nobody disturbed. KILLS (50) says how many kills; SEED makes a run repeatable in its choice of moments.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup() { scenario_setup; }
teardown() { scenario_teardown; }

# What a release came to, without names and numbers that differ from release to release.
shape_of()
{
    sqlite3 -readonly "$REPO/.penstock/record.db" "
        SELECT s.ordinal, s.verb, s.state FROM step s WHERE s.release = '$1' ORDER BY s.ordinal;
        SELECT r.end, r.pivot FROM release r WHERE r.id = '$1';
        SELECT i.state, count(*) FROM instance i JOIN release r ON i.unit IN (r.unit, r.old_unit)
         WHERE r.id = '$1' GROUP BY 1 ORDER BY 1;
        SELECT pool, unit = (SELECT unit FROM release WHERE id = '$1'), basis_points FROM share ORDER BY 1, 2;
        SELECT 'unbalanced', * FROM drain
         WHERE release = '$1' AND (seen <> ended + forced + lost + coalesce(left, 0) OR forced + lost > 0);
        SELECT 'intents with two outcomes', step, attempt FROM event e JOIN (
            SELECT release, body ->> '\$.step' AS step, body ->> '\$.attempt' AS attempt, count(*) AS n FROM event
             WHERE kind IN ('step.done', 'step.failed') AND release = '$1' GROUP BY 1, 2, 3) o
            ON o.release = e.release WHERE o.n > 1;"
}

newest() { sqlite3 -readonly "$REPO/.penstock/record.db" 'SELECT id FROM release ORDER BY number DESC LIMIT 1'; }

has_ended()
{
    [[ -n $(sqlite3 -readonly "$REPO/.penstock/record.db" "SELECT end FROM release WHERE id = '$1' AND ended_ms > 0") ]]
}

# Each instance of the unit was started exactly once: its log begins once.
started_once()
{
    local log

    for log in "$REPO/.penstock/logs/$1/"*.west.*.log; do
        [[ $(grep -c ' event=started ' "$log") == 1 ]] || fail "$log has not exactly one start"
    done
}

pause() { sleep "$((RANDOM % $1 / 1000)).$(printf %03d $((RANDOM % 1000)))"; }

# run_to_end NAME ARGUMENTS...: starts penstock and, most times, kills it after a while. True when it was killed.
run_and_kill()
{
    p_background run "$@"
    if ((kills < KILLS && RANDOM % 5 > 0)); then
        pause 2000
        if kill -9 "$run_pid" 2>/dev/null; then
            kills=$((kills + 1))
        fi
    fi
    wait "$run_pid" || status=$?
}

@test "killed at random moments and resumed: every release ends as the undisturbed one, nothing twice, nothing lost" {
    local KILLS=${KILLS:-50} kills=0 releases=0 wanted id status before

    RANDOM=${SEED:-$$}
    echo "# SEED=${SEED:-$$}" >&3
    instances=2
    steps='[{share: 5%, hold: 200ms}, {share: 50%, hold: 200ms}, {share: 100%, hold: 200ms}]'
    project
    first_release
    client --rate 100 --rooms 6 --recordings 3 --room-ms 700
    await 10 client_has_rooms 2
    commit 2.0.0
    p release prod --yes >"$D/second.out" 2>&1 || fail "the undisturbed release failed: $(cat "$D/second.out")"
    wanted=$(shape_of "$(newest)")

    while ((kills < KILLS)); do
        releases=$((releases + 1))
        before=$(newest)
        commit "3.$releases.0"
        while [[ $(newest) == "$before" ]]; do
            status=0
            run_and_kill release prod --yes
        done
        id=$(newest)
        while ! has_ended "$id"; do
            status=0
            run_and_kill resume "$id"
            [[ $status == 0 || $status == 137 ]] || fail "resume ended with $status: $(tail "$D/run.out" "$D/run.err")"
        done
        [[ $(shape_of "$id") == "$wanted" ]] || fail "$id ended otherwise: $(diff <(echo "$wanted") <(shape_of "$id"))"
        started_once "$id"
    done

    client_ends
    verify
    echo "# $kills kills in $releases releases; $(jq -c '{requests, rooms, recordings}' <<<"$verified")" >&3
    [[ $client_status == 0 ]] || fail "the client saw failures: $(cat "$D/client.status")"
    p audit verify >&3 || fail 'the chain is damaged'
    take_down
}
