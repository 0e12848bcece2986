#!/usr/bin/env bats
# What an environment demands of a release, judged on a real repository: branches, the trunk, earlier environments, the
# changelog; and the person who lets a rule be broken. The releases are of commands only.
# shellcheck disable=SC2154,SC2034 # bats and lib/scenario set and read variables of the tests

load lib/scenario

setup()
{
    scenario_setup
    cd "$D" || return 1
    mkdir -p work/pipelines
    cd work || return 1
    for environment in int prod; do
        cat >"pipelines/$environment.yaml" <<END
pipeline: $environment
environment: $environment
stages:
  - build
  - command: {run: ["true"], repeatable: true}
END
    done
    echo .penstock >.gitignore
    git init -q -b main .
}
teardown() { scenario_teardown; }

q()
{
    timeout -k 5 30 "$PENSTOCK" "$@" </dev/null
}

# demands TEXT: what prod demands, as a flow mapping's inside.
demands()
{
    cat >penstock.yaml <<END
project: demands
trunk: main
environments:
  int: {}
  prod: {allow_as: true, $1}
END
}

# change SUBJECT [FILE]: a commit of its own.
change()
{
    echo "$1" >>"${2:-notes}"
    git add -A
    git commit -q -m "$1"
}

short_of() { git rev-parse --short=7 "$1"; }

# refused TEXT HINT COMMIT: by plan, for prod.
refused()
{
    run --separate-stderr q plan prod "$3"
    [[ $status == 3 ]] || fail "plan ended with $status: $stderr"
    [[ ${stderr_lines[0]} == "error[E0202]: $1" ]] || fail "it says: $stderr"
    [[ $stderr == *"= help: $2"* ]] || fail "the hint is: $stderr"
}

taken()
{
    run q plan prod "$1"
    assert_success
}

@test "only commits of the environment's branches, whatever they are called here" {
    demands 'branches: ["release/*"]'
    change one
    refused "commit $(short_of main) is on no branch that environment 'prod' takes (release/*)" 'it is on: main' main
    git branch release/1
    taken release/1
    taken main
    assert_output --partial 'on release/1'
    # With an origin it is its branches that count, not this clone's.
    git clone -q --bare . "$D/origin.git"
    git remote add origin "$D/origin.git"
    git fetch -q origin
    change two
    git branch -f release/1
    refused "commit $(short_of main) is on no branch that environment 'prod' takes (release/*)" \
        'origin has it on no branch: git push' release/1
    git push -q origin release/1
    git fetch -q origin
    taken release/1
}

@test "only what is on the trunk, or proved to be picked from it" {
    demands 'from_trunk: true'
    change one
    git checkout -q -b release/1
    change aside aside
    refused "commit $(short_of HEAD) is neither on 'main' nor a proved pick from it" \
        "bring the change to 'main' first, then pick it from there" release/1
    git reset -q --hard main
    git checkout -q main
    change fix fix
    change more more
    git checkout -q release/1
    git cherry-pick -x 'main^' >/dev/null
    taken release/1
    git commit -q --amend -m 'fix, and says nothing'
    taken release/1
    # What it says does not count, but what it changes.
    echo 'something else' >>fix
    git commit -qa --amend -m "fix

(cherry picked from commit $(git rev-parse 'main^'))"
    refused "commit $(short_of HEAD) is neither on 'main' nor a proved pick from it" \
        "bring the change to 'main' first, then pick it from there" release/1
}

@test "only what succeeded elsewhere before: the commit, or the one it was picked from" {
    demands 'requires: [{released_to: int}]'
    change one
    refused "environment 'prod' wants the commit released to int first; $(short_of main) was not" \
        "penstock release int $(short_of main)" main
    git branch release/1
    q release int --yes >/dev/null 2>&1
    taken main
    assert_output --partial 'r-1 on int'
    change fix fix
    git checkout -q release/1
    git cherry-pick -x main >/dev/null
    refused "environment 'prod' wants the commit released to int first; $(short_of HEAD) was not" \
        "penstock release int $(short_of HEAD)" release/1
    q release int main --yes >/dev/null 2>&1
    taken release/1
}

@test "an override lets a rule be broken, by those who may, with a reason, and until its end" {
    demands 'branches: ["release/*"], overrides: {people: [ana]}'
    change one
    refused "commit $(short_of main) is on no branch that environment 'prod' takes (release/*)" \
        "it is on: main; or ana may: penstock override prod branches --for 2h --comment WHY" main
    run q override prod weather --for 2h --comment x --as ana
    assert_failure 2
    assert_line "error[E0101]: 'weather' is no rule that can be overridden"
    run q override prod branches --comment x --as ana
    assert_failure 2
    assert_line 'error[E0101]: an override needs an end'
    run q override prod branches --for 2h --comment x
    assert_failure 4
    run q override prod branches --for 2h --comment 'agreed with the shop' --as ana
    assert_success
    assert_line --regexp '^rule branches of prod may be broken until [0-9-]{10}T[0-9:]{8}Z$'
    taken main
    assert_output --partial "'ana' lets it be broken until "
    [[ $(q override prod branches --for 1h --comment again --as ana -o json |
        jq -r '[.kind, .environment, .rule, .release, .person] | @tsv') == $'override\tprod\tbranches\t\tana' ]]
}

@test "a release branch begins on the trunk, and the record knows who made it" {
    demands 'branches: ["release/*"]'
    change one
    run --separate-stderr q branch release/1
    assert_success
    [[ ${stderr_lines[0]} == "branch release/1 is at $(short_of main) (one)" ]]
    [[ $(git rev-parse release/1) == "$(git rev-parse main)" ]]
    [[ $(sqlite3 -readonly .penstock/record.db "SELECT kind, actor FROM event") == "branch.made|$(id -un)" ]]
    git checkout -q -b aside
    change two
    run q branch release/2 aside
    assert_failure 4
    assert_line "error[E0301]: $(short_of aside) is not on main: a release branch begins there"
    assert_line '  = help: merge it into main first'
    [[ $(q branch release/3 main -o json | jq -r '[.kind, .branch, .trunk] | @tsv') == $'branch\trelease/3\tmain' ]]
    run q branch release/1
    assert_failure 7
}
