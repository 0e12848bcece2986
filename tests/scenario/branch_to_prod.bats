#!/usr/bin/env bats
# From a feature to prod and back, without a hand: e2e, merge, int, release branch, prod behind its gate, a bug, its fix, the
# hotfix lane, a rollback while warm; and afterwards the record tells all of it.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash and lib/lanes.bash
load lib/scenario
load lib/lanes

setup()
{
    scenario_setup
    lanes_defaults
}
teardown() { scenario_teardown; }

# What is live everywhere first: r-1 on int, r-2 on prod, which as a first release has no gate to wait at. Then
# feature -> e2e (r-3) -> main -> int (r-4) -> release branch -> prod behind its gate (r-5).
from_feature_to_prod()
{
    lanes_project
    released int main
    p branch release/2026.10 main
    released prod release/2026.10
    git_ switch -q -c feature/louder
    commit_file louder.txt 'louder rooms' 'Ana <ana@example.org>'
    released e2e feature/louder
    git_ switch -q main
    git_ merge -q --no-ff -m 'merge feature/louder' feature/louder
    change_log 'louder rooms'
    commit 2.0.0
    released int main
    p branch release/2026.11 main
    released_prod r-5 release/2026.11
}

# A fix on main, tried on int: $fix.
fix_on_main()
{
    commit_file fix.txt 'no more crackling' 'Chi <chi@example.org>'
    fix=$(git_ rev-parse HEAD)
    released int main
}

@test "the whole way: feature, e2e, main, int, release branch, prod, hotfix, rollback while warm, and the record" {
    local main_before branch_before

    from_feature_to_prod
    assert_equal "$(end_of r-5)" succeeded
    old=$(git_ rev-parse release/2026.11)

    # The bug is found, fixed on main, tried on int, and picked onto what is live.
    fix_on_main
    main_before=$(git_ rev-parse main)
    git_ status --porcelain >"$D/before"
    run p hotfix "$fix" --onto release/2026.11 --dry-run
    assert_success
    assert_line --partial 'is live in prod'
    assert_line --partial '1 of 2 commits, 1 of 3 files, 1 of 30 lines'
    assert_equal "$(git_ rev-parse release/2026.11)" "$old"

    p_background hotfix hotfix "$fix" --onto release/2026.11 --yes
    await 30 gate_of r-7 on-call
    assert_not_equal "$(git_ rev-parse release/2026.11)" "$old"
    assert_equal "$(git_ rev-parse main)" "$main_before"
    assert_equal "$(git_ status --porcelain)" "$(cat "$D/before")"
    assert_equal "$(git_ log -1 --format='%an %s' release/2026.11)" "Chi fix.txt: no more crackling"
    assert_equal "$(git_ log -1 --format=%b release/2026.11)" "(cherry picked from commit $fix)"
    p approve r-7 --as bo --yes --comment 'must go now'
    ends hotfix 0
    assert_equal "$(show r-7 .release.kind)" hotfix
    # New stamps, never in place.
    assert_not_equal "$(unit_of r-7)" "$(unit_of r-5)"

    # It stays red until another person has looked at it.
    run p review r-7 --comment 'fine'
    assert_failure 4
    assert_output --partial "'$requester' asked for r-7; somebody else reviews it"
    assert_equal "$(audit_json reviews | jq -c '[.rows[] | [.release, .late]]')" '[["r-7",0]]'
    p review r-7 --as bo --comment 'was right'
    assert_equal "$(audit_json reviews | jq '.rows | length')" 0

    # The next release goes wrong at 50 %, and the old unit takes it all back while it is warm.
    git_ switch -q main
    change_log 'quieter'
    commit 3.0.0
    released int main
    p branch release/2026.12 main
    p_background third release prod release/2026.12 --yes
    await 30 gate_of r-9 managers
    run p rollback r-9 --yes --comment 'they hear nothing'
    assert_failure 6
    ends third 6
    assert_equal "$(end_of r-9)" rolled_back
    assert_equal "$(show prod .release.end 2>/dev/null)" rolled_back
    curl -fsS "$URL/" >/dev/null

    # What an auditor asks afterwards.
    assert_equal "$(audit_json releases --environment prod | jq -c '[.rows[] | [.release, .kind, .end]] | sort')" \
        '[["r-2","release","succeeded"],["r-5","release","succeeded"],["r-7","hotfix","succeeded"],["r-9","release","rolled_back"]]'
    assert_equal "$(audit_json approvals --environment prod | jq -c '[.rows[] | [.release, .gate, .person]] | sort')" \
        '[["r-5","managers","bo"],["r-7","on-call","bo"]]'
    assert_equal "$(audit_json hotfixes | jq -r '.rows[0].picks' | cut -d' ' -f3)" "${fix:0:7}"
    run p audit verify
    assert_success
}

@test "after the old unit is gone, rollback is a new release of the earlier commit, and says so" {
    from_feature_to_prod
    first=$(git_ rev-parse release/2026.11)
    fix_on_main
    p_background hotfix hotfix "$fix" --onto release/2026.11 --yes
    await 30 gate_of r-7 on-call
    p approve r-7 --as bo --yes
    ends hotfix 0

    p_background back rollback prod --yes
    await 30 gate_of r-8 managers
    p approve r-8 --as bo --yes
    ends back 0
    assert_equal "$(show r-8 .release.kind)" rollback
    assert_equal "$(show r-8 .release.commit)" "$first"
    run cat "$D/back.err"
    assert_line --partial "this is a new release of its commit ${first:0:7}"
}
