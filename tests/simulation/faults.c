/* What goes wrong. Each seed switches some kinds on; a kind that is on rolls its dice where the world asks it to. */

#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "simulation/check.h"
#include "simulation/sim.h"

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
    [FAULT_PEOPLE] = 400,        [FAULT_TAMPER] = 150,
};

uint64_t faults_off, faults_only;

static struct {
    struct rng rng[FAULT_COUNT];
    uint64_t active;
    int left[FAULT_COUNT]; /* in this release: the world calms down at last */
} faults;

static int64_t counts[FAULT_COUNT];

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

void faults_release_begins(void)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        faults.left[i] = i <= FAULT_PROBE_BOOT ? 12 : 4;
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
    const struct checked_release *release = check_live();
    struct instance *found[32];
    int count = 0;

    for (int i = 0; i < world.instance_count && count < 32; i++) {
        struct instance *instance = world.instances[i];
        bool is_new = release && release->unit && text_is(release->unit, instance->unit);

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
    sim_log("! %s dies with %d rooms and %d recordings", instance->name, instance_rooms(instance),
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
    sim_log("! %s starts anew inside its process, with %d rooms lost", instance->name, instance_rooms(instance));
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
    sim_log("! %s is sick for %lld ms", instance->name, (long long)(instance->sick_until - sim.now));
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
        sim_log("! by hand: %s has weight %d now", server->name, server->weight);
    } else {
        door_set_state(server, server->state == DOOR_READY ? DOOR_DRAIN : DOOR_READY);
        sim_log("! by hand: %s is in state %d now", server->name, (int)server->state);
    }
}

static void clocks(void)
{
    if (fault_hits(FAULT_WALL, 10)) {
        struct rng *rng = fault_rng(FAULT_WALL);
        int64_t by = rng_range(rng, -1, 1) * rng_range(rng, 0, 200000);

        sim.wall_offset += by;
        sim_log("! the wall clock jumps by %lld ms", (long long)by);
    }
    /* All timers are late; the boot clock has gone on. */
    if (fault_hits(FAULT_SUSPEND, 5))
        sim.now += rng_range(fault_rng(FAULT_SUSPEND), 1000, 90000);
    if (sim.io && fault_hits(FAULT_SIGNAL, 8))
        sim_io_signal(SIGTERM);
    if (sim.io && fault_hits(FAULT_ZOMBIE, 6))
        story_zombie();
}

static void second(void *context)
{
    (void)context;
    crash(FAULT_CRASH_NEW, true);
    crash(FAULT_CRASH_OLD, false);
    reboot();
    flap();
    trouble_at_the_door();
    by_hand();
    clocks();
    sim_after(1000, NULL, second, NULL);
}

void faults_watch(void)
{
    sim_after(500, NULL, second, NULL);
}

bool faults_door_disturbed(void)
{
    return !door_alive() || !door_is_as_told();
}
