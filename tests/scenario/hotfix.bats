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
    assert_output --partial "git -C ../hotfix cherry-pick -x ${fix:0:7}"
    assert_output --partial 'hotfix --continue $(git -C ../hotfix rev-parse HEAD) --onto release/1'

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

# What somebody types who is in the repository.
in_repo() { (cd "$REPO" && eval "$1") </dev/null; }
# printed N: the Nth of the commands that a conflict advises.
printed() { sed -n "s/^  \(.*[^ ]\)   *$1\. .*/\1/p" <<<"$stderr"; }

@test "a pick made by hand is enough where prod wants picks of what int has seen; with the printed commands, word for word" {
    prod_rules='branches: ["release/*"]
    from_trunk: true
    requires: [{released_to: int}]'
    lanes_project
    commit_file song.txt $'one\ntwo\nthree'
    released int main
    git_ branch release/1
    released prod release/1
    sed -i 's/two/TWO/' "$REPO/song.txt"
    git_ commit -qam 'song: loud'
    sed -i 's/TWO/TWO!/' "$REPO/song.txt"
    git_ commit -qam 'song: very loud'
    fix=$(git_ rev-parse HEAD)
    released int main

    run --separate-stderr in_repo "$PENSTOCK hotfix $fix --onto release/1 --environment prod --yes"
    assert_failure 7
    second=$(printed 2) third=$(printed 3)
    in_repo "$(printed 1)"
    run ! in_repo "$second"
    printf 'one\ntwo!\nthree\n' >"$D/hotfix/song.txt"
    git -C "$D/hotfix" add -A
    git -C "$D/hotfix" -c core.editor=true cherry-pick --continue >/dev/null
    # shellcheck disable=SC2046
    p_background hotfix $(in_repo "echo ${third#*penstock }") --yes
    opened r-4
    ends hotfix 0
    assert_equal "$(git_ log -1 --format=%s release/1)" 'song: very loud'
    assert_equal "$(show r-4 '[.terms.rules[] | .verdict] | unique | join(" ")')" met
    # The record knows it from now on: what follows on the branch is judged with it.
    run p plan prod release/1
    assert_success
}

@test "whoever wrote the fix wrote the pick, whatever name a person made it under" {
    live_branch
    commit_file fix.txt 'a fix' 'Chi <chi@example.org>'
    git_ worktree add -q --detach "$D/hand" release/1
    git -C "$D/hand" cherry-pick -x main >/dev/null
    echo 'by hand' >>"$D/hand/fix.txt"
    git -C "$D/hand" commit -qa --amend --no-edit --reset-author
    p_background hotfix hotfix --continue "$(git -C "$D/hand" rev-parse HEAD)" --onto release/1 --yes
    opened r-2
    ends hotfix 0
    run p review r-2 --as chi --comment 'fine'
    assert_failure 4
    assert_output --partial "'chi' wrote commits of r-2; somebody else reviews it"
    run p review r-2 --as bo --comment 'fine'
    assert_success
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

    # What cannot move the branch takes nothing back for it.
    git_ worktree add -q "$D/theirs" release/1
    no_hotfix 7 "the branch 'release/1' is checked out" "$fix" --supersede
    git_ worktree remove "$D/theirs"
    assert_equal "$(state_of r-2)" waiting

    p_background hotfix hotfix "$fix" --onto release/1 --supersede --yes
    ends next 6
    assert_equal "$(end_of r-2)" rolled_back
    opened r-3
    ends hotfix 0
    assert_equal "$(events r-2 decision.made | jq -r '.body.comment')" 'superseded by a hotfix of release/1'
}

@test "one that nobody runs is taken back by the hotfix itself, whose exit code, document and advice are its own" {
    live_branch
    commit_file fix.txt 'a fix'
    fix=$(git_ rev-parse HEAD)
    git_ switch -q -c next release/1
    commit_file next.txt 'the next release'
    git_ branch release/2
    git_ switch -q main
    run p release prod release/2 --yes --until-gate
    assert_failure 8
    # A rule of the environment that the hotfix does not meet costs the live release nothing.
    before=$prod_rules
    prod_rules+='
    requires: [{released_to: int}]'
    lanes_yaml
    no_hotfix 3 "environment 'prod' wants the commit released to int first" "$fix" --supersede
    assert_equal "$(state_of r-2)" waiting
    prod_rules=$before
    lanes_yaml

    run --separate-stderr p hotfix "$fix" --onto release/1 --supersede --yes --detach -o json
    assert_success
    assert_equal "$(end_of r-2)" rolled_back
    assert_equal "$(jq -sr '[.[] | .kind, .release, (.next | length)] | join(" ")' <<<"$output")" 'detached r-3 1'
    await 30 gate_of r-3 on-call
    # It has not ended: nobody can have looked at it afterwards.
    run p status prod
    refute_output --partial 'review'
    assert_equal "$(audit_json reviews | jq '.rows | length')" 0
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

@test "interrupted so, a pick made by hand goes on too" {
    live_branch
    commit_file fix.txt 'a fix'
    git_ worktree add -q --detach "$D/hand" release/1
    git -C "$D/hand" cherry-pick -x main >/dev/null
    echo 'by hand' >>"$D/hand/fix.txt"
    git -C "$D/hand" commit -qa --amend --no-edit
    made=$(git -C "$D/hand" rev-parse HEAD)
    git_ branch -f release/1 "$made"

    p_background hotfix hotfix --continue "$made" --onto release/1 --yes
    opened r-2
    ends hotfix 0
    assert_equal "$(show r-2 .release.commit)" "$made"
    # It is live now, and nothing is left to go on with.
    no_hotfix 7 "${made:0:7} does not follow 'release/1', which is at ${made:0:7}" --continue "$made"
}

# bats test_tags=fast
@test "with an origin its trunk counts, and the others have to be given the branch; one that only origin has is not moved" {
    live_branch
    git_ init -q --bare "$D/origin.git"
    git_ remote add origin "$D/origin.git"
    git_ push -q origin main release/1
    commit_file fix.txt 'not pushed'
    fix=$(git_ rev-parse HEAD)
    # A branch of the clone is not origin's, whatever it is called.
    git_ branch origin/main
    no_hotfix 4 "commit ${fix:0:7} is not on origin/main" "$fix"

    git_ push -q origin main
    git_ switch -q --detach
    git_ branch -qf main release/1
    p_background hotfix hotfix "$fix" --onto release/1 --yes --until-gate
    ends hotfix 8
    grep -q '^  git push origin release/1 .* let the others have it$' "$D/hotfix.err"
    run p abort r-2 --yes --comment 'not now'
    assert_failure 5

    git_ push -q origin release/1
    git_ branch -qD release/1
    no_hotfix 1 "'release/1' is a branch of origin only" "$fix"
    assert_output --partial 'git branch release/1 origin/release/1'
}

# bats test_tags=fast
@test "a branch whose name the record cannot hold is refused before anything is done" {
    live_branch
    commit_file fix.txt 'a fix'
    git_ branch $'release/\xff' release/1
    before=$(fingerprint)
    run p hotfix HEAD --onto $'release/\xff' --yes
    assert_failure 2
    assert_output --partial 'is not UTF-8, and the record holds nothing else'
    assert_equal "$(fingerprint)" "$before"
    run p branch $'release/\xfe'
    assert_failure 2
    assert_output --partial 'is not UTF-8, and the record holds nothing else'
    assert_equal "$(p history -o json | jq '.releases | length')" 1
}

@test "what a killed git leaves is in nobody's way for longer than it is told" {
    live_branch
    commit_file fix.txt 'a fix'
    touch "$REPO/.git/refs/heads/release/1.lock"
    git_ pack-refs --all 2>/dev/null || true
    run --separate-stderr p hotfix HEAD --onto release/1 --yes
    assert_failure
    [[ ${stderr_lines[*]} == *"another program is changing the branch 'release/1' at this moment"* ]]
    eval "$(sed -n 's/.*nothing works on it any more: //p' <<<"$stderr")"
    run p hotfix HEAD --onto release/1 --yes --until-gate
    assert_failure 8
}

@test "two hotfixes at once: one goes, the other one is told" {
    live_branch
    commit_file fix.txt 'a fix'
    one=$(git_ rev-parse HEAD)
    commit_file other.txt 'another fix'
    two=$(git_ rev-parse HEAD)
    before=$(git_ rev-parse release/1)

    p_background first hotfix "$one" --onto release/1 --yes --until-gate
    p_background second hotfix "$two" --onto release/1 --yes --until-gate
    wait "$first_pid" && status=0 || status=$?
    wait "$second_pid" && other=0 || other=$?
    [[ "$status $other" == '8 7' || "$status $other" == '7 8' ]] ||
        fail "they ended with $status and $other: $(cat "$D/first.err" "$D/second.err")"
    assert_equal "$(git_ rev-list --count "$before..release/1")" 1
    assert_equal "$(show r-2 .release.commit)" "$(git_ rev-parse release/1)"
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
