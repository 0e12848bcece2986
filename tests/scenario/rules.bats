#!/usr/bin/env bats
# What environments demand, and attempts to get round it: renamed branches, commits on several branches, clones that say
# something else than origin, overrides by the wrong people, and what a freeze never stops.

# shellcheck disable=SC2034,SC2154,SC2016 # variables of lib/scenario.bash and lib/lanes.bash
load lib/scenario
load lib/lanes

setup()
{
    scenario_setup
    lanes_defaults
}
teardown() { scenario_teardown; }

# refused TEXT ENVIRONMENT COMMIT: planning says no, in these words.
refused()
{
    run p plan "$2" "$3"
    assert_failure 3
    assert_output --partial "$1"
}

# in_hours N: that time, as penstock.yaml wants it.
in_hours() { date -u -d "$1 hours" +%Y-%m-%dT%H:%M:%SZ; }

freeze_now()
{
    prod_rules+="
    freezes: [{from: $(in_hours -1), to: $(in_hours +2), reason: inventory}]"
    lanes_yaml
}

# ---------------------------------------------------------------------------------------------------------------------
# Where the commit really is

# bats test_tags=fast
@test "branches: the commit must be on one of them, whatever it is called" {
    lanes_project
    git_ switch -q -c feature/quick
    commit_file quick.txt 'a quick one'

    refused "is on no branch that environment 'int' takes (main)" int feature/quick
    assert_output --partial 'it is on: feature/quick'
    refused "is on no branch that environment 'int' takes (main)" int HEAD
    # A tag of the right name is no branch.
    git_ tag main-like
    refused "is on no branch that environment 'int' takes (main)" int main-like
    run p plan e2e feature/quick
    assert_success
    # On both: it is on main, too.
    git_ switch -q main
    git_ merge -q --ff-only feature/quick
    run p plan int feature/quick
    assert_success
}

# bats test_tags=fast
@test "a renamed branch: what is not on the trunk and no proved pick does not go to prod" {
    lanes_project
    git_ switch -q -c feature/quick
    commit_file quick.txt 'a quick one'
    git_ branch release/2026.99

    refused "is neither on 'main' nor a proved pick from it" prod release/2026.99
    # A message that claims to be a pick is tried, not believed.
    git_ switch -q release/2026.99
    git_ commit -q --amend -m "quick.txt: a quick one

(cherry picked from commit $(git_ rev-parse main))"
    refused "is neither on 'main' nor a proved pick from it" prod release/2026.99
}

# bats test_tags=fast
@test "with an origin its branches count, not the clone's" {
    lanes_project
    git_ init -q --bare "$D/origin.git"
    git_ remote add origin "$D/origin.git"
    git_ push -q origin main
    commit_file quick.txt 'not pushed'

    refused "is on no branch that environment 'int' takes (main)" int main
    assert_output --partial 'origin has it on no branch: git push'
    git_ push -q origin main
    run p plan int main
    assert_success

    # What is called like origin's trunk is not it.
    prod_rules='branches: ["release/*"]
    from_trunk: true'
    lanes_yaml
    git_ switch -q -c release/1
    commit_file stray.txt 'of nowhere'
    git_ push -q origin release/1
    git_ branch origin/main
    git_ tag origin/main
    refused "is neither on 'main' nor a proved pick from it" prod release/1
}

@test "prod wants what succeeded on int; a pick counts as its source" {
    lanes_project
    p branch release/2026.11 main
    refused 'int' prod release/2026.11
    released int main
    run p plan prod release/2026.11
    assert_success
    assert_output --partial 'r-1'

    # A later commit of the trunk that int has not seen.
    commit_file more.txt 'untried'
    p branch release/2026.12 main
    refused 'int' prod release/2026.12
}

@test "the changelog must have changed since the live release; a scheduled one does not follow a failed one" {
    lanes_project
    released int main
    p branch release/2026.11 main
    released prod release/2026.11
    commit_file more.txt 'without a word about it'
    released int main --scheduled
    p branch release/2026.12 main
    refused 'CHANGELOG.md' prod release/2026.12

    misbehave=sick
    lanes_pipeline int "$INT_PORT" '[{share: 100%}]'
    commit 3.0.0
    run p release int main --scheduled --yes
    assert_failure 6
    run p release int main --scheduled --yes
    assert_failure 3
    assert_output --partial 'r-4'
    # By hand it may be tried.
    run p plan int main
    assert_success
}

# bats test_tags=fast
@test "a release branch begins on the trunk" {
    lanes_project
    git_ switch -q -c feature/quick
    commit_file quick.txt 'a quick one'

    run p branch release/2026.11 feature/quick
    assert_failure 4
    assert_output --partial 'is not on main: a release branch begins there'
    run p branch release/2026.11
    assert_success
    assert_equal "$(git_ rev-parse release/2026.11)" "$(git_ rev-parse main)"
    run p branch release/2026.11
    assert_failure 7
    run p branch 'release/..'
    assert_failure 2
    assert_output --partial "'release/..' cannot be the name of a branch"
    assert_equal "$(audit_json branches | jq -c '[.rows[].name]')" '["release/2026.11"]'

    # Origin's, where there is one: it has less, or more, than the clone's own.
    git_ init -q --bare "$D/origin.git"
    git_ remote add origin "$D/origin.git"
    git_ switch -q main
    git_ push -q origin main
    commit_file quick.txt 'not pushed'
    run p branch release/2026.12 main
    assert_failure 4
    assert_output --partial 'is not on origin/main: a release branch begins there'
    git_ push -q origin main
    git_ reset -q --hard HEAD~1
    run p branch release/2026.12
    assert_success
    assert_equal "$(git_ rev-parse release/2026.12)" "$(git_ rev-parse origin/main)"
}

# bats test_tags=fast
@test "a clone without the trunk is told so, and how to get it" {
    prod_rules='branches: ["release/*"]
    from_trunk: true'
    lanes_project
    git_ branch -m release/1
    run --separate-stderr p plan prod release/1
    assert_failure 3
    [[ ${stderr_lines[0]} == "error[E0202]: there is no branch 'main' to compare with" ]]
    [[ $stderr == *"= help: git fetch origin '+refs/heads/*:refs/remotes/origin/*' brings all branches; or "* ]]
}

@test "authors are barred however many commits came after theirs" {
    prod_rules='branches: ["release/*"]'
    lanes_project
    git_ branch release/1
    released prod release/1
    commit_file bo.txt 'of bo' 'Bo <bo@example.org>'
    {
        printf 'reset refs/heads/release/1\nfrom refs/heads/main\n'
        for _ in {1..1001}; do
            printf 'commit refs/heads/release/1\ncommitter tester <tester@example.org> 1767323045 +0000\ndata 1\nx\n'
        done
    } | git_ fast-import --quiet --force
    assert_equal "$(git_ rev-list --count main..release/1)" 1001
    run p plan prod release/1
    assert_success
    assert_output --partial '; not the authors: bo)'
}

# ---------------------------------------------------------------------------------------------------------------------
# Freezes and overrides

@test "a freeze refuses a start, and an override counts only from those who may, until its end" {
    prod_rules='branches: ["release/*"]'
    lanes_project
    git_ branch release/1
    freeze_now
    refused 'inventory' prod release/1

    run p override prod freeze --for 1h
    assert_failure 2
    assert_output --partial 'an override needs a reason'
    run p override prod freeze --for 1h --comment 'must go'
    assert_failure 4
    assert_output --partial "'$requester' may not override rules of 'prod'"
    run p override prod schema --for 1h --comment 'must go' --as bo
    assert_failure 2
    assert_output --partial "'schema' is no rule that can be overridden"
    refused 'inventory' prod release/1

    p override prod freeze --for 1s --comment 'must go' --as bo
    sleep 1.1
    refused 'inventory' prod release/1

    p override prod freeze --for 1h --comment 'agreed with the shop' --as bo
    run p plan prod release/1
    assert_success
    assert_output --partial 'bo'
    # Whoever wants it through does not decide that: barred for this release.
    run p plan prod release/1 --as bo
    assert_failure 3
    assert_output --partial 'inventory'
    assert_equal "$(audit_json exceptions | jq '[.rows[] | select(.what == "refused")] | length')" 1
    # What lets it begin lets it have its traffic, too.
    released prod release/1
    assert_equal "$(audit_json closures | jq '.rows | length')" 0
}

@test "a freeze that begins holds the next share, not the way back; an override lets it go on" {
    prod_rules='branches: ["release/*"]'
    lanes_project
    git_ branch release/1
    released prod release/1
    commit 2.0.0
    git_ branch -f release/1
    prod_rules+="
    freezes: [{from: $(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ), to: $(in_hours +2), reason: inventory}]"
    lanes_yaml
    lanes_pipeline prod "$PORT_PROD" '[{share: 10%, hold: 4s}, {share: 100%}]'

    p_background second release prod release/1 --yes
    await 30 state_is r-2 waiting
    assert_equal "$(show r-2 .release.reason | grep -c 'no more traffic until .*inventory')" 1
    assert_equal "$(share_of r-2 "$(unit_of r-2)")" 1000
    p override prod freeze --for 1h --comment 'agreed' --as bo
    ends second 0
    assert_equal "$(audit_json closures | jq -r '.rows[0].rule')" freeze
}

@test "short-lived environments have an end, and clean really cleans" {
    lanes_project
    git_ switch -q -c feature/quick
    released e2e feature/quick --keep-for 2s
    run p status e2e
    assert_line --regexp '^  kept until 20[0-9-]+T[0-9:]+Z$'
    run p clean --dry-run
    assert_success
    assert_output --partial 'e2e'
    sleep 2.1
    run p clean --yes
    assert_success
    assert_equal "$(show e2e .release.kind)" destroy
    run p clean --dry-run
    assert_output --partial 'no short-lived environment stands'
    run own_processes
    assert_output ''
    run p release int main --keep-for 2h --yes
    assert_failure 2
    assert_output --partial 'environment int is not short-lived'
}
