#!/usr/bin/env bats
# The short form of `make zero-loss`, and the judge itself: one line changed in anybody's ledger is seen.

# shellcheck disable=SC2154 # variables of bats
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

# One run for all tests; its ledgers stay until they are over.
setup_file()
{
    : "${PENSTOCK_BUILD:?run me by make test, or set PENSTOCK_BUILD to the directory of the build}"
    export ZERO_LOSS=$PENSTOCK_BUILD/tests/zero-loss
    TMPDIR=$BATS_FILE_TMPDIR SCENARIO_KEEP=1 "$BATS_TEST_DIRNAME/../zero-loss/run" short \
        >"$BATS_FILE_TMPDIR/out" 2>"$BATS_FILE_TMPDIR/err" 3>&- 4>&- || echo "$?" >"$BATS_FILE_TMPDIR/status"
}

# A copy of the ledgers to be tampered with.
setup()
{
    S=$BATS_TEST_TMPDIR
    cp -a "$BATS_FILE_TMPDIR"/scenario.*/{store,main.ledger,main.ledger.sockets,record} "$S"
    mapfile -t old < <(grep -l '^instance 1\.0\.0 ' "$S"/store/requests-*)
    mapfile -t new < <(grep -l '^instance 2\.0\.0 ' "$S"/store/requests-*)
}

judge()
{
    run "$ZERO_LOSS/judge" --client "$S/main.ledger" --store "$S/store" --record "$S/record"
}

# sees LINE: the judge ends with 1 and says this.
sees()
{
    judge
    assert_equal "$status" 1
    assert_line --regexp "^[a-z0-9% ]*$1"
}

@test "a release under load loses nothing, and two bad ways to release do" {
    run cat "$BATS_FILE_TMPDIR/out" "$BATS_FILE_TMPDIR/err"
    [[ ! -e $BATS_FILE_TMPDIR/status ]] || fail "it ended with $(<"$BATS_FILE_TMPDIR/status"): $output"
    assert_line --regexp '^requests      [0-9]+ [0-9]{3} sent, 0 failed: fewer than 1 in [0-9]+ [0-9]{3} fail, 95 % sure \(3/N = '
    assert_line --regexp '^websockets    [0-9]+ opened, [0-9 ]+ messages echoed in order, 0 lost$'
    assert_line 'ledgers       client and instances agree: each request once, on the instance that answered'
    assert_line --regexp '^old version   1\.0\.0 had [0-9]+ requests and [1-9][0-9]* websockets under way when its share was 0, and got nothing after'
    assert_line --regexp '^rooms         [0-9]+ opened, [0-9]+ closed by their people, 0 lost, 0 refused$'
    assert_line --regexp '^recordings    [0-9]+ begun, [0-9]+ whole, 0 lost, 0 gaps$'
    assert_line --regexp '^penstock      [0-9]+ requests of its own prober, 0 failed; drained [0-9]+ rooms and [0-9]+ recordings, 0 not ended'
    assert_line --regexp '^controls      destroy before drain: .* [1-9][0-9]* of [0-9]+ websockets lost, [1-9][0-9]* rooms and [1-9][0-9]* recordings lost$'
    assert_line --regexp '^ +reload in place of a run-time change: [1-9][0-9 ]* of [0-9 ]+ requests failed'
    assert_line --regexp '^ *[0-9]+ s  nothing was lost; both controls lost something, and it was seen$'
    judge
    assert_success
}

@test "the judge sees one request that is missing, twice, elsewhere, or nobody's" {
    sed -i '7d' "${new[0]}"
    sees '1 answered, and in no instance.s ledger'
    cp -a "$BATS_FILE_TMPDIR"/scenario.*/store "$S"
    sed -i '7p' "${new[0]}"
    sees '1 done more than once'
    cp -a "$BATS_FILE_TMPDIR"/scenario.*/store "$S"
    sed -n '7p' "${new[0]}" >>"${new[1]}"
    sed -i '7d' "${new[0]}"
    sees '1 done by another instance than the one that answered'
    cp -a "$BATS_FILE_TMPDIR"/scenario.*/store "$S"
    echo 'main-99999999 1' >>"${new[0]}"
    sees '1 in an instance.s ledger, and sent by no client'
}

@test "the judge sees one request that an old instance took after its share was 0" {
    sed -i '7s/ .*/ 9999999999999/' "${old[0]}"
    sees '1 taken by a version that was to get nothing any more'
}

@test "the judge sees a split that is not the one asked for" {
    sed -i 's/^share 2\.0\.0 2500 /share 2.0.0 3500 /' "$S/record"
    sees '35 % to 2\.0\.0: 2[0-9.]+ % of [0-9 ]+, p [0-9.e-]+: NOT WHAT WAS ASKED FOR'
}

@test "the judge sees one websocket that was cut, or is not known to any instance" {
    local file

    file=$(grep -l ' clean$' "$S"/store/sockets-* | head -n 1)
    sed -i '1s/clean/cut/' "$file"
    sees '[0-9]+ opened, [0-9 ]+ messages echoed in order, 1 lost'
    sed -i '1d' "$file"
    sees '[0-9]+ opened, [0-9 ]+ messages echoed in order, 1 lost'
}

@test "the judge takes nothing unreadable for nothing there" {
    printf 'main-' >>"${new[0]}"
    sees '1 lines or files that cannot be read'
    rm -r "$S/store"
    sees '1 lines or files that cannot be read'
    : >"$S/main.ledger"
    judge
    assert_equal "$status" 2
    assert_output "$S/main.ledger: is no ledger"
}
