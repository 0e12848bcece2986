#!/usr/bin/env bats
# What follows after a release has ended: going back by a new release of an earlier commit, and the end of environments
# that were made for a while.
# shellcheck disable=SC2154,SC2034 # bats and lib/scenario set and read variables of the tests

load lib/scenario

setup()
{
    scenario_setup
    steps='[{share: 100%}]'
    until='{}'
}
teardown() { scenario_teardown; }

@test "after the old unit is gone, rollback is a new release of the earlier commit, and says so" {
    project
    first_release
    run --separate-stderr p rollback prod --yes
    assert_failure 1
    [[ ${stderr_lines[0]} == "error[E0302]: no earlier release of 'prod' succeeded with another commit" ]]
    first=$(show r-1 .release.commit)
    old=$(unit_of r-1)
    commit 2.0.0
    run p release prod --yes
    assert_success
    run p rollback prod
    assert_failure 2
    assert_line "error[E0101]: nobody can be asked: release ${first:0:7} of r-1 to prod again, as r-3?"
    run p rollback prod --yes
    assert_success
    assert_line "$old does not stand any more: this is a new release of its commit ${first:0:7}"
    [[ $(show r-3 '[.release.commit, .release.end] | @tsv') == "$first"$'\tsucceeded' ]]
    # Back to r-3 would be to where it stands: so it is the last one with another commit.
    run p rollback r-3 --yes
    assert_success
    [[ $(show r-4 .release.commit) == "$(show r-2 .release.commit)" ]]
    # Back to a release by its name.
    run p rollback 1 --yes
    assert_success
    [[ $(show r-5 .release.commit) == "$first" ]]
    # One that never served cannot be undone: that would take back what serves.
    misbehave=sick
    pipeline
    commit 3.0.0
    run p release prod --yes
    assert_failure 6
    run --separate-stderr p rollback r-6 --yes
    assert_failure 7
    [[ ${stderr_lines[0]} == 'error[E0303]: release r-6 ended rolled_back: there is nothing of it to take back' ]] || fail "$stderr"
    [[ $stderr == *'rollback prod   back to the one before what is live'* ]]
    [[ $(p history -o json | jq '.releases | length') == 6 ]]
    take_down
}

@test "a rollback that is a new release stops at its gate, for a CI job" {
    steps='[{share: 50%, gate: managers}, {share: 100%}]'
    project
    first_release
    commit 2.0.0
    run p release prod --yes --until-gate
    assert_failure 8
    p approve prod --as ana --yes
    run p resume prod
    assert_success
    run p rollback prod --yes --until-gate
    assert_failure 8
    assert_equal "$(show r-3 .waiting.gate)" managers
    run p abort prod --yes
    assert_failure 5
    take_down
}

@test "an environment that was made for a while is cleaned up when its time is over, and not before" {
    project
    sed -i 's/^    allow_as: true$/&\n    short_lived: {keep: 1h}/' "$REPO/penstock.yaml"
    commit 1.0.1
    first_release
    unit=$(unit_of r-1)
    run --separate-stderr p clean --dry-run
    assert_success
    [[ ${lines[0]} =~ ^environment\ +unit\ +kept\ until$ ]]
    [[ ${lines[1]} =~ ^prod\ +$unit\ +[0-9-]{10}T[0-9:]{8}Z\ +(1h|59m[0-9]*s?)\ left$ ]] || fail "it says: ${lines[1]}"
    run --separate-stderr p clean prod --yes
    assert_success
    [[ ${stderr_lines[0]} == 'nothing is over yet' ]]
    run p clean int
    assert_failure 1
    assert_line "error[E0302]: 'int' is not an environment of penstock.yaml"
    # An hour later.
    sqlite3 "$REPO/.penstock/record.db" 'UPDATE environment SET keep_until_ms = keep_until_ms - 3600000'
    run p clean --dry-run
    assert_line --regexp "^prod +$unit +[0-9-]{10}T[0-9:]{8}Z +its time is over$"
    [[ $(p clean --dry-run -o json | jq -r '[.kind, .environments[].live_unit] | @tsv') == $'kept\t'"$unit" ]]
    run p clean
    assert_failure 2
    assert_line 'error[E0101]: nobody can be asked: destroy everything of environment prod, with its front door?'
    run p clean --yes
    assert_success
    assert_line '1 of 1 cleaned'
    assert_nothing_left
    run --separate-stderr p clean
    assert_success
    [[ -z $output && ${stderr_lines[0]} == 'no short-lived environment stands' ]]
}
