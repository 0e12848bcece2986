#!/usr/bin/env bats
# The hotfix lane: what it refuses and in which words, conflicts, going on by hand, and what happens beside a live release.

# shellcheck disable=SC2034,SC2154,SC2016 # variables of lib/scenario.bash and lib/lanes.bash
load lib/scenario
load lib/lanes

setup()
{
    scenario_setup
    lanes_defaults
    prod_rules='branches: ["release/*"]'
}
teardown() { scenario_teardown; }

# release/1 is live in prod (r-1); main goes on.
live_branch()
{
    lanes_project
    commit_file song.txt $'one\ntwo\nthree'
    git_ branch release/1
    released prod release/1
}

# no_hotfix STATUS TEXT COMMIT...: refused in these words, and nothing was touched.
no_hotfix()
{
    local status=$1 text=$2 before

    shift 2
    before=$(fingerprint)
    run p hotfix "$@" --onto release/1 --yes
    assert_failure "$status"
    assert_output --partial "$text"
    assert_equal "$(fingerprint)" "$before"
}

# Refs, index and files of the repository.
fingerprint()
{
    git_ for-each-ref
    git_ status --porcelain
    sha256sum "$REPO/.git/index" "$REPO"/*.txt
}

opened()
{
    await 30 gate_of "$1" on-call
    p approve "$1" --as bo --yes
}

# bats test_tags=fast
@test "each refusal has its own words, and touches nothing" {
    live_branch
    git_ switch -q -c fix/aside
    commit_file aside.txt 'not merged'
    aside=$(git_ rev-parse HEAD)
    no_hotfix 4 "commit ${aside:0:7} is not on main" "$aside"

    # Almost: merged after it was changed.
    git_ switch -q main
    git_ cherry-pick --no-commit "$aside"
    echo 'and more' >>"$REPO/aside.txt"
    git_ add -A
    git_ commit -q -C "$aside"
    merged=$(git_ rev-parse HEAD)
    no_hotfix 4 "commit ${aside:0:7} is not on main: ${merged:0:7} there has the same subject and author, but is another change" "$aside"

    # Too many commits, too many lines.
    for i in 1 2 3; do commit_file "n$i.txt" "$i"; done
    no_hotfix 4 'this is no hotfix: it has 3 commits, and environment prod allows 2' "$(git_ rev-parse HEAD~2)" "$(git_ rev-parse HEAD~1)" HEAD
    commit_file long.txt "$(seq 40)"
    no_hotfix 4 'this is no hotfix: it has 40 lines, and environment prod allows 30' HEAD

    # A merge without its side.
    git_ switch -q -c fix/merged HEAD~1
    commit_file side.txt 'of a side branch'
    git_ switch -q main
    git_ merge -q --no-ff -m 'merge fix/merged' fix/merged
    no_hotfix 7 'is a merge' HEAD
    run p hotfix HEAD --mainline 1 --onto release/1 --dry-run
    assert_success

    # Nothing in it; there already; another branch; no branch; no lane.
    git_ commit -q --allow-empty -m 'nothing'
    no_hotfix 7 'changes nothing' HEAD
    no_hotfix 7 "in 'release/1' already" "$(git_ rev-parse release/1)"
    git_ branch release/0 release/1~1
    run p hotfix "$merged" --onto release/0 --yes
    assert_failure 7
    assert_output --partial "is not on 'release/0'"
    run p hotfix "$merged" --onto main --yes
    assert_failure 2
    assert_output --partial "no environment has a lane for hotfixes of 'main'"
    run p hotfix "$merged" --yes
    assert_failure 2
    assert_output --partial 'a hotfix goes onto a branch'
}

# bats test_tags=fast
@test "what else is on the branch and not live would go along: refused" {
    live_branch
    commit_file fix.txt 'a fix'
    fix=$(git_ rev-parse HEAD)
    git_ switch -q release/1
    commit_file stowaway.txt 'half done'
    git_ switch -q main

    no_hotfix 7 "'release/1' has 1 commit that is not live in prod and would go along" "$fix"
}

@test "a conflict is listed, resolved by hand in a work tree of its own, and goes on" {
    live_branch
    git_ switch -q release/1
    git_ switch -q main
    sed -i 's/two/TWO/' "$REPO/song.txt"
    git_ commit -qam 'song: loud'
    sed -i 's/TWO/TWO!/' "$REPO/song.txt"
    git_ commit -qam 'song: very loud'
    fix=$(git_ rev-parse HEAD)

    no_hotfix 7 'song.txt' "$fix"
    assert_output --partial 'both changed the same lines'
    assert_output --partial 'git worktree add --detach ../hotfix release/1'
    assert_output --partial "git cherry-pick -x ${fix:0:7}"
    assert_output --partial 'hotfix --continue HEAD --onto release/1'

    git_ worktree add -q --detach "$D/hand" release/1
    git -C "$D/hand" cherry-pick -x "$fix" >/dev/null 2>&1 || true
    printf 'one\ntwo!\nthree\n' >"$D/hand/song.txt"
    git -C "$D/hand" add -A
    git -C "$D/hand" -c core.editor=true cherry-pick --continue >/dev/null
    made=$(git -C "$D/hand" rev-parse HEAD)

    p_background hotfix hotfix --continue "$made" --onto release/1 --yes
    opened r-2
    ends hotfix 0
    assert_equal "$(git_ rev-parse release/1)" "$made"
    assert_equal "$(audit_json hotfixes | jq -r '.rows[0].picks')" "${made:0:7} from ${fix:0:7} by hand"
}

@test "what a person made without saying where it came from is refused" {
    live_branch
    commit_file fix.txt 'a fix'
    git_ worktree add -q --detach "$D/hand" release/1
    git -C "$D/hand" cherry-pick main >/dev/null 2>&1

    no_hotfix 7 'does not say what it was picked from' --continue "$(git -C "$D/hand" rev-parse HEAD)"
    no_hotfix 7 "does not follow 'release/1'" --continue "$(git_ rev-parse main~1)"
}

@test "beside a live release: refused, waiting, or in its place; never two at once" {
    live_branch
    commit_file fix.txt 'a fix'
    fix=$(git_ rev-parse HEAD)
    git_ switch -q -c next release/1
    commit_file next.txt 'the next release'
    git_ branch release/2
    git_ switch -q main
    p_background next release prod release/2 --yes
    await 30 gate_of r-2 managers

    no_hotfix 7 "environment 'prod' has a live release: r-2" "$fix"
    assert_output --partial '--supersede takes it back first'
    run p hotfix "$fix" --onto release/1 --wait --supersede --yes
    assert_failure 2
    assert_output --partial '--wait and --supersede exclude each other'

    p_background waiting hotfix "$fix" --onto release/1 --wait --yes
    await 10 grep -q 'waits until release r-2 has ended' "$D/waiting.err"
    kill -TERM "$waiting_pid"
    wait "$waiting_pid" || true
    assert_equal "$(state_of r-2)" waiting

    p_background hotfix hotfix "$fix" --onto release/1 --supersede --yes
    ends next 6
    assert_equal "$(end_of r-2)" rolled_back
    opened r-3
    ends hotfix 0
    assert_equal "$(events r-2 decision.made | jq -r '.body.comment')" 'superseded by a hotfix of release/1'
}

@test "interrupted between the branch and the release, the same command goes on" {
    live_branch
    commit_file fix.txt 'a fix'
    fix=$(git_ rev-parse HEAD)
    # As the branch stands when it was moved and the machine went down.
    git_ worktree add -q "$D/hand" release/1
    git -C "$D/hand" cherry-pick -x "$fix" >/dev/null
    git_ worktree remove "$D/hand"
    tip=$(git_ rev-parse release/1)

    p_background hotfix hotfix "$fix" --onto release/1 --yes
    opened r-2
    ends hotfix 0
    assert_equal "$(git_ rev-parse release/1)" "$tip"
    assert_equal "$(show r-2 .release.commit)" "$tip"
}

@test "a branch that moved meanwhile is not overwritten" {
    live_branch
    commit_file fix.txt 'a fix'
    git_ branch release/1-mine release/1
    # It is checked out in somebody's work tree: moving it would show their files as changed.
    git_ worktree add -q "$D/theirs" release/1
    no_hotfix 7 "release/1" HEAD
    git_ worktree remove "$D/theirs"
}
