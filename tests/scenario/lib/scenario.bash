# What the scenario tests share: a scratch project, releases in the background, clients, waiting, and the end of it all.
#
#   load lib/scenario                       at the top of each file
#   setup() { scenario_setup; }             makes $D, a directory of this test alone
#   teardown() { scenario_teardown; }       ends every process that belongs to $D, and nothing else
#
# A test sets the variables of `project` before it calls it, and again before it calls `pipeline` for the next version.
# Every process that a test starts has $D in its arguments or its working directory: that is how they are found.

# shellcheck disable=SC2034 # the tests read what is set here
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

# ---------------------------------------------------------------------------------------------------------------------
# Beginning and end

scenario_setup()
{
    : "${PENSTOCK:?run me by make test, or set PENSTOCK to the program}"
    : "${PENSTOCK_FIXTURES:?run me by make test, or set PENSTOCK_FIXTURES to the directory of rooms}"
    D=$(mktemp -d "${TMPDIR:-/tmp}/scenario.XXXXXX")
    chmod 755 "$D"
    REPO=$D/repo STORE=$D/store
    PORT=$(free_port)
    URL=http://127.0.0.1:$PORT
    # The environment of whoever runs the tests must not decide what they say.
    unset PENSTOCK_STATE PENSTOCK_NO_INPUT CLICOLOR_FORCE FORCE_COLOR COLUMNS CI GITHUB_ACTIONS TF_BUILD GITLAB_CI
    export LC_ALL=C.UTF-8 TERM=dumb
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
    export GIT_AUTHOR_NAME=tester GIT_AUTHOR_EMAIL=tester@example.org
    export GIT_COMMITTER_NAME=tester GIT_COMMITTER_EMAIL=tester@example.org
    defaults
}

scenario_teardown()
{
    [[ -n ${D:-} ]] || return 0
    if [[ ${BATS_TEST_COMPLETED:-} != 1 && -z ${BATS_TEST_SKIPPED:-} ]]; then
        describe_failure
    fi
    end_processes
    if [[ -n ${SCENARIO_KEEP:-} ]]; then
        echo "# kept: $D" >&3
    else
        rm -rf "$D"
    fi
}

# What somebody wants to read who sees a test fail.
describe_failure()
{
    local file

    for file in "$D"/*.out "$D"/*.err; do
        [[ -s $file ]] || continue
        echo "--- ${file#"$D"/}"
        tail -n 30 "$file"
    done
    if [[ -e $REPO/.penstock/record.db ]]; then
        echo '--- penstock show'
        timeout 10 "$PENSTOCK" -C "$REPO" show prod 2>&1 | head -n 80
    fi
}

# Processes of this test: those whose arguments or working directory lie in $D.
own_processes()
{
    local pid

    # The bracket keeps grep from finding itself.
    {
        grep -lz "/[s]cenario\.${D##*.}/" /proc/[0-9]*/cmdline 2>/dev/null
        find /proc/[0-9]*/cwd -maxdepth 0 -lname "$D/*" 2>/dev/null
    } | cut -d / -f 3 | sort -u | while read -r pid; do
        # A zombie has ended; its parent has not looked yet.
        grep -qs '^State:.[^Z]' "/proc/$pid/status" && echo "$pid"
    done
    return 0
}

end_processes()
{
    local round pids

    for round in TERM KILL KILL KILL; do
        mapfile -t pids < <(own_processes)
        ((${#pids[@]})) || return 0
        kill -s "$round" "${pids[@]}" 2>/dev/null || true
        sleep 0.3
    done
}

# A port that nobody listens on, below those that the kernel gives out by itself.
free_port()
{
    local port

    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null || break
    done
    echo "$port"
}

# ---------------------------------------------------------------------------------------------------------------------
# The project

# Everything that a test may say of its project before it calls `project` or `pipeline`.
defaults()
{
    requester=$(id -un)   # who releases: the user of this test
    on_failure=rollback   # or hold
    regions=west
    instances=1
    misbehave=            # switches of the next version, see tests/fixtures/rooms/README.md
    service_args=         # more arguments of the service: ', --finish-ms, "1000"'
    health='{get: /health, every: 100ms, timeout: 400ms, healthy: 2, unhealthy: 3, start: 5s}'
    probe_timeout=500ms
    stop='{signal: TERM, grace: 5s}'
    build='[sh, build.sh, "${unit.out}"]'
    traffic="managed: {bind: \"127.0.0.1:$PORT\"}"
    checks='[{name: smoke, get: /smoke, expect: {status: 200}, attempts: 2}]'
    steps='[{share: 50%, hold: 300ms}, {share: 100%, hold: 300ms}]'
    watch='[]'
    prober='{get: /, every: 20ms, max_failed: 0}'
    until='{rooms: 0, recordings: 0}'
    settle='{samples: 2, over: 300ms}'
    drain_every=150ms
    deadline=             # {after: 2s, do: ask}
    destroy=destroy       # or '{destroy: {gate: managers}}'
    gates='managers: {people: [ana, bo], approvals: 1, expires: 1h}'
}

# The build of most tests only copies: what a real build does is the matter of release.bats alone.
project()
{
    mkdir -p "$REPO/pipelines" "$STORE"
    cat >"$REPO/build.sh" <<END
cp "$PENSTOCK_FIXTURES/rooms" VERSION "\$1"
END
    cat >"$REPO/.gitignore" <<'END'
.penstock/
END
    cat >"$REPO/penstock.yaml" <<END
project: rooms
environments:
  prod:
    allow_as: true
    gates:
      $gates
END
    pipeline
    git -C "$REPO" init -q -b main
    commit 1.0.0
}

pipeline()
{
    cat >"$REPO/pipelines/prod.yaml" <<END
pipeline: prod
environment: prod
on_failure: $on_failure
unit:
  build: $build
  artifacts: [rooms]
stamps:
  driver: process
  regions: [$regions]
  instances: $instances
  start: [./rooms, --listen, "\${instance.address}", --data, "\${instance.dir}", --store, "$STORE",
          --version-file, VERSION, --test-controls$service_args]
  env: {ROOMS_MISBEHAVE: "$misbehave"}
  stop: $stop
  health: $health
  probes:
    rooms: {get: /rooms, count: \$.rooms, identity: \$.boot, timeout: $probe_timeout}
    recordings: {get: /rooms, json: \$.recordings.running, identity: \$.boot, timeout: $probe_timeout}
  drain:
    begin: {post: /drain, body: {accept: false}}
    cancel: {post: /drain, body: {accept: true}}
traffic:
  driver: haproxy
  $traffic
stages:
  - build
  - deploy
  - validate:
      checks: $checks
  - shift:
      steps: $steps
      watch: $watch
      ${prober:+prober: $prober}
  - drain:
      until: $until
      settle: $settle
      every: $drain_every
      ${deadline:+deadline: $deadline}
  - $destroy
END
}

# commit VERSION: the working tree as it is, with that version of the service.
commit()
{
    echo "$1" >"$REPO/VERSION"
    git -C "$REPO" add -A
    git -C "$REPO" commit -q -m "rooms $1"
}

# ---------------------------------------------------------------------------------------------------------------------
# The program

# The program as a person without a terminal calls it. It ends by itself, or it is a failure of ours.
p()
{
    timeout -k 5 90 "$PENSTOCK" -C "$REPO" "$@" </dev/null
}

# p_background NAME ARGUMENTS...: sets $NAME_pid; what it says goes to $D/NAME.out and $D/NAME.err.
p_background()
{
    local name=$1

    shift
    "$PENSTOCK" -C "$REPO" "$@" </dev/null >"$D/$name.out" 2>"$D/$name.err" 3>&- 4>&- &
    printf -v "${name}_pid" %s "$!"
}

# ends NAME STATUS: waits for what p_background started.
ends()
{
    local name=$1 wanted=$2 pid status=0

    pid=${name}_pid
    pid=${!pid}
    wait_for 60 is_gone "$pid" || fail "$name did not end"
    wait "$pid" || status=$?
    [[ $status == "$wanted" ]] || fail "$name ended with $status, not $wanted: $(tail -n 30 "$D/$name.out" "$D/$name.err")"
}

is_gone()
{
    [[ ! -e /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# first_release: what most tests begin with.
first_release()
{
    p release prod --yes >"$D/first.out" 2>"$D/first.err" || fail "the first release failed: $(cat "$D/first.out" "$D/first.err")"
}

# show ID FILTER: of the JSON document, by jq.
show()
{
    p show "$1" -o json 2>/dev/null | jq -r "$2"
}

# show_is ID FILTER TEXT: for wait_for.
show_is()
{
    [[ $(show "$1" "$2") == "$3" ]]
}

state_of() { show "$1" '.release.state'; }
end_of() { show "$1" '.release.end'; }
stage_state() { show "$1" ".stages[] | select(.name == \"$2\") | .state"; }
share_of() { show "$1" ".shares.app[\"$2\"] // 0"; }
unit_of() { show "$1" .release.unit; }
# pids_of ID SIDE / address_of ID SIDE: of all its instances, one a line.
pids_of() { show "$1" ".stamps[] | select(.side == \"$2\") | .instances[].pid"; }
address_of() { show "$1" ".stamps[] | select(.side == \"$2\") | .instances[].address"; }

# events ID [KIND]: one JSON object a line.
events()
{
    p watch "$1" -o jsonl --timeout 1ms 2>/dev/null | jq -c "select(\"${2:-}\" == \"\" or .kind == \"${2:-}\")"
}

# event_there ID KIND [TEXT]: its reason contains the text.
event_there()
{
    events "$1" "$2" | jq -r .reason | grep -qF -- "${3:-}"
}

# The document on stdin is as docs/reference/show.schema.json says.
assert_fits_schema()
{
    local misfits

    misfits=$(jq -r --argjson schema "$(<"$BATS_TEST_DIRNAME/../../docs/reference/show.schema.json")" \
        -f "$BATS_TEST_DIRNAME/lib/schema.jq") || fail 'it is no JSON'
    [[ -z $misfits ]] || fail "not as the schema says: $misfits"
}

# assert_says FILE TEXT: one of its lines is exactly this, blanks at its ends apart.
assert_says()
{
    sed 's/^ *//; s/ *$//' "$1" | grep -qxF -- "$2" || fail "not said: '$2', but: $(cat "$1")"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for()
{
    local deadline=$((SECONDS + $1))

    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# await SECONDS COMMAND...: the same, and says what did not come.
await()
{
    wait_for "$@" || fail "not within $1 s: ${*:2}"
}

stage_is() { [[ $(stage_state "$1" "$2") == "$3" ]]; }
state_is() { [[ $(state_of "$1") == "$2" ]]; }
share_is() { [[ $(share_of "$1" "$2") == "$3" ]]; }
drain_runs() { [[ $(show "$1" '[.steps[] | select(.verb == "drain.wait" and .state == "running")] | length') -ge ${2:-1} ]]; }

released_until_drain()
{
    p_background second release prod --yes
    await 20 drain_runs r-2 "$instances"
}

# alive PID...: every one of them.
alive()
{
    local pid

    for pid; do
        ! is_gone "$pid" || return 1
    done
}

# ---------------------------------------------------------------------------------------------------------------------
# Users of the service

# client OPTIONS...: talks through the front door until client_ends.
client()
{
    rm -f "$D/client.stop" "$D/rooms.stop"
    "$PENSTOCK_FIXTURES/rooms-client" --url "$URL" --ledger "$D/client.ledger" --status "$D/client.status" \
        --until-file "$D/client.stop" --rooms-until-file "$D/rooms.stop" "$@" \
        </dev/null >"$D/client.out" 2>&1 3>&- 4>&- &
    client_pid=$!
}

client_says() { jq -r ".$1" "$D/client.status" 2>/dev/null; }
client_has_rooms() { [[ $(client_says rooms_open) -ge $1 ]]; }

# Closes its rooms and waits for every answer; sets $client_status.
client_ends()
{
    client_status=0
    touch "$D/client.stop"
    wait_for 30 is_gone "$client_pid" || fail 'the client did not end'
    wait "$client_pid" || client_status=$?
}

# The verifier over all that was ever sent and written; sets $verified (JSON).
verify()
{
    verified=$("$PENSTOCK_FIXTURES/rooms-verify" --client-ledger "$D/client.ledger" --store "$STORE") ||
        fail "the verifier says: $verified"
}

# post ADDRESS PATH BODY: to an instance, past the front door.
post()
{
    curl -sS --max-time 5 -X POST -H 'Content-Type: application/json' -d "$3" "http://$1$2"
}

misbehave_now()
{
    post "$1" /misbehave "{\"switch\":\"$2\"}" >/dev/null
}

# ---------------------------------------------------------------------------------------------------------------------
# The front door

# haproxy_says COMMAND [SOCKET]: what HAProxy answers on its socket.
haproxy_says()
{
    perl -MSocket -e '
        chdir($ARGV[0]) or die "$ARGV[0]: $!";
        socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die $!;
        connect($s, pack_sockaddr_un($ARGV[1])) or die "$ARGV[1]: $!";
        syswrite($s, "$ARGV[2]\n");
        print while <$s>;' "${2:-$REPO/.penstock/doors/prod}" admin.sock "$1"
}

door_pid() { haproxy_says 'show info' | sed -n 's/^Pid: //p'; }
# weight_of SERVER: as HAProxy has it now.
weight_of() { haproxy_says 'show servers state app' "${2:-}" | awk -v name="$1" '$4 == name { print $8 }'; }
weight_is() { [[ $(weight_of "$1" 2>/dev/null) == "$2" ]]; }
answers() { curl -fsS --max-time 2 "$URL/" >/dev/null 2>&1; }

# ---------------------------------------------------------------------------------------------------------------------
# A person at a terminal

# at_terminal NAME ARGUMENTS...: penstock on a terminal of its own, in the background. What the person types goes to
# `types NAME TEXT`, what is shown comes to $D/NAME.tty. ends NAME STATUS as with p_background.
at_terminal()
{
    local name=$1 words

    shift
    printf -v words '%q ' "$PENSTOCK" -C "$REPO" "$@"
    mkfifo "$D/$name.keys"
    script -qefc "$words" "$D/$name.tty" <"$D/$name.keys" >/dev/null 2>&1 3>&- 4>&- &
    printf -v "${name}_pid" %s "$!"
    : >"$D/$name.out"
    : >"$D/$name.err"
    # Held open, so that the terminal does not end before the person leaves it.
    exec {keys}>"$D/$name.keys"
}

types() { printf '%s\n' "$1" >&"$keys"; }
shows() { grep -qF -- "$2" "$D/$1.tty" 2>/dev/null; }

# ---------------------------------------------------------------------------------------------------------------------
# After the end

# Nothing of the environment is left: no process that carries a mark of this record, none that belongs to $D, no
# stamp's or unit's files, no front door.
assert_nothing_left()
{
    local record left

    record=$(sqlite3 -readonly "$REPO/.penstock/record.db" 'SELECT record FROM meta')
    [[ -n $record ]] || fail 'the record has no id'
    left=$(grep -lzE "^PENSTOCK_(INSTANCE|DOOR)=$record/" /proc/[0-9]*/environ 2>/dev/null || true)
    [[ -z $left ]] || fail "processes are left: $left"
    left=$(own_processes)
    [[ -z $left ]] || fail "processes of $D are left: $(ps -o pid,args -p "${left//$'\n'/,}")"
    left=$(find "$REPO/.penstock"/{stamps,units,doors} -mindepth 1 -maxdepth 1 2>/dev/null || true)
    [[ -z $left ]] || fail "files are left: $left"
}

take_down()
{
    p destroy prod --confirm prod >"$D/destroy.out" 2>"$D/destroy.err" ||
        fail "destroy failed: $(cat "$D/destroy.out" "$D/destroy.err")"
    assert_nothing_left
}
