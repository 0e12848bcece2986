#!/usr/bin/env bats
# The words of the hotfix command: what is refused, what --dry-run tells, what is told about conflicts.
# shellcheck disable=SC2154,SC2034 # bats and lib/scenario set and read variables of the tests

load lib/scenario

setup()
{
    scenario_setup
    steps='[{share: 100%}]'
    until='{}'
    gates='on-call: {people: [ana, bo], barred: [requester], expires: 1h}'
}
teardown() { scenario_teardown; }

git_at() { git -C "$REPO" "$@"; }
id_of() { git_at rev-parse "$1"; }
short_of() { git_at rev-parse --short=7 "$1"; }

# change SUBJECT [FILE [TEXT]]: a commit of its own; sets $id.
change()
{
    printf '%s\n' "${3:-$1}" >>"$REPO/${2:-notes}"
    git_at add -A
    git_at commit -q -m "$1"
    id=$(id_of HEAD)
}

# release/1 is live, and main is one commit further: $fix.
lane()
{
    project
    sed -i "s/^environments:/trunk: main\n&/
        s/^    allow_as: true/&\n    branches: [\"release\/*\"]\n    hotfix: {gate: on-call, max_commits: 2, max_files: 2, max_lines: 5, ladder: [{share: 100%}]}/" \
        "$REPO/penstock.yaml"
    change 'how it begins'
    git_at branch release/1
    p release prod release/1 --yes >"$D/first.out" 2>&1 || fail "the first release failed: $(<"$D/first.out")"
    change 'mend the door' door
    fix=$id
}


# refused STATUS TEXT ARGUMENTS...: of hotfix; with the hint in $hint.
refused()
{
    local wanted=$1 text=$2

    shift 2
    run --separate-stderr p hotfix "$@"
    [[ $status == "$wanted" ]] || fail "'hotfix $*' ended with $status: $stderr"
    [[ $(grep -m1 '^error' <<<"$stderr") =~ ^error\[E[0-9]{4}\]:\ (.*)$ && ${BASH_REMATCH[1]} == "$text" ]] ||
        fail "'hotfix $*' says: $stderr"
    hint=$(sed -n 's/^  = help: //p' <<<"$stderr")
}

@test "what is no hotfix is refused, and nothing has changed" {
    lane
    before=$(id_of release/1)
    refused 2 'a hotfix goes onto a branch' "$fix"
    [[ $hint == 'name the one that is live with --onto' ]]
    refused 2 '--wait and --supersede exclude each other' "$fix" --onto release/1 --wait --supersede
    refused 2 "no environment has a lane for hotfixes of 'main'" "$fix" --onto main
    refused 4 "environment prod is not released from 'main'" "$fix" --onto main --environment prod
    refused 1 "'int' is not an environment of penstock.yaml" "$fix" --onto release/1 --environment int

    git_at checkout -q -b side release/1
    change 'mend it somewhere else' other
    git_at checkout -q main
    refused 4 "commit ${id:0:7} is not on main" "$id" --onto release/1
    [[ $hint == 'a fix goes there first, or the next release loses it: merge it, then try again' ]]
    git_at branch -qD side

    git_at checkout -q -b release/2
    git_at checkout -q main
    refused 7 "'release/2' has 1 commit that is not live in prod and would go along: $(short_of release/2) (mend the door)" \
        "$fix" --onto release/2
    [[ $hint == 'release them first, or take them off the branch' ]]
    git_at branch -qD release/2

    git_at checkout -q --orphan release/3
    git_at commit -q -m 'from nothing'
    git_at checkout -q main
    refused 7 "what is live in prod, $(short_of release/1), is not on 'release/3'" "$fix" --onto release/3
    [[ $hint == "pick onto the branch that is live: git branch --contains $(short_of release/1)" ]]
    git_at branch -qD release/3
    git_at tag release/4 release/1
    refused 2 "'release/4' is no branch: a hotfix goes onto one" "$fix" --onto release/4

    change 'much' much $'1\n2\n3\n4\n5\n6'
    refused 4 'this is no hotfix: it has 6 lines, and environment prod allows 5' "$id" --onto release/1
    [[ $hint == "release it the ordinary way: penstock -C $REPO release prod release/1" ]]
    [[ $(id_of release/1) == "$before" ]]
    [[ $(p history -o json | jq '.releases | length') == 1 ]]
    take_down
}

@test "--dry-run tells all that was looked at; a conflict, and how it is resolved by hand" {
    lane
    run --separate-stderr p hotfix "$fix" --onto release/1 --dry-run
    assert_success
    assert_line "✓ branch  $(short_of release/1) is live in prod"
    assert_line '✓ trunk   1 on main'
    assert_line "✓ pick    clean onto $(short_of release/1)"
    assert_line '✓ size    1 of 2 commits, 1 of 2 files, 1 of 5 lines'
    [[ $stderr == *"hotfix $fix --onto release/1   do it"* ]]
    change 'mend the window' window
    run --separate-stderr p hotfix "$fix" "$id" --onto release/1 --environment prod --dry-run
    assert_success
    [[ $stderr == *"hotfix $fix $id --onto release/1 --environment prod   do it"* ]]

    git_at checkout -q release/1
    sed -i '1s/.*/here/' "$REPO/notes"
    change 'another beginning' here
    git_at checkout -q main
    p release prod release/1 --yes >"$D/second.out" 2>&1 || fail "the second release failed: $(<"$D/second.out")"
    sed -i '1s/.*/there/' "$REPO/notes"
    change 'yet another' there
    run --separate-stderr p hotfix "$id" --onto release/1 --dry-run
    assert_failure
    assert_line --partial '✗ pick '
    [[ $stderr == *'notes: both changed the same lines'*'    base '*'  branch '*'  commit '* ]] || fail "$stderr"
    [[ $stderr == *'git worktree add --detach ../hotfix release/1 '*' 1. a work tree beside yours'* ]]
    [[ $stderr == *"git -C ../hotfix cherry-pick -x ${id:0:7} "*' 2. resolve what conflicts there'* ]]
    [[ $stderr == *'hotfix --continue $(git -C ../hotfix rev-parse HEAD) --onto release/1 '*' 3. the hotfix goes on with what you made'* ]]
    [[ $(p hotfix "$id" --onto release/1 --dry-run -o json 2>/dev/null | jq -c '[.kind, [.checks[] | [.check, .ok]]]') == \
        '["hotfix",[["branch",true],["trunk",true],["pick",false]]]' ]]

    git_at worktree add -q --detach "$D/hotfix" release/1
    git -C "$D/hotfix" cherry-pick -x "$id" >/dev/null 2>&1 || true
    echo both >"$D/hotfix/notes"
    git -C "$D/hotfix" add -A
    git -C "$D/hotfix" commit -q -m 'resolved, but nobody knows from where'
    made=$(git -C "$D/hotfix" rev-parse HEAD)
    refused 7 "${made:0:7} (resolved, but nobody knows from where) does not say what it was picked from" \
        --continue "$made" --onto release/1
    [[ $hint == 'make it with git cherry-pick -x, which writes that down' ]]
    git -C "$D/hotfix" commit -q --amend -m "yet another

(cherry picked from commit $id)"
    made=$(git -C "$D/hotfix" rev-parse HEAD)
    refused 7 "${fix:0:7} does not follow 'release/1', which is at $(short_of release/1)" --continue "$fix" --onto release/1
    refused 2 '--continue takes one commit: the last of the picks you made' --continue "$made" "$fix" --onto release/1
    run --separate-stderr p hotfix --continue "$made" --onto release/1 --dry-run
    assert_success
    assert_line '✓ pick    made by hand'
    take_down
}
