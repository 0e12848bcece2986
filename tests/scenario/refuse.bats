#!/usr/bin/env bats
# What is refused, and in which words: a second release, a second runner, a plan that went stale, and approvals that do
# not count.

# shellcheck disable=SC2034,SC2154 # variables of lib/scenario.bash
load lib/scenario

setup()
{
    scenario_setup
    gates='managers: {people: [ana, bo, chi], approvals: 1, expires: 1h}'
    steps='[{share: 50%, gate: managers}, {share: 100%}]'
}
teardown() { scenario_teardown; }

# at_the_gate: the second release waits for people, in the background.
at_the_gate()
{
    project
    first_release
    old=$(pids_of r-1 new)
    commit 2.0.0
    p_background second release prod --yes
    await 20 gate_waits
}

gate_waits() { [[ $(show r-2 .waiting.kind) == gate ]]; }

# After run --separate-stderr: what follows is asserted of stderr.
look_at_stderr()
{
    # shellcheck disable=SC2154 # bats sets it
    output=$stderr
    mapfile -t lines <<<"$stderr"
}

ISO='[0-9-]{10}T[0-9:]{8}Z'

# ---------------------------------------------------------------------------------------------------------------------
# One release, one runner

# bats test_tags=fast
@test "a second release for the environment: refused, with who has it, since when, and what to do" {
    at_the_gate

    run --separate-stderr p release prod --yes
    assert_failure 7
    assert_output ''
    look_at_stderr
    assert_line --regexp "^error\[E0303\]: environment 'prod' has a live release: r-2, waiting since $ISO \(gate managers opens the way to 50% waits for people\), asked for by $requester$"
    assert_line --regexp ' -C .* watch r-2 +follow it$'
    assert_line --regexp ' -C .* show r-2 +why it is where it is$'
    assert_equal "$(sqlite3 -readonly "$REPO/.penstock/record.db" 'SELECT count(*) FROM release')" 2

    run --separate-stderr p release prod --yes -o json
    assert_failure 7
    assert_equal "$(jq -c '[.kind, .code, .exit_code, .release]' <<<"$stderr")" '["error","E0303",7,"r-2"]'
    run p destroy prod --confirm prod
    assert_failure 7
    # Its new unit is not left over: nobody is told to destroy it.
    run p plan prod
    assert_failure 7
    assert_line --regexp "^error\[E0303\]: environment 'prod' has a live release: r-2, waiting since $ISO "
    assert_line --regexp ' -C .* watch r-2 +follow it$'
}

@test "a second runner for the release: refused, with who it is, and since when" {
    at_the_gate

    run p resume r-2
    assert_failure 7
    assert_line --regexp "^error\[E0304\]: environment 'prod' is held by release r-2 \(pid $second_pid of $requester on $(hostname), since [0-9]+s ago\)$"
    assert_line --regexp '^  = help: penstock -C .* watch r-2$'
    # It did nothing, and the other one goes on.
    assert_equal "$(events r-2 runner.started | wc -l)" 1
    p approve r-2 --as ana --yes
    ends second 0
}

@test "a release that waits for its runner's return: refused, with the command that goes on" {
    at_the_gate
    kill -KILL "$second_pid"
    wait "$second_pid" || true

    run p release prod --yes
    assert_failure 7
    assert_line --partial "environment 'prod' has a live release: r-2, waiting since "
    assert_line --regexp ' -C .* resume r-2 +go on with it: no runner is alive$'
    run p status prod
    assert_output --partial 'gate managers'
    p approve r-2 --as ana --yes
    run p resume r-2
    assert_success
}

@test "the record moved between the plan and the yes: the plan is stale, nothing is begun" {
    project
    first_release
    commit 2.0.0
    at_terminal person release prod
    await 10 shows person 'release '"$(git -C "$REPO" rev-parse --short=7 HEAD)"' to prod as r-2? [y/N]'
    # Somebody else was faster.
    steps='[{share: 100%}]'
    pipeline
    p release prod --yes >/dev/null 2>&1

    types y
    ends person 7
    shows person "error[E0303]: the plan is stale: release r-2 changed environment 'prod' since" ||
        fail "$(tail -n 20 "$D/person.tty")"
    shows person "= help: penstock -C $REPO plan prod"
    assert_equal "$(sqlite3 -readonly "$REPO/.penstock/record.db" 'SELECT count(*) FROM release')" 2
}

@test "a no at the question: nothing is done" {
    project
    first_release
    commit 2.0.0
    at_terminal person release prod
    await 10 shows person '? [y/N]'
    types n

    ends person 0
    shows person 'nothing was done'
    run p release prod
    assert_failure 2
    assert_line --regexp "^error\[E0101\]: nobody can be asked: release [0-9a-f]{7} to prod as r-2\?$"
    assert_line '  = help: answer beforehand with --yes'
    assert_equal "$(sqlite3 -readonly "$REPO/.penstock/record.db" 'SELECT count(*) FROM release')" 1
}

# ---------------------------------------------------------------------------------------------------------------------
# Gates

# bats test_tags=fast
@test "two different people must approve: not the requester, not a stranger, nobody twice" {
    gates="managers: {people: [ana, bo, $requester], approvals: 2, barred: [requester], expires: 1h}"
    at_the_gate

    run p approve r-2 --yes
    assert_failure 4
    assert_line "error[E0301]: '$requester' asked for this release; gate 'managers' wants somebody else"
    run p approve r-2 --as eve --yes
    assert_failure 4
    assert_line "error[E0301]: 'eve' is not one of the people of gate 'managers'"
    assert_line "  = help: these are: ana, bo, $requester"
    run p approve r-2 managers --as ana --yes -m 'looks good'
    assert_success
    assert_line 'r-2: approve by ana is in the record'
    run p approve r-2 managers --as ana --yes
    assert_failure 4
    assert_line "error[E0301]: 'ana' has already approved gate 'managers'; it wants 2 different people"
    assert_equal "$(show r-2 '.waiting | [.gate, (.approved_by | join(",")), (.people | join(",")), .approvals] | @json')" \
        '["managers","ana","bo",2]'
    assert_equal "$(stage_state r-2 shift)" waiting
    run p approve r-2 other --as bo --yes
    assert_failure
    assert_line "error[E0302]: no gate 'other' of r-2 was asked yet"
    assert_line "  = help: what waits: 'managers'"

    run p approve r-2 managers --as bo --yes
    assert_success
    ends second 0
    # All of it is in the record: the refusals with their reasons, the approvals as used.
    assert_equal "$(show r-2 '.decisions[] | [.person, .decision, .refused != null, .used] | @json')" \
        "$(printf '%s\n' "[\"$requester\",\"approve\",true,false]" '["eve","approve",true,false]' \
            '["ana","approve",false,true]' '["ana","approve",true,false]' '["bo","approve",false,true]')"
    p show r-2 -o json | assert_fits_schema
    run p approve r-2 --as bo --yes
    assert_failure 7
    assert_line 'error[E0303]: release r-2 has already ended: succeeded'
}

@test "the environment does not allow --as: nobody acts in another person's name" {
    at_the_gate
    sed -i 's/allow_as: true/allow_as: false/' "$REPO/penstock.yaml"

    run p approve r-2 --as ana --yes
    assert_failure 4
    assert_line "error[E0301]: you are '$requester'; environment 'prod' does not allow --as"
    assert_equal "$(show r-2 '.decisions | length')" 0
}

# bats test_tags=fast
@test "a name that is no login name: nothing is planned" {
    project
    for who in '' -x $'an\xe9'; do
        run --separate-stderr p plan prod "--as=$who"
        assert_failure 2
        assert_equal "$stderr" "error[E0101]: '${who/$'\xe9'/$'\ufffd'}' is no login name"
    done
}

@test "another project file at hand does not allow --as for a release that was planned without it" {
    project
    sed -i '/allow_as: true/d' "$REPO/penstock.yaml"
    git -C "$REPO" commit -q -a -m 'nobody acts for another'
    first_release
    commit 2.0.0
    p_background second release prod --yes
    await 20 gate_waits
    sed 's/^  prod:$/&\n    allow_as: true/' "$REPO/penstock.yaml" >"$REPO/mine.yaml"

    run p -f mine.yaml approve r-2 --as ana --yes
    assert_failure 4
    assert_line "error[E0301]: you are '$requester'; release r-2 does not allow --as"
    assert_line "  = help: environment 'prod' did not when it was planned"
    assert_equal "$(show r-2 '.decisions | length')" 0
    run p abort r-2 --yes
    assert_failure 5
    ends second 5
}

# as_user NAME ARGUMENTS...: the program as another user of the machine, who is in the group `users`.
as_user()
{
    timeout -k 5 90 setpriv --reuid "$1" --regid nogroup --groups users "$PENSTOCK" -C "$REPO" "${@:2}" </dev/null
}

@test "two users of the machine approve, and nobody believes them to be others" {
    [[ $(id -u) == 0 ]] || skip 'only root can become somebody else'
    setpriv --reuid nobody --regid nogroup --clear-groups test -x "$PENSTOCK" || skip 'others cannot reach the program'
    gates='managers: {people: [nobody, daemon], approvals: 2, barred: [requester], expires: 1h}'
    project
    first_release
    run as_user nobody status prod
    assert_failure 1
    assert_line "error[E0501]: you may not read the record in '$REPO/.penstock'"
    # As docs/explanation/security.md says; the second release makes its own files in there.
    chgrp -R users "$REPO/.penstock"
    chmod -R g+rwX "$REPO/.penstock"
    find "$REPO/.penstock" -type d -exec chmod g+s {} +
    commit 2.0.0
    p_background second release prod --yes
    await 20 gate_waits

    SUDO_USER=daemon SUDO_UID=1 LOGNAME=daemon USER=daemon run as_user nobody approve r-2 --yes
    assert_success
    assert_line 'r-2: approve by nobody is in the record'
    run as_user nobody approve r-2 --yes
    assert_failure 4
    assert_line "error[E0301]: 'nobody' has already approved gate 'managers'; it wants 2 different people"
    as_user daemon approve r-2 --yes
    ends second 0
    assert_equal "$(show r-2 '[.decisions[] | select(.used) | .person] | join(" ")')" 'nobody daemon'
    p audit verify
}

@test "a no at the gate: the release goes back and ends rejected" {
    at_the_gate

    run p reject r-2 --as bo --yes -m 'not before the holidays'
    assert_success
    ends second 5
    assert_equal "$(end_of r-2)" rejected
    assert_equal "$(show r-2 .why)" 'gate managers was rejected by bo'
    grep -qE 'decision\.made +rejected by bo: not before the holidays' "$D/second.out"
    # shellcheck disable=SC2086
    alive $old
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 1.0.0
    take_down
}

@test "nobody comes to the gate: it ends expired where the gate says reject" {
    gates='managers: {people: [ana], approvals: 1, expires: 1s, on_expiry: reject}'
    project
    first_release
    commit 2.0.0

    run p release prod --yes
    assert_failure 5
    assert_line --regexp 'gate\.expired +nobody opened it in time'
    assert_equal "$(end_of r-2)" expired
    assert_equal "$(show r-2 .why)" 'nobody opened gate managers in time'
    assert_equal "$(curl -fsS "$URL/" | jq -r .version)" 1.0.0
    take_down
}

@test "nobody comes to the gate: held where the gate says hold, and asked again after a retry" {
    gates='managers: {people: [ana], approvals: 1, expires: 1s, on_expiry: hold}'
    project
    first_release
    commit 2.0.0
    p_background second release prod --yes
    ends second 1
    assert_equal "$(state_of r-2)" held
    assert_equal "$(show r-2 .why)" 'nobody opened gate managers in time'
    run p approve r-2 managers --as ana --yes
    assert_failure 7
    assert_line "error[E0303]: gate 'managers' of r-2 was already expired"

    p_background second retry r-2
    await 5 gate_waits
    p approve r-2 --as ana --yes
    ends second 0
    assert_equal "$(end_of r-2)" succeeded
}

# bats test_tags=fast
@test "a CI job does not wait for people: --until-gate ends with 8; approve and resume go on" {
    project
    first_release
    commit 2.0.0

    run --separate-stderr p release prod --yes --until-gate
    assert_failure 8
    look_at_stderr
    assert_line --regexp ' -C .* approve r-2 managers +open the gate$'
    assert_line --regexp ' -C .* resume r-2 +no runner is alive: go on from the journal$'
    assert_equal "$(state_of r-2)" waiting
    run p resume r-2 --until-gate
    assert_failure 8
    run --separate-stderr p approve r-2 --as ana --yes
    assert_success
    look_at_stderr
    assert_line --regexp ' -C .* resume r-2 +no runner is alive: go on from the journal$'
    run p resume r-2 --until-gate
    assert_success
    assert_equal "$(end_of r-2)" succeeded
}

@test "a gate before the destruction: the old stamps stand until it opens" {
    steps='[{share: 100%}]'
    destroy='destroy: {gate: managers}'
    at_the_gate

    # shellcheck disable=SC2086
    alive $old
    assert_equal "$(stage_state r-2 drain)" 'done'
    assert_equal "$(show r-2 .release.pivot)" false
    p approve r-2 --as chi --yes
    ends second 0
    # shellcheck disable=SC2086
    ! alive $old
}

@test "a file that is not itself is refused by its name, whatever bytes that has" {
    project
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 7\n' 0 >"$REPO/"$'caf\xe9\e[2J.bin'
    commit 1.0.1
    run p release prod --yes
    assert_failure
    assert_output --partial "'caf"$'\uFFFD'".bin' is a git-lfs pointer and not the file itself"
}
