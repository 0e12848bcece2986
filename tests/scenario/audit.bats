#!/usr/bin/env bats
# What an auditor asks of the record: the named queries, SQL, whether it is whole, the export; and what history and show
# say when nothing but the record is left.
# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

load lib/scenario

setup()
{
    scenario_setup
    cd "$D" || return 1
    S=$D/state
}
teardown() { scenario_teardown; }

# Some releases, always the same; tests/generate/history.h.
generated()
{
    "$PENSTOCK_BUILD/tests/generate" "$S" "$1"
}

a()
{
    timeout -k 5 60 "$PENSTOCK" --state "$S" "$@" </dev/null
}

queries()
{
    "$PENSTOCK" audit -o json | jq -r '.queries[].name'
}

# Changes the record behind penstock's back.
harm()
{
    sqlite3 "$S/record.db" 'DROP TRIGGER event_no_update; DROP TRIGGER event_no_delete' "$1"
}

# verify ends with 1, and with these lines.
refused_by_verify()
{
    run --separate-stderr a audit verify
    assert_failure 1
    assert_line --index 0 "✗ $1"
    [[ ${stderr_lines[0]} == "error[E0502]: $1" ]]
}

# bats test_tags=fast
@test "audit alone lists what can be asked, wherever one is" {
    run --separate-stderr "$PENSTOCK" audit
    assert_success
    assert_line '  exceptions             Every exception from the rules: no row means that there was none'
    assert_line "  sql 'select ...'       a query of your own, over the views below"
    assert_line '  v_release              Releases, one row each: everything that was ever begun, also destroys and rollbacks.'
    [[ $(queries | wc -l) == 15 ]]
}

# bats test_tags=fast
@test "every query answers an empty record: with its columns, and without a row" {
    generated 0
    for query in $(queries); do
        run --separate-stderr a audit "$query" -o csv
        assert_success
        [[ ${#lines[@]} == 1 ]]
        run --separate-stderr a audit "$query"
        assert_success
        assert_output ''
        [[ $stderr == 'no rows' ]]
        [[ $(a audit "$query" -o json | jq -c '[.kind, .query, .rows]') == "[\"audit\",\"$query\",[]]" ]]
    done
}

# What depends on the time of asking is left out.
fixed='if .until_at == null then del(.both_ms, .instance_ms, .mixed_ms) else . end | del(.late, .late_ms, .review)'

# bats test_tags=fast
@test "every query answers a small record as it always did" {
    generated 60
    for query in $(queries); do
        echo "== $query"
        a audit "$query" -o jsonl | jq -c "$fixed"
    done >"$D/answers"
    diff -u "$BATS_TEST_DIRNAME/../fixtures/audit/answers" "$D/answers"
}

@test "every query answers a record of 2000 releases, which is whole; all forms say the same" {
    generated 2000
    run a audit verify
    assert_success
    assert_line --regexp '^✓ the chain of the journal is whole: 2[0-9]{4} rows$'
    assert_line '✓ all evidence matches its digest: 100 pieces'
    assert_line '✓ the tables are what the journal says'
    for query in $(queries); do
        a audit "$query" -o csv >"$D/csv"
        a audit "$query" -o jsonl >"$D/jsonl"
        a audit "$query" -o json >"$D/json"
        a audit "$query" -o table >"$D/table"
        [[ $(python3 -c 'import csv, sys; print(len(list(csv.reader(open(sys.argv[1])))) - 1)' "$D/csv") == $(wc -l <"$D/jsonl") ]]
        [[ $(jq '.rows | length' "$D/json") == $(wc -l <"$D/jsonl") ]]
        [[ $(jq -c ".rows[] | $fixed" "$D/json" | sha256sum) == $(jq -c "$fixed" "$D/jsonl" | sha256sum) ]]
        [[ $(wc -l <"$D/jsonl") == 0 || $(wc -l <"$D/table") == $(($(wc -l <"$D/jsonl") + 1)) ]]
    done
    [[ $(a audit releases -o jsonl | wc -l) == 2000 ]]
    [[ $(a audit releases --environment prod -o jsonl | wc -l) == $(a audit releases -o jsonl | jq -r .environment | grep -c prod) ]]
}

# bats test_tags=fast
@test "a period is a date, a time, or so long ago" {
    generated 40
    [[ $(a audit releases --since 2026-10-30 -o jsonl | jq -r .release | xargs) == 'r-39 r-40' ]]
    [[ $(a audit releases --since 2026-10-30T00:00:00Z --until 2026-10-31 -o jsonl | jq -r .release) == r-39 ]]
    [[ $(a audit releases --until 2026-09-24 -o jsonl | jq -r .release | xargs) == 'r-1 r-2' ]]
    [[ $(a audit releases --since 3650d -o jsonl | wc -l) == 40 ]]
    run a audit releases --since yesterday
    assert_failure 2
    assert_line "error[E0101]: 'yesterday' is no time"
    assert_line '  = help: expected something like 2026-11-01, 2026-11-01T08:00:00Z or 30d'
    run a audit releases --since 2026-11-02 --until 2026-11-01
    assert_failure 2
    assert_line 'error[E0101]: --since 2026-11-02T00:00:00Z is not before --until 2026-11-01T00:00:00Z'
    run a audit branches --environment prod
    assert_failure 2
    assert_line "error[E0101]: query 'branches' is not about environments"
    run a audit exceptions --environment prd
    assert_failure 1
    assert_line "error[E0302]: the record knows no environment 'prd'"
    assert_line --regexp "^  = help: it knows: .*prod"
    run a audit environments --since 1d
    assert_failure 2
    assert_line "error[E0101]: query 'environments' has no period"
}

# bats test_tags=fast
@test "what does not fit is refused in so many words" {
    generated 1
    run a audit relaeses
    assert_failure 2
    assert_line "error[E0101]: there is no query 'relaeses'"
    assert_line "  = help: did you mean 'releases'?"
    run a audit xyzzy
    assert_failure 2
    assert_line --partial 'penstock --state'
    run a audit releases x
    assert_failure 2
    assert_line "error[E0101]: 'audit releases' takes no argument: 'x'"
    run a audit verify now
    assert_failure 2
    assert_line "error[E0101]: 'audit verify' takes no argument: 'now'"
    run a audit verify --since 1d
    assert_failure 2
    assert_line "error[E0101]: 'audit verify' takes no '--since'"
    run a audit --since 1d
    assert_failure 2
    assert_line "error[E0101]: 'audit' takes no '--since'"
    run a audit releases --no-evidence
    assert_failure 2
    assert_line "error[E0101]: 'audit releases' takes no '--no-evidence'"
    run a audit sql
    assert_failure 2
    assert_line "error[E0101]: 'audit sql' needs a SELECT"
    run a audit releases -o yaml
    assert_failure 2
    assert_line "error[E0101]: option '--output' takes text, json, jsonl, table or csv, not 'yaml'"
    run a audit export -o csv
    assert_failure 2
    assert_line "error[E0101]: 'audit export' writes JSON lines and nothing else"
    run a -o csv status
    assert_failure 2
    assert_line "error[E0101]: option '--output' takes text, json or jsonl, not 'csv'"
}

# bats test_tags=fast
@test "CSV is quoted, and no spreadsheet runs what is in it" {
    generated 1
    run a audit sql "SELECT 1 AS n, 1.5 AS \"a,b\", NULL AS none, 'x \"y\" z' AS quoted, 'a
b' AS lines, '=1+1' AS formula, ' padded' AS padded, x'00ff' AS bytes, char(27) || '[31mred' AS steered" -o csv
    assert_success
    assert_line --index 0 'n,"a,b",none,quoted,lines,formula,padded,bytes,steered'
    assert_line --index 1 '1,1.5,,"x ""y"" z","a'
    assert_line --index 2 "b\",\"'=1+1\",\" padded\",00ff,red"
    run a audit sql "SELECT 'a
b' AS lines, 9e999 AS large" -o jsonl
    assert_output '{"lines":"a\nb","large":null}'
    run a audit sql "SELECT 'a
b' AS lines"
    assert_line --index 1 'a b'
}

# bats test_tags=fast
@test "sql reads the views, says where it is wrong, and does not run for ever" {
    generated 40
    run a audit sql 'SELECT id, end FROM v_release ORDER BY number LIMIT 1' -o csv
    assert_success
    assert_output $'id,end\nr-1,succeeded'
    echo 'SELECT count(*) AS n FROM v_event' >"$D/question.sql"
    [[ $("$PENSTOCK" --state "$S" audit sql - -o jsonl <"$D/question.sql" | jq .n) -gt 400 ]]
    run a audit sql 'SELECT id,
  wrong FROM v_release'
    assert_failure 2
    assert_line 'error[E0101]: no such column: wrong'
    assert_line ' --> query:2:3'
    run --separate-stderr a audit sql 'SELECT wrong' -o json
    assert_failure 2
    [[ $(jq -c .location <<<"$stderr") == '{"file":"query","line":1,"column":8}' ]]
    run a audit sql 'SELECT * FROM event'
    assert_failure 2
    assert_line "error[E0101]: 'event' cannot be read: an audit reads its views"
    assert_line "  = help: \`penstock --state $D/state audit\` lists the views"
    run a audit sql "DELETE FROM event"
    assert_failure 2
    assert_line 'error[E0101]: DELETE is not allowed: an audit only reads'
    run a audit sql 'WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c' --timeout 100ms
    assert_failure 1
    assert_line 'error[E0704]: the query took longer than 100ms'
    assert_line '  = help: give it more time with --timeout, or less to look at'
    # One function that SQLite does not leave: minutes for the one that is named, years for larger texts.
    slow="SELECT instr(hex(zeroblob(2000000)), hex(zeroblob(1000000)) || '1')"
    run timeout 20 "$PENSTOCK" --state "$S" audit sql "$slow" --timeout 100ms
    assert_failure 1
    assert_line 'error[E0704]: the query took longer than 100ms'
    assert_line '  = help: one of its functions is given too much at once'
    run --separate-stderr timeout 20 "$PENSTOCK" --state "$S" audit sql "$slow" --timeout 100ms -o json
    assert_failure 1
    [[ $(jq -c '[.kind, .code, .exit_code]' <<<"$stderr") == '["error","E0704",1]' ]]
}

# bats test_tags=fast
@test "verify names the first row that was changed, taken out, swapped or put in" {
    generated 3
    cp -a "$S" "$D/good"
    harm "UPDATE event SET body = replace(body, 'rooms', 'r00ms') WHERE seq = 7 OR seq = 2"
    refused_by_verify 'row 2 of the record was changed: it does not match its hash'
    assert_line --index 1 '✓ all evidence matches its digest: 100 pieces'
    assert_line --index 2 '- the tables were not compared, for the journal is not whole'
    rm -r "$S" && cp -a "$D/good" "$S"
    harm 'DELETE FROM event WHERE seq = 5'
    refused_by_verify 'row 5 of the record is missing'
    rm -r "$S" && cp -a "$D/good" "$S"
    harm 'UPDATE event SET seq = 999 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 5;
          UPDATE event SET seq = 5 WHERE seq = 999'
    refused_by_verify 'row 4 of the record does not follow the row before it'
    rm -r "$S" && cp -a "$D/good" "$S"
    harm 'UPDATE event SET seq = seq + 1000 WHERE seq > 6; UPDATE event SET seq = seq - 999 WHERE seq > 1000;
          INSERT INTO event SELECT 7, release, kind, epoch, actor, at_ms, boot_ms, body, prev, hash FROM event WHERE seq = 6'
    refused_by_verify 'row 7 of the record does not follow the row before it'
    rm -r "$S" && cp -a "$D/good" "$S"
    harm 'DELETE FROM event WHERE seq > 9'
    refused_by_verify 'row 10 of the record is missing, and all rows after it'
}

# bats test_tags=fast
@test "verify finds evidence and tables that were changed under a chain that is whole" {
    generated 3
    cp -a "$S" "$D/good"
    digest=$(sqlite3 "$S/record.db" 'SELECT digest FROM evidence ORDER BY rowid LIMIT 1 OFFSET 2')
    harm "UPDATE evidence SET bytes = x'00' WHERE digest = '$digest'"
    run --separate-stderr a audit verify
    assert_failure 1
    assert_line --index 0 --partial '✓ the chain of the journal is whole: '
    assert_line --index 1 "✗ evidence '$digest' was changed: it does not match its digest"
    assert_line --index 2 '✓ the tables are what the journal says'
    rm -r "$S" && cp -a "$D/good" "$S"
    harm "UPDATE decision SET person = 'eve'"
    run --separate-stderr a audit verify
    assert_failure 1
    assert_line --index 2 "✗ table 'decision' of the record is not what the journal says"
    [[ ${stderr_lines[0]} == "error[E0502]: table 'decision' of the record is not what the journal says" ]]
    run --separate-stderr a audit verify -o json
    assert_failure 1
    [[ $(jq -c '[.whole, (.checks[] | .whole)]' <<<"$output") == '[false,true,true,false]' ]]
}

# bats test_tags=fast
@test "the export can be checked with nothing but SHA-256, as its page says" {
    generated 40
    sed -n '/^    import/,/^    *print/s/^    //p' "$BATS_TEST_DIRNAME/../../docs/reference/export.md" >"$D/check.py"
    a audit export >"$D/record.jsonl"
    run python3 "$D/check.py" <"$D/record.jsonl"
    assert_success
    assert_output "whole: $(tail -n 1 "$D/record.jsonl" | jq -r .hash)"
    [[ $(head -n 1 "$D/record.jsonl" | jq .events) == $(grep -c '^{"type":"event"' "$D/record.jsonl") ]]
    [[ $(grep -c '^{"type":"evidence"' "$D/record.jsonl") == 100 ]]
    [[ $(jq -r 'select(.type == "event") | .row.kind' "$D/record.jsonl" | grep -c release.planned) == 40 ]]
    sed -i '20s/"at_ms":1/"at_ms":2/' "$D/record.jsonl"
    run python3 "$D/check.py" <"$D/record.jsonl"
    assert_failure
    assert_line 'AssertionError: 19'
    [[ $(a audit export --no-evidence | grep -c evidence) == 1 ]]
}

# bats test_tags=fast
@test "history pages through the years" {
    generated 40
    run --separate-stderr a history --limit 3
    assert_success
    [[ $stderr == *'history --limit 3 --before r-38   the next page'* ]]
    [[ $(a history --limit 3 --before r-38 -o jsonl | jq -r .id | xargs) == 'r-37 r-36 r-35' ]]
    [[ $(a history --until 2026-09-25 -o jsonl | jq -r .id | xargs) == 'r-3 r-2 r-1' ]]
    [[ $(a history --since 2026-10-30 -o jsonl | jq -r .id | xargs) == 'r-40 r-39' ]]
    [[ $(a history --environment prod -o jsonl | sha256sum) == $(a history prod -o jsonl | sha256sum) ]]
    run a history prod --environment int
    assert_failure 2
    assert_line "error[E0101]: 'prod' and --environment int: one environment is enough"
    run a history --before r-77
    assert_failure 1
}

# bats test_tags=fast
@test "a review that is due is in history and in status, until it is closed" {
    generated 200
    # The first that nobody closed.
    hotfix=$(a audit reviews -o jsonl | head -n 1)
    id=$(jq -r .release <<<"$hotfix")
    environment=$(jq -r .environment <<<"$hotfix")
    run --separate-stderr a history "$environment" --limit 200
    assert_line --regexp "$id .*, review (late by|due in) .* hotfix "
    run --separate-stderr a status
    assert_line --regexp "^  hotfix $id by [a-z]*: review (late by|due in) "
    [[ $stderr == *"review $id --comment WHY "* ]]
    [[ $(a status "$environment" -o json | jq -r '.environments[0].reviews[0].release') == "$id" ]]
    run --separate-stderr a show "$id"
    assert_line '  kind    hotfix of 1 commit'
    assert_line --regexp '^  review  review (late by|due in) '
    assert_line '  ✓ branches: on main'
    assert_line '  shift.steps: 100% instead of 50%, 100% (hotfix.ladder)'
    a show "$id" -o json >"$D/show.json"
    assert_fits_schema <"$D/show.json"
    [[ $(jq -r '[.release.kind, .release.review.closed, (.terms.picks | length)] | @csv' "$D/show.json") == '"hotfix",,1' ]]
    reviewed=$(a audit hotfixes -o jsonl | jq -r 'select(.review == "closed") | .release' | head -n 1)
    run --separate-stderr a show "$reviewed"
    assert_line --regexp '^  review  by [a-z]* at 20.*: it was right$'
}

@test "show and history need the record and nothing else" {
    project
    first_release
    before=$(p show r-1 -o json | jq -S 'del(.next)')
    listed=$(p history -o jsonl)
    p destroy prod --confirm prod -q
    cp -a "$REPO/.penstock" "$S"
    rm -rf "$REPO" "$STORE"
    [[ $(a show r-1 -o json | jq -S 'del(.next) | .shares') == "$(jq -S .shares <<<"$before")" ]]
    [[ $(a show r-1 -o json | jq -S .terms) == "$(jq -S .terms <<<"$before")" ]]
    [[ $(a show r-1 -o json | jq -S .steps) == "$(jq -S .steps <<<"$before")" ]]
    [[ $(a show r-1 -o json | jq -S .decisions) == "$(jq -S .decisions <<<"$before")" ]]
    [[ $(a history --before r-2 -o jsonl) == "$listed" ]]
    run --separate-stderr a audit verify
    assert_success
}
