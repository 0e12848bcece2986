/* The instances: a service with rooms and recordings, like tests/fixtures/rooms; and the users who open rooms. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/sim.h"

static void user_comes(void *context);

void rooms_begin(void)
{
    world.room_every = rng_range(&sim.world, 1500, 8000);
    world.room_mean = rng_range(&sim.world, 1000, 7000);
    world.users_until = INT64_MAX;
    sim_after(world.room_every, NULL, user_comes, NULL);
}

void rooms_start(struct instance *instance, int port)
{
    struct rng *rng = &sim.world;

    instance->port = port;
    instance->healthy_at = sim.now + rng_range(rng, 50, 2500);
    instance->accepting = true;
    instance->never_healthy = fault_hits(FAULT_NEVER_HEALTHY, 400);
    instance->smoke_fails = fault_hits(FAULT_SMOKE, 400);
    instance->ignores_term = fault_hits(FAULT_IGNORE_TERM, 500);
    instance->broken = instance->stopped = false;
    instance->ending = 0;
    instance->boots++;
    instance->room_count = 0;
    instance->sick_until = 0;
    instance->errors_since = instance->errors_until = 0;
    instance->told_at = 0;
    instance->told_good = false;
    instance->told_zeros = instance->told_best = 0;
    instance->had_traffic = false;
    instance->drained_boot = 0;
    if (fault_hits(FAULT_CRASH_START, 400)) {
        instance->broken = true;
        world_die(instance->process);
    }
}

bool instance_alive(const struct instance *instance)
{
    return instance->process && instance->process->alive;
}

int instance_errors(const struct instance *instance)
{
    return sim.now < instance->errors_until ? 9 : 0;
}

bool instance_healthy(const struct instance *instance)
{
    return instance_alive(instance) && !instance->never_healthy && sim.now >= instance->healthy_at &&
           sim.now >= instance->sick_until;
}

/* Forgets what is over. */
static void sweep(struct instance *instance)
{
    int kept = 0;

    for (int i = 0; i < instance->room_count; i++) {
        if (instance->rooms[i].ends > sim.now || instance->rooms[i].recorded > sim.now ||
            instance->rooms[i].queued > sim.now)
            instance->rooms[kept++] = instance->rooms[i];
    }
    instance->room_count = kept;
}

int instance_rooms(const struct instance *instance)
{
    int count = 0;

    for (int i = 0; i < instance->room_count; i++)
        count += instance->rooms[i].ends > sim.now;
    return count;
}

int instance_recordings(const struct instance *instance)
{
    int count = 0;

    for (int i = 0; i < instance->room_count; i++)
        count += instance->rooms[i].recorded > sim.now;
    return count;
}

int instance_queued(const struct instance *instance)
{
    int count = 0;

    for (int i = 0; i < instance->room_count; i++)
        count += instance->rooms[i].queued > sim.now;
    return count;
}

int instance_in_flight(const struct instance *instance, pid_t through)
{
    int count = 0;

    for (int i = 0; i < instance->room_count; i++)
        count += instance->rooms[i].ends > sim.now && instance->rooms[i].door == through;
    return count;
}

void rooms_lose(struct instance *instance, const char *why)
{
    struct work *lost = instance->stopped ? &world.ended : &world.died;

    lost->rooms += instance_rooms(instance);
    lost->recordings += instance_recordings(instance);
    lost->queued += instance_queued(instance);
    if (instance_rooms(instance) || instance_recordings(instance))
        sim_log("  %s loses %d rooms, %d recordings: %s", instance->name, instance_rooms(instance),
                instance_recordings(instance), why);
    instance->room_count = 0;
}

void rooms_cut(void)
{
    for (int i = 0; i < world.instance_count; i++) {
        for (int k = 0; k < world.instances[i]->room_count; k++) {
            struct room *room = &world.instances[i]->rooms[k];

            if (room->ends > sim.now && room->door)
                room->ends = sim.now;
        }
        sweep(world.instances[i]);
    }
}

/* Half of the calls go past the front door, as media do, if anybody counts them; what follows a recording takes a while. */
static void beyond(struct room *room)
{
    if (service_has(WORK_ROOMS) && rng_chance(&sim.world, 500))
        room->door = 0;
    if (!service_has(WORK_RECORDINGS))
        room->recorded = 0;
    if (service_has(WORK_QUEUE))
        room->queued = (room->recorded ? room->recorded : room->ends) + rng_range(&sim.world, 1000, world.room_mean);
}

void rooms_linger(struct instance *instance, int64_t room_ms, int64_t recording_ms, int64_t queued_ms)
{
    sweep(instance);
    if (!instance_alive(instance) || instance->room_count == ROOMS_MOST)
        return;
    instance->rooms[instance->room_count++] = (struct room){.ends = sim.now + room_ms,
                                                            .recorded = recording_ms ? sim.now + recording_ms : 0,
                                                            .queued = queued_ms ? sim.now + queued_ms : 0};
}

static void open_room(struct instance *instance)
{
    struct room *room;

    sweep(instance);
    if (!instance_healthy(instance) || !instance->accepting || instance->room_count == ROOMS_MOST)
        return;
    room = &instance->rooms[instance->room_count++];
    *room = (struct room){.ends = sim.now + 100 + rng_exponential(&sim.world, world.room_mean),
                          .door = door.process ? door.process->pid : 0};
    if (rng_chance(&sim.world, 300))
        room->recorded = room->ends + rng_range(&sim.world, 0, 4000);
    if (service_pipeline())
        beyond(room);
    if (fault_hits(FAULT_LONG_ROOM, 60)) {
        if (room->recorded && rng_chance(fault_rng(FAULT_LONG_ROOM), 500))
            room->recorded = sim.now + rng_range(fault_rng(FAULT_LONG_ROOM), 60000, 4000000);
        else
            room->ends = sim.now + rng_range(fault_rng(FAULT_LONG_ROOM), 60000, 4000000);
    }
    sim_log("  a room opens on %s, for %lld ms%s", instance->name, (long long)(room->ends - sim.now),
            room->recorded ? ", recorded" : "");
}

static void user_comes(void *context)
{
    struct server *server;
    bool served = false;

    (void)context;
    sim_after(rng_range(&sim.world, world.room_every / 2, world.room_every * 3 / 2), NULL, user_comes, NULL);
    if (sim.now > world.users_until)
        return;
    world.requests++;
    if (!door_alive()) {
        world.requests_failed++;
        return;
    }
    server = door_pick((int)rng_range(&sim.world, 0, world.pool_count - 1), &sim.world);
    for (int i = 0; server && i < world.instance_count; i++) {
        if (world.instances[i]->port != server->port || !instance_alive(world.instances[i]))
            continue;
        open_room(world.instances[i]);
        served = instance_healthy(world.instances[i]);
    }
    world.requests_failed += !served;
}

/* What the engine learns from an answer to /rooms; the checks want to know it at the end. */
static void told(struct instance *instance, bool good)
{
    bool zero = good && instance_rooms(instance) == 0 && instance_recordings(instance) == 0;

    instance->told_at = sim.now;
    instance->told_zeros = zero ? instance->told_zeros + 1 : 0;
    instance->told_good = zero;
    if (instance->told_zeros > instance->told_best)
        instance->told_best = instance->told_zeros;
    instance->told_boot = instance->boots;
}

static void answer_rooms(struct instance *instance, struct happening *happening, bool with_boot)
{
    char list[ROOMS_MOST * 2 + 1] = "";
    int rooms = instance_rooms(instance);

    for (int i = 0; i < rooms; i++)
        snprintf(list + strlen(list), 3, i + 1 < rooms ? "1," : "1");
    if (with_boot)
        happening_answer(happening, "{\"rooms\":[%s],\"recordings\":{\"running\":%d},\"boot\":\"%s-%d\"}", list,
                         instance_recordings(instance), instance->name, instance->boots);
    else
        happening_answer(happening, "{\"rooms\":[%s],\"recordings\":{\"running\":%d}}", list,
                         instance_recordings(instance));
    happening->reply.status = 200;
}

static void wrong_answer(struct instance *instance, struct happening *happening)
{
    switch (rng_range(fault_rng(FAULT_PROBE_JSON), 0, 5)) {
    case 0:
        happening_answer(happening, "{\"rooms\":");
        break;
    case 1:
        happening_answer(happening, "%s", "");
        break;
    case 2:
        happening_answer(happening, "{\"rooms\":3,\"recordings\":{},\"boot\":\"%s-%d\"}", instance->name,
                         instance->boots);
        break;
    case 3:
        happening_answer(happening, "{\"rooms\":[],\"recordings\":{\"running\":-1},\"boot\":\"%s-%d\"}", instance->name,
                         instance->boots);
        break;
    case 4:
        happening_answer(happening, "{\"recordings\":{\"running\":0},\"boot\":\"%s-%d\"}", instance->name,
                         instance->boots);
        break;
    default:
        happening_answer(happening, "<html>ok</html>");
        break;
    }
}

bool rooms_answer_spoilt(struct instance *instance, struct happening *happening, int64_t *after)
{
    if (fault_hits(FAULT_PROBE_TIMEOUT, 40)) {
        happening->reply.transport = TRANSPORT_TIMEOUT;
        *after = happening->effect->timeout_ms;
        return true;
    }
    if (fault_hits(FAULT_PROBE_500, 40)) {
        happening->reply.status = 500;
        happening_answer(happening, "{\"rooms\":[],\"recordings\":{\"running\":0},\"boot\":\"%s-%d\"}", instance->name,
                         instance->boots);
        return true;
    }
    if (fault_hits(FAULT_PROBE_CUT, 40)) {
        happening->reply.transport = TRANSPORT_BROKEN;
        return true;
    }
    if (fault_hits(FAULT_PROBE_JSON, 40)) {
        happening->reply.status = 200;
        if (service_pipeline())
            happening_answer(happening, "<html>ok</html>");
        else
            wrong_answer(instance, happening);
        return true;
    }
    if (fault_hits(FAULT_PROBE_BOOT, 40)) {
        answer_rooms(instance, happening, false);
        return true;
    }
    return false;
}

void rooms_set_accepting(struct instance *instance, bool accept)
{
    sim_log("  %s %s new rooms", instance->name, accept ? "takes" : "takes no");
    instance->accepting = accept;
}

bool rooms_accept(struct instance *instance, struct happening *happening, bool accept, int64_t *after)
{
    bool lost = fault_hits(FAULT_ACTION_LOST, 100);

    *after = 0;
    if (lost && rng_chance(fault_rng(FAULT_ACTION_LOST), 300)) {
        happening->reply.status = 503;
        return false;
    }
    if (!lost || rng_chance(fault_rng(FAULT_ACTION_LOST), 500))
        rooms_set_accepting(instance, accept);
    if (lost) {
        happening->reply.transport = TRANSPORT_TIMEOUT;
        *after = happening->effect->timeout_ms;
    }
    return !lost;
}

static int64_t post_drain(struct instance *instance, struct happening *happening)
{
    bool accept = happening->effect->body && strstr(happening->effect->body, "true");
    int64_t after;

    if (rooms_accept(instance, happening, accept, &after))
        answer_rooms(instance, happening, true);
    return after;
}

int64_t rooms_http(struct instance *instance, struct happening *happening, const char *path)
{
    bool up = instance_healthy(instance);
    int64_t after = 0;

    if (text_is(path, "/drain"))
        return post_drain(instance, happening);
    if (text_is(path, "/rooms")) {
        if (rooms_answer_spoilt(instance, happening, &after)) {
            told(instance, false);
            return after;
        }
        answer_rooms(instance, happening, true);
        told(instance, true);
        return 0;
    }
    if (text_is(path, "/errors") && !rooms_answer_spoilt(instance, happening, &after)) {
        happening->reply.status = 200;
        happening_answer(happening, "{\"errors\":%d,\"boot\":\"%s-%d\"}", instance_errors(instance), instance->name,
                         instance->boots);
    }
    if (text_is(path, "/errors"))
        return after;
    if (sim.now < instance->healthy_at) {
        happening->reply.transport = TRANSPORT_REFUSED;
        return 0;
    }
    happening->reply.status = up ? 200 : 503;
    if (text_is(path, "/smoke") && instance->smoke_fails)
        happening->reply.status = 500;
    happening_answer(happening, "{\"status\":\"%s\"}", up ? "up" : "down");
    return 0;
}
