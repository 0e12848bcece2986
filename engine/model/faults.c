/* What goes wrong. Each seed switches some kinds on; a kind that is on rolls its dice where the world asks it to. */

#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/sim.h"

static const char *const texts[FAULT_COUNT] = {
    [FAULT_PROBE_TIMEOUT] = "probe-timeout",
    [FAULT_PROBE_500] = "probe-500",
    [FAULT_PROBE_CUT] = "probe-cut",
    [FAULT_PROBE_JSON] = "probe-json",
    [FAULT_PROBE_BOOT] = "probe-boot",
    [FAULT_REBOOT] = "reboot",
    [FAULT_CRASH_NEW] = "crash-new",
    [FAULT_CRASH_OLD] = "crash-old",
    [FAULT_CRASH_START] = "crash-start",
    [FAULT_NEVER_HEALTHY] = "never-healthy",
    [FAULT_FLAP] = "flap",
    [FAULT_SMOKE] = "smoke",
    [FAULT_BUILD] = "build",
    [FAULT_CHILD_SLOW] = "child-slow",
    [FAULT_DOOR_RESTART] = "door-restart",
    [FAULT_DOOR_RELOAD] = "door-reload",
    [FAULT_DOOR_FORGET] = "door-forget",
    [FAULT_DOOR_GONE] = "door-gone",
    [FAULT_DOOR_REFUSE] = "door-refuse",
    [FAULT_DOOR_GARBAGE] = "door-garbage",
    [FAULT_DOOR_DEAF] = "door-deaf",
    [FAULT_DOOR_LAG] = "door-lag",
    [FAULT_HAND] = "hand",
    [FAULT_IGNORE_TERM] = "ignore-term",
    [FAULT_LONG_ROOM] = "long-room",
    [FAULT_ACTION_LOST] = "action-lost",
    [FAULT_KILL] = "kill",
    [FAULT_SIGNAL] = "signal",
    [FAULT_ZOMBIE] = "zombie",
    [FAULT_WALL] = "wall",
    [FAULT_SUSPEND] = "suspend",
    [FAULT_DISK] = "disk",
    [FAULT_PEOPLE] = "people",
    [FAULT_TAMPER] = "tamper",
    [FAULT_LIMIT] = "limit",
};

/* Of a thousand seeds, so many have it switched on. */
static const int chance[FAULT_COUNT] = {
    [FAULT_PROBE_TIMEOUT] = 200, [FAULT_PROBE_500] = 200,    [FAULT_PROBE_CUT] = 150,    [FAULT_PROBE_JSON] = 150,
    [FAULT_PROBE_BOOT] = 100,    [FAULT_REBOOT] = 120,       [FAULT_CRASH_NEW] = 150,    [FAULT_CRASH_OLD] = 120,
    [FAULT_CRASH_START] = 60,    [FAULT_NEVER_HEALTHY] = 60, [FAULT_FLAP] = 150,         [FAULT_SMOKE] = 60,
    [FAULT_BUILD] = 60,          [FAULT_CHILD_SLOW] = 40,    [FAULT_DOOR_RESTART] = 150, [FAULT_DOOR_RELOAD] = 120,
    [FAULT_DOOR_FORGET] = 120,   [FAULT_DOOR_GONE] = 100,    [FAULT_DOOR_REFUSE] = 150,  [FAULT_DOOR_GARBAGE] = 120,
    [FAULT_DOOR_DEAF] = 120,     [FAULT_DOOR_LAG] = 150,     [FAULT_HAND] = 120,         [FAULT_IGNORE_TERM] = 150,
    [FAULT_LONG_ROOM] = 120,     [FAULT_ACTION_LOST] = 120,  [FAULT_KILL] = 400,         [FAULT_SIGNAL] = 150,
    [FAULT_ZOMBIE] = 60,         [FAULT_WALL] = 150,         [FAULT_SUSPEND] = 100,      [FAULT_DISK] = 100,
    [FAULT_PEOPLE] = 400,        [FAULT_TAMPER] = 150,       [FAULT_LIMIT] = 250,
};

uint64_t faults_off, faults_only;

static struct {
    struct rng rng[FAULT_COUNT];
    uint64_t active;
    int left[FAULT_COUNT]; /* in this release: the world calms down at last */
    int64_t every_ms;      /* between two rolls of what comes by time */
} faults;

static int64_t counts[FAULT_COUNT];

/* What people read of those that have no sentence of their own where they happen. */
static const char *const words[FAULT_COUNT] = {
    [FAULT_PROBE_TIMEOUT] = "an instance does not answer its probes",
    [FAULT_PROBE_500] = "an instance answers its probes with status 500",
    [FAULT_PROBE_CUT] = "an instance's answer breaks off",
    [FAULT_PROBE_JSON] = "an instance's answer is not what it should be",
    [FAULT_PROBE_BOOT] = "an instance's answer does not say who answers",
    [FAULT_CRASH_START] = "a new instance dies right after its start",
    [FAULT_NEVER_HEALTHY] = "a new instance does not become healthy",
    [FAULT_SMOKE] = "a new instance will fail its checks",
    [FAULT_BUILD] = "a command fails",
    [FAULT_CHILD_SLOW] = "a command takes very long",
    [FAULT_DOOR_RESTART] = "the front door is restarted",
    [FAULT_DOOR_RELOAD] = "the front door is reloaded",
    [FAULT_DOOR_FORGET] = "the front door is restarted with an older file",
    [FAULT_DOOR_GONE] = "the front door dies",
    [FAULT_DOOR_REFUSE] = "the front door's socket refuses for a while",
    [FAULT_DOOR_GARBAGE] = "the front door's socket answers nonsense for a while",
    [FAULT_DOOR_DEAF] = "the front door says yes and does nothing, for a while",
    [FAULT_DOOR_LAG] = "a weight is shown before it is in force",
    [FAULT_IGNORE_TERM] = "a new instance will not end when it is asked to",
    [FAULT_LONG_ROOM] = "a room, or a recording, lasts very long",
    [FAULT_ACTION_LOST] = "a request to drain is lost",
    [FAULT_KILL] = "the runner is killed",
    [FAULT_SIGNAL] = "the runner is asked to leave",
    [FAULT_SUSPEND] = "the machine sleeps for a while",
    [FAULT_DISK] = "the disk is full for a moment",
};

const char *fault_text(enum fault fault)
{
    return texts[fault];
}

bool fault_parse(const char *text, enum fault *out)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (text_is(texts[i], text)) {
            *out = (enum fault)i;
            return true;
        }
    }
    return false;
}

void faults_begin(void)
{
    struct rng rng = {sim.seed * 11 + 5};
    bool calm = rng_chance(&rng, 60); /* some seeds have nothing go wrong at all */
    /* Others have much, or only a little. */
    int factor = (int)rng_range(&rng, 30, 150);

    faults.active = 0;
    for (int i = 0; i < FAULT_COUNT; i++) {
        faults.rng[i] = (struct rng){sim.seed * 131 + (uint64_t)i * 7919 + 17};
        if (rng_chance(&rng, chance[i] * factor / 100) && !calm)
            faults.active |= 1ull << i;
    }
    if (faults_only)
        faults.active = faults_only;
    faults.active &= ~faults_off;
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (fault_active((enum fault)i))
            sim_log("this seed has %s", texts[i]);
    }
}

void faults_release_begins(int most)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        faults.left[i] = i <= FAULT_PROBE_BOOT ? 3 * most : most;
}

bool fault_active(enum fault fault)
{
    return faults.active >> fault & 1;
}

bool fault_hits(enum fault fault, int per_mille)
{
    if (!fault_active(fault) || faults.left[fault] == 0 || !rng_chance(&faults.rng[fault], per_mille))
        return false;
    faults.left[fault]--;
    counts[fault]++;
    sim_log("! %s", texts[fault]);
    if (words[fault])
        WATCH(mishap, words[fault]);
    return true;
}

struct rng *fault_rng(enum fault fault)
{
    return &faults.rng[fault];
}

int64_t fault_count(enum fault fault)
{
    return counts[fault];
}

static struct instance *someone(enum fault fault, bool new_unit)
{
    struct instance *found[32];
    int count = 0;

    for (int i = 0; i < world.instance_count && count < 32; i++) {
        struct instance *instance = world.instances[i];
        bool is_new = world.new_unit && text_is(world.new_unit, instance->unit);

        if (instance_alive(instance) && !instance->ending && is_new == new_unit)
            found[count++] = instance;
    }
    return count ? found[rng_range(fault_rng(fault), 0, count - 1)] : NULL;
}

static void crash(enum fault fault, bool new_unit)
{
    struct instance *instance = someone(fault, new_unit);

    if (!instance || !fault_hits(fault, 12))
        return;
    sim_mishap("%s dies with rooms %d, recordings %d", instance->name, instance_rooms(instance),
               instance_recordings(instance));
    instance->broken = true;
    world_die(instance->process);
}

static void reboot(void)
{
    struct rng *rng = fault_rng(FAULT_REBOOT);
    struct instance *instance = someone(FAULT_REBOOT, rng_chance(rng, 400));

    if (!instance || !fault_hits(FAULT_REBOOT, 15))
        return;
    sim_mishap("%s starts anew inside its process; lost: rooms %d, recordings %d", instance->name,
               instance_rooms(instance), instance_recordings(instance));
    instance->broken = true;
    rooms_lose(instance, "it started anew");
    instance->boots++;
    instance->accepting = rng_chance(rng, 500);
}

static void flap(void)
{
    struct rng *rng = fault_rng(FAULT_FLAP);
    struct instance *instance = someone(FAULT_FLAP, rng_chance(rng, 700));

    if (!instance || !fault_hits(FAULT_FLAP, 20))
        return;
    instance->sick_until = sim.now + rng_range(rng, 500, 8000);
    sim_mishap("%s is sick for %lld s", instance->name, (long long)(instance->sick_until - sim.now + 999) / 1000);
}

static void errors(void)
{
    struct instance *instance = someone(FAULT_LIMIT, true);

    if (!instance || !fault_hits(FAULT_LIMIT, 25))
        return;
    instance->errors_since = sim.now;
    instance->errors_until = sim.now + rng_range(fault_rng(FAULT_LIMIT), 2000, 20000);
    sim_mishap("%s counts errors for %lld s", instance->name,
               (long long)(instance->errors_until - sim.now + 999) / 1000);
}

/* The front door comes back as another process. What its clients had open ends, unless the old worker keeps it. */
static void restart(enum fault fault)
{
    if (!door_alive() || !fault_hits(fault, 10))
        return;
    door_die(fault != FAULT_DOOR_RELOAD);
    door_start(NULL, fault == FAULT_DOOR_FORGET);
}

static void trouble_at_the_door(void)
{
    restart(FAULT_DOOR_RESTART);
    restart(FAULT_DOOR_RELOAD);
    restart(FAULT_DOOR_FORGET);
    if (world.managed && door_alive() && fault_hits(FAULT_DOOR_GONE, 8)) {
        door_die(true);
    }
    if (fault_hits(FAULT_DOOR_REFUSE, 12))
        door.refuses_until = sim.now + rng_range(fault_rng(FAULT_DOOR_REFUSE), 100, 9000);
    if (fault_hits(FAULT_DOOR_GARBAGE, 12))
        door.garbage_until = sim.now + rng_range(fault_rng(FAULT_DOOR_GARBAGE), 100, 5000);
    if (fault_hits(FAULT_DOOR_DEAF, 12))
        door.deaf_until = sim.now + rng_range(fault_rng(FAULT_DOOR_DEAF), 100, 9000);
}

static void by_hand(void)
{
    struct rng *rng = fault_rng(FAULT_HAND);
    struct server *server;

    if (!door_alive() || door.count == 0 || !fault_hits(FAULT_HAND, 8))
        return;
    server = &door.servers[rng_range(rng, 0, door.count - 1)];
    if (rng_chance(rng, 700)) {
        door_set_weight(server, (int)rng_range(rng, 0, 60));
        server->force = server->weight;
        sim_mishap("by hand: %s has weight %d now", server->name, server->weight);
    } else {
        door_set_state(server, server->state == DOOR_READY ? DOOR_DRAIN : DOOR_READY);
        sim_mishap("by hand: %s is %s now", server->name, server->state == DOOR_READY ? "ready" : "drained");
    }
}

static void clocks(void)
{
    if (fault_hits(FAULT_WALL, 10)) {
        struct rng *rng = fault_rng(FAULT_WALL);
        int64_t by = rng_range(rng, -1, 1) * rng_range(rng, 0, 200000);

        sim.wall_offset += by;
        sim_mishap("the wall clock jumps by %lld ms", (long long)by);
    }
    /* All timers are late; the boot clock has gone on. */
    if (fault_hits(FAULT_SUSPEND, 5))
        sim.now += rng_range(fault_rng(FAULT_SUSPEND), 1000, 90000);
    if (sim.io && fault_hits(FAULT_SIGNAL, 8))
        sim_io_signal(SIGTERM);
    if (sim.io && fault_hits(FAULT_ZOMBIE, 6))
        WATCH(stalls);
}

static void second(void *context)
{
    (void)context;
    crash(FAULT_CRASH_NEW, true);
    crash(FAULT_CRASH_OLD, false);
    reboot();
    flap();
    errors();
    trouble_at_the_door();
    by_hand();
    clocks();
    sim_after(faults.every_ms, NULL, second, NULL);
}

void faults_watch(int64_t every_ms)
{
    faults.every_ms = every_ms;
    sim_after(500, NULL, second, NULL);
}

bool faults_door_disturbed(void)
{
    return !door_alive() || !door_is_as_told();
}
