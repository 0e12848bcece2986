#!/usr/bin/env bats
# Secrets reach the instances and nothing else: no record, no plan, no command line.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup() { scenario_setup; }
teardown() { scenario_teardown; }

# secret_project ENTRY: the service says at its start what it was given as TOKEN, and never gets healthy.
secret_project()
{
    health='{get: /health, every: 100ms, timeout: 400ms, healthy: 2, unhealthy: 3, start: 1s}'
    misbehave=never-healthy
    project
    sed -i -e "s|^  env: {|&TOKEN: {$1}, |" \
        -e 's|start: \[./rooms,|start: [sh, -c, '\''echo "given: $$TOKEN" >\&2; exec ./rooms "$$@"'\'', rooms,|' \
        "$REPO/pipelines/prod.yaml"
    commit 1.0.0
}

# bats test_tags=fast
@test "an instance says its secret in its log: its last lines are shown, and kept, without it" {
    echo 'correct-horse-battery' >"$D/token"
    secret_project "from_file: $D/token"

    run p release prod --yes
    assert_failure 6
    assert_line --partial '| given: ***'
    refute_output --partial correct-horse
    grep -q '^given: correct-horse-battery$' "$REPO"/.penstock/logs/r-1/*
    run p audit export
    assert_success
    refute_output --partial correct-horse
    run grep -c correct-horse "$REPO/.penstock/record.db" "$REPO/.penstock/record.db-wal"
    refute_output --regexp ':[1-9]'
    # Evidence is kept as it was shown.
    run p show r-1
    assert_line --partial 'given: ***'
}

@test "a secret that is no text is refused before anything starts without it" {
    secret_project 'from_env: ROOMS_TOKEN'
    export ROOMS_TOKEN=$'pa\xff\xfess'

    run p release prod --yes
    assert_failure 6
    assert_line --partial "error[E0201]: the value of 'TOKEN' is no UTF-8 text"
    refute_output --partial "given:"
    unset ROOMS_TOKEN
    printf 'one\0two' >"$D/token"
    sed -i "s|from_env: ROOMS_TOKEN|from_file: $D/token|" "$REPO/pipelines/prod.yaml"
    commit 1.0.1
    run p release prod --yes
    assert_failure 6
    assert_line --partial "the value of 'TOKEN' is no UTF-8 text"
}
