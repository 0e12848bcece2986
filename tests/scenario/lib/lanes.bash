# Three environments and their rules, for branch_to_prod.bats and rules.bats. Needs lib/scenario.

# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# Everything that a test may say before lanes_project.
lanes_defaults()
{
    E2E_PORT=$(free_port) INT_PORT=$(free_port)
    int_rules='branches: [main]'
    prod_rules='branches: ["release/*"]
    from_trunk: true
    requires: [{released_to: int}]
    changelog: CHANGELOG.md'
    overrides='{people: [bo, chi], barred: [requester, authors]}'
    hotfix='{max_commits: 2, max_files: 3, max_lines: 30, gate: on-call, review_within: 48h, ladder: [{share: 50%, hold: 200ms}, {share: 100%}]}'
    requester=$(id -un)
}

# lanes_pipeline ENVIRONMENT PORT STEPS
lanes_pipeline()
{
    local environment=$1 port=$2

    steps=$3 PORT=$port traffic="managed: {bind: \"127.0.0.1:$port\"}"
    pipeline
    [[ $environment == prod ]] && return
    sed "s/^pipeline: prod/pipeline: $environment/; s/^environment: prod/environment: $environment/" \
        "$REPO/pipelines/prod.yaml" >"$REPO/pipelines/$environment.yaml"
}

lanes_project()
{
    PORT_PROD=$PORT

    mkdir -p "$REPO/pipelines" "$STORE"
    cat >"$REPO/build.sh" <<END
cp "$PENSTOCK_FIXTURES/rooms" VERSION "\$1"
END
    echo .penstock/ >"$REPO/.gitignore"
    lanes_yaml
    prober='{get: /, every: 50ms, max_failed: 0}'
    lanes_pipeline e2e "$E2E_PORT" '[{share: 100%}]'
    lanes_pipeline int "$INT_PORT" '[{share: 50%, hold: 100ms}, {share: 100%}]'
    lanes_pipeline prod "$PORT_PROD" '[{share: 10%, hold: 200ms}, {share: 50%, gate: managers}, {share: 100%, hold: 200ms}]'
    git -C "$REPO" init -q -b main
    git -C "$REPO" config user.name tester
    git -C "$REPO" config user.email tester@example.org
    change_log 'begun'
    commit 1.0.0
}

# penstock.yaml, from the variables of lanes_defaults; not committed by itself.
lanes_yaml()
{
    cat >"$REPO/penstock.yaml" <<END
project: rooms
people:
  ana: [ana@example.org]
  bo: [bo@example.org]
environments:
  e2e:
    allow_as: true
    branches: ["feature/*", "fix/*"]
    short_lived: {keep: 72h}
  int:
    allow_as: true
    $int_rules
  prod:
    allow_as: true
    $prod_rules
    overrides: $overrides
    gates:
      managers: {people: [ana, bo, chi], approvals: 1, barred: [requester, authors], expires: 1h}
      on-call: {people: [ana, bo, chi], barred: [requester], expires: 1h}
    hotfix: $hotfix
END
}

change_log() { echo "- $1" >>"$REPO/CHANGELOG.md"; }

git_() { git -C "$REPO" "$@"; }

# commit_file NAME TEXT [AUTHOR]: one change on the branch that is checked out.
commit_file()
{
    mkdir -p "$(dirname "$REPO/$1")"
    printf '%s\n' "$2" >>"$REPO/$1"
    git_ add -A
    git_ commit -q ${3:+--author="$3"} -m "$1: $2"
}

# released ENVIRONMENT COMMIT [OPTIONS...]: a whole release that succeeds.
released()
{
    local environment=$1 commit=$2

    shift 2
    p release "$environment" "$commit" --yes "$@" >"$D/released.out" 2>"$D/released.err" ||
        fail "release of $commit to $environment failed: $(cat "$D/released.out" "$D/released.err")"
}

# released_prod ID COMMIT: with its gate opened by bo.
released_prod()
{
    p_background prod release prod "$2" --yes
    await 30 gate_of "$1" managers
    p approve "$1" --as bo --yes --comment 'looks right'
    ends prod 0
}

gate_of() { [[ $(show "$1" .waiting.gate) == "$2" ]]; }
audit_json() { p audit "$@" -o json 2>/dev/null; }
