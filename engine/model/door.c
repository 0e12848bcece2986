/* HAProxy as the world has it: servers with weights, its own health checks, and where new traffic goes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/sim.h"

struct door door;

static void look(void *context);

void door_begin(void)
{
    door = (struct door){0};
    sim_after(250, NULL, look, NULL);
}

static void forget(void)
{
    while (door.count)
        door_remove(&door.servers[door.count - 1]);
    while (door.check_count) {
        door.check_count--;
        free(door.checks[door.check_count].server);
        free(door.checks[door.check_count].value);
    }
}

void door_end(void)
{
    forget();
    free(door.servers);
    free(door.checks);
    while (door.told_count)
        free(door.told[--door.told_count].name);
    free(door.told);
    free(door.older_file);
    free((char *)(uintptr_t)door.config);
    free((char *)(uintptr_t)door.map);
    door = (struct door){0};
}

const char *door_pool(int pool)
{
    return world.pools[pool];
}

int door_pool_index(const char *name)
{
    for (int i = 0; i < world.pool_count; i++) {
        if (text_is(world.pools[i], name))
            return i;
    }
    return -1;
}

bool door_alive(void)
{
    return door.process && door.process->alive;
}

struct server *door_server(int pool, const char *name)
{
    for (int i = 0; i < door.count; i++) {
        if (door.servers[i].pool == pool && text_is(door.servers[i].name, name))
            return &door.servers[i];
    }
    return NULL;
}

struct server *door_add(int pool, const char *name, int port)
{
    struct server *server;

    if (door.count == door.capacity) {
        door.capacity = door.capacity ? door.capacity * 2 : 8;
        door.servers = heap_realloc(door.servers, (size_t)door.capacity * sizeof(*door.servers));
    }
    server = &door.servers[door.count++];
    *server = (struct server){.name = heap_text(name), .pool = pool, .port = port, .rise = 2, .fall = 3, .inter = 1000};
    return server;
}

void door_remove(struct server *server)
{
    free(server->name);
    *server = door.servers[--door.count];
}

static struct told *find_told(int pool, const char *name)
{
    for (int i = 0; i < door.told_count; i++) {
        if (door.told[i].pool == pool && text_is(door.told[i].name, name))
            return &door.told[i];
    }
    return NULL;
}

void door_told(int pool, const char *name, int weight, int state)
{
    struct told *told = find_told(pool, name);

    if (weight == -2) {
        if (!told)
            return;
        free(told->name);
        *told = door.told[--door.told_count];
        return;
    }
    if (!told) {
        if (door.told_count == door.told_capacity) {
            door.told_capacity = door.told_capacity ? door.told_capacity * 2 : 8;
            door.told = heap_realloc(door.told, (size_t)door.told_capacity * sizeof(*door.told));
        }
        told = &door.told[door.told_count++];
        *told = (struct told){.name = heap_text(name), .pool = pool};
    }
    if (weight >= 0)
        told->weight = weight;
    if (state >= 0)
        told->state = (enum door_state)state;
}

bool door_is_as_told(void)
{
    if (door.count != door.told_count)
        return false;
    for (int i = 0; i < door.count; i++) {
        const struct server *server = &door.servers[i];
        const struct told *told = find_told(server->pool, server->name);

        if (!told || told->weight != server->weight || told->state != server->state)
            return false;
    }
    return true;
}

void door_settle(void)
{
    for (int i = 0; i < door.count; i++) {
        struct server *server = &door.servers[i];

        if (server->force != server->weight && sim.now >= server->force_at)
            server->force = server->weight;
    }
}

void door_set_weight(struct server *server, int weight)
{
    door_settle();
    server->weight = weight;
    server->force_at = sim.now;
    if (fault_hits(FAULT_DOOR_LAG, 150))
        server->force_at += rng_range(fault_rng(FAULT_DOOR_LAG), 1, 400);
    door_settle();
}

void door_set_state(struct server *server, enum door_state state)
{
    server->state = state;
}

bool server_in_force(const struct server *server)
{
    return server->force > 0 && server->state == DOOR_READY && server->up;
}

struct server *door_pick(int pool, struct rng *rng)
{
    int64_t sum = 0, at;

    door_settle();
    for (int i = 0; i < door.count; i++)
        sum += door.servers[i].pool == pool && server_in_force(&door.servers[i]) ? door.servers[i].force : 0;
    if (sum == 0)
        return NULL;
    at = rng_range(rng, 0, sum - 1);
    for (int i = 0; i < door.count; i++) {
        struct server *server = &door.servers[i];

        if (server->pool != pool || !server_in_force(server))
            continue;
        if (at < server->force)
            return server;
        at -= server->force;
    }
    return NULL;
}

static struct instance *instance_at(int port)
{
    for (int i = 0; i < world.instance_count; i++) {
        if (world.instances[i]->port == port && instance_alive(world.instances[i]))
            return world.instances[i];
    }
    return NULL;
}

/* Its own health checks. */
static void look(void *context)
{
    (void)context;
    sim_after(500, NULL, look, NULL);
    if (!door_alive())
        return;
    door_settle();
    for (int i = 0; i < door.count; i++) {
        struct server *server = &door.servers[i];
        struct instance *instance = instance_at(server->port);
        bool healthy = instance && instance_healthy(instance);

        if (!server->health || server->state == DOOR_MAINT)
            continue;
        server->checked = healthy;
        server->good = healthy ? server->good + 1 : 0;
        server->bad = healthy ? 0 : server->bad + 1;
        if (server->good >= server->rise)
            server->up = true;
        if (server->bad >= server->fall)
            server->up = false;
    }
}

void door_die(bool cut)
{
    struct process *process = door.process;

    if (cut)
        rooms_cut();
    forget();
    door.process = NULL;
    if (process)
        process->alive = false;
}

/* "    server NAME 127.0.0.1:PORT weight W check ..." */
static void read_server(const char *line, int pool)
{
    char name[128];
    int port, weight;
    struct server *server;

    if (pool < 0 || sscanf(line, " server %127s 127.0.0.1:%d weight %d", name, &port, &weight) != 3)
        return;
    server = door_add(pool, name, port);
    server->weight = server->force = weight;
    server->health = true;
    server->up = true;
    server->state = strstr(line, " disabled") ? DOOR_MAINT : DOOR_READY;
}

static void read_config(const char *text)
{
    int pool = -1;

    while (text && *text) {
        char line[512], name[128];
        size_t length = strcspn(text, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)length, text);
        text += length + (text[length] == '\n');
        if (sscanf(line, "backend %127s", name) == 1)
            pool = door_pool_index(name);
        else if (strncmp(line, "    server ", 11) == 0)
            read_server(line, pool);
    }
}

void door_add_check(const char *server, const char *value)
{
    if (door.check_count == door.check_capacity) {
        door.check_capacity = door.check_capacity ? door.check_capacity * 2 : 8;
        door.checks = heap_realloc(door.checks, (size_t)door.check_capacity * sizeof(*door.checks));
    }
    door.checks[door.check_count++] = (struct check_entry){heap_text(server), heap_text(value)};
}

static void read_checks(const char *text)
{
    while (text && *text) {
        char line[512], name[128], value[256];
        size_t length = strcspn(text, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)length, text);
        text += length + (text[length] == '\n');
        if (sscanf(line, "%127s %255s", name, value) == 2)
            door_add_check(name, value);
    }
}

/* `process` NULL: somebody starts it by hand, and the engine finds it by its mark all the same. */
void door_start(struct process *process, bool older)
{
    if (door_alive()) {
        sim_violation("I1", "a second front door was started while the first runs");
        return;
    }
    if (!process)
        process = world_spawn(world.managed ? world.door_mark : "", NULL, true);
    forget();
    door.process = process;
    door.started = sim.now;
    door.generation++;
    if (door.config) {
        read_config(older && door.older_file ? door.older_file : world_file(door.config));
        read_checks(world_file(door.map));
    }
    sim_log("  the front door runs as process %d with %d servers", (int)process->pid, door.count);
}

int64_t door_http(struct happening *happening, const char *path)
{
    struct server *server;
    struct instance *instance;

    if (!door_alive()) {
        happening->reply.transport = TRANSPORT_REFUSED;
        return 0;
    }
    (void)path;
    server = door_pick(0, &sim.world);
    instance = server ? instance_at(server->port) : NULL;
    happening->reply.status = instance && instance_healthy(instance) ? 200 : 503;
    happening_answer(happening, "{}");
    return 0;
}
