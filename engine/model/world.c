/* Processes, files and commands, and what an effect makes of them. */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/sim.h"

#define BOOT_ID "00000000-0000-4000-8000-000000000001"

struct world world;

void world_begin(void)
{
    world = (struct world){.next_pid = 1000,
                           .next_port = 20000,
                           .door_url = "http://127.0.0.1:8080",
                           .door_name = "front-127.0.0.1:8080",
                           .door_mark = "PENSTOCK_DOOR=sim/prod\n",
                           .pools = {"app", "api"}};
    service_begin(NULL);
}

void world_end(void)
{
    for (int i = 0; i < world.process_count; i++)
        free(world.processes[i].environment);
    for (int i = 0; i < world.instance_count; i++) {
        free(world.instances[i]->name);
        free(world.instances[i]->unit);
        free(world.instances[i]);
    }
    for (int i = 0; i < world.file_count; i++) {
        free(world.files[i].path);
        free(world.files[i].text);
    }
    free(world.processes);
    free(world.instances);
    free(world.files);
    world = (struct world){0};
}

/* Pointers into the table stay good: it is as large as it will ever be. */
#define PROCESSES_MOST 8192

struct process *world_spawn(const char *environment, struct instance *instance, bool is_door)
{
    struct process *process;

    if (!world.processes) {
        world.process_capacity = PROCESSES_MOST;
        world.processes = heap_alloc(PROCESSES_MOST * sizeof(*world.processes));
    }
    MUST(world.process_count < world.process_capacity);
    process = &world.processes[world.process_count++];
    *process = (struct process){.pid = world.next_pid++,
                                .start = (uint64_t)sim.now / 10,
                                .alive = true,
                                .environment = heap_text(environment),
                                .instance = instance,
                                .is_door = is_door};
    return process;
}

struct process *world_process(const struct process_identity *identity)
{
    for (int i = 0; i < world.process_count; i++) {
        struct process *process = &world.processes[i];

        if (process->alive && process->pid == identity->pid && process->start == identity->start &&
            strcmp(identity->boot_id, BOOT_ID) == 0)
            return process;
    }
    return NULL;
}

void world_die(struct process *process)
{
    if (!process || !process->alive)
        return;
    process->alive = false;
    sim_log("  process %d of %s is gone", (int)process->pid,
            process->instance ? process->instance->name : "the front door");
    if (process->instance && process->instance->process == process)
        rooms_lose(process->instance, "its process is gone");
    if (process->is_door && door.process == process)
        door_die(true);
}

static struct file *find_file(const char *path)
{
    for (int i = 0; i < world.file_count; i++) {
        if (text_is(world.files[i].path, path))
            return &world.files[i];
    }
    return NULL;
}

const char *world_file(const char *path)
{
    struct file *file = find_file(path);

    return file ? file->text : NULL;
}

void world_put_file(const char *path, const char *text)
{
    struct file *file = find_file(path);

    if (!file) {
        if (world.file_count == world.file_capacity) {
            world.file_capacity = world.file_capacity ? world.file_capacity * 2 : 16;
            world.files = heap_realloc(world.files, (size_t)world.file_capacity * sizeof(*world.files));
        }
        file = &world.files[world.file_count++];
        *file = (struct file){.path = heap_text(path)};
    }
    if (text_is(path, door.config) && file->text && !text_is(file->text, text)) {
        free(door.older_file);
        door.older_file = heap_text(file->text);
    }
    free(file->text);
    file->text = heap_text(text);
}

struct instance *world_instance(const char *name)
{
    for (int i = 0; i < world.instance_count; i++) {
        if (text_is(world.instances[i]->name, name))
            return world.instances[i];
    }
    return NULL;
}

static struct instance *instance_made(const char *name)
{
    struct instance *instance = world_instance(name);
    const char *dot;

    if (instance)
        return instance;
    instance = heap_alloc(sizeof(*instance));
    dot = strchr(name, '.');
    *instance = (struct instance){.name = heap_text(name), .unit = heap_text(name)};
    if (dot)
        instance->unit[dot - name] = '\0';
    if (world.instance_count == world.instance_capacity) {
        world.instance_capacity = world.instance_capacity ? world.instance_capacity * 2 : 16;
        world.instances = heap_realloc(world.instances, (size_t)world.instance_capacity * sizeof(*world.instances));
    }
    world.instances[world.instance_count++] = instance;
    return instance;
}

bool effect_acts(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_HTTP:
        return !text_is(effect->method, "GET");
    case EFFECT_LINE:
        return !text_starts(effect->text, "show ") && !strstr(effect->text, "penstock-asks");
    case EFFECT_RUN:
    case EFFECT_START:
    case EFFECT_SIGNAL:
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
        return true;
    case EFFECT_LOOK:
    case EFFECT_AWAIT_EXIT:
    case EFFECT_FREE_PORT:
    case EFFECT_READ_FILE:
    case EFFECT_SLEEP:
        return false;
    }
    return false;
}

int64_t effect_latency(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_HTTP:
        return rng_range(&sim.latency, 1, 15);
    case EFFECT_RUN:
        return rng_range(&sim.latency, 20, 3000);
    case EFFECT_START:
        return rng_range(&sim.latency, 1, 30);
    case EFFECT_SLEEP:
        return effect->sleep_ms;
    case EFFECT_AWAIT_EXIT:
        return 0;
    case EFFECT_LINE:
    case EFFECT_SIGNAL:
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
    case EFFECT_LOOK:
    case EFFECT_FREE_PORT:
    case EFFECT_READ_FILE:
        return rng_range(&sim.latency, 0, 4);
    }
    return 1;
}

void happening_answer(struct happening *happening, const char *format, ...)
{
    va_list arguments;

    free(happening->text);
    va_start(arguments, format);
    if (vasprintf(&happening->text, format, arguments) < 0)
        abort();
    va_end(arguments);
    happening->reply.text = happening->text;
    happening->reply.length = strlen(happening->text);
}

static void identify(struct happening *happening, const struct process *process)
{
    happening->reply.there = true;
    happening->reply.process = (struct process_identity){.pid = process->pid, .start = process->start};
    snprintf(happening->reply.process.boot_id, sizeof(happening->reply.process.boot_id), "%s", BOOT_ID);
}

static bool has_mark(const struct process *process, const char *mark)
{
    size_t length = strlen(mark);

    for (const char *at = process->environment; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, mark, length) == 0 && (at[length] == '\n' || !at[length]))
            return true;
    }
    return false;
}

static void look(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    struct process *found = NULL;

    if (effect->process.pid > 0)
        found = world_process(&effect->process);
    for (int i = 0; i < world.process_count && effect->process.pid == 0; i++) {
        if (world.processes[i].alive && has_mark(&world.processes[i], effect->mark))
            found = &world.processes[i];
    }
    if (!found)
        return;
    identify(happening, found);
    happening_answer(happening, "%s", found->environment);
    happening->reply.environment = happening->text;
    happening->reply.text = NULL;
    happening->reply.length = 0;
}

static void start(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    char environment[2048] = "";
    const char *mark = NULL, *port = NULL;
    struct process *process;
    struct instance *instance;

    for (int i = 0; effect->env[i]; i++) {
        size_t used = strlen(environment);

        if (!text_starts(effect->env[i], "PENSTOCK_"))
            continue;
        snprintf(environment + used, sizeof(environment) - used, "%s\n", effect->env[i]);
        if (text_starts(effect->env[i], "PENSTOCK_INSTANCE="))
            mark = strrchr(effect->env[i], '/');
        if (text_starts(effect->env[i], "PENSTOCK_PORT="))
            port = strchr(effect->env[i], '=') + 1;
    }
    if (!mark) {
        process = world_spawn(environment, NULL, true);
        door_start(process, false);
        identify(happening, process);
        return;
    }
    instance = instance_made(mark + 1);
    if (instance_alive(instance))
        sim_violation("I1", "a second process of %s was started", instance->name);
    process = world_spawn(environment, instance, false);
    instance->process = process;
    rooms_start(instance, port ? atoi(port) : 0);
    identify(happening, process);
}

static void ends_now(void *context)
{
    struct instance *instance = context;

    if (instance->ending && instance->ending <= sim.now)
        world_die(instance->process);
}

static void signalled(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    struct process *process = world_process(&effect->process);

    if (!process)
        return;
    happening->reply.there = true;
    if (effect->signal != SIGKILL && process->instance && service_signal(process->instance, effect->signal))
        return;
    if (process->instance)
        process->instance->stopped = true;
    if (effect->signal == SIGKILL || !process->instance) {
        world_die(process);
    } else if (effect->signal == service_stop_signal()) {
        process->instance->accepting = false;
        if (process->instance->ignores_term || process->instance->ending)
            return;
        process->instance->ending = sim.now + rng_range(&sim.world, 1, 700);
        sim_at(process->instance->ending, NULL, ends_now, process->instance);
    }
}

static int64_t await_exit(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    struct process *process = world_process(&effect->process);

    if (!process)
        return 1;
    if (process->instance && process->instance->ending && process->instance->ending - sim.now < effect->timeout_ms)
        return process->instance->ending - sim.now + 1;
    happening->reply.timed_out = true;
    return effect->timeout_ms;
}

static int64_t run(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    const char *verb = effect->argv[1] ? effect->argv[1] : "";

    world.children++;
    happening_answer(happening, "%s", "");
    if (fault_hits(FAULT_CHILD_SLOW, 60)) {
        happening->reply.timed_out = true;
        if (effect->timeout_ms > 10 * 60 * 1000) {
            happening->reply.timed_out = false;
            return 2 * 60 * 1000; /* just slow */
        }
        happening->reply.status = 128 + SIGKILL;
        return effect->timeout_ms;
    }
    if (fault_hits(FAULT_BUILD, 80)) {
        happening->reply.status = 2;
        happening_answer(happening, "it does not work\n");
        return 0;
    }
    if (text_is(verb, "__collect"))
        service_artifacts(happening);
    service_command(effect);
    return 0;
}

static void remove_tree(const char *path)
{
    size_t length = strlen(path);

    for (int i = 0; i < world.file_count; i++) {
        if (strncmp(world.files[i].path, path, length) == 0 && world.files[i].path[length] == '/') {
            free(world.files[i].text);
            world.files[i].text = NULL;
        }
    }
}

static int64_t http(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    const char *colon = strchr(effect->url + strlen("http://"), ':');
    const char *path = colon ? strchr(colon, '/') : NULL;
    int port = colon ? atoi(colon + 1) : 0;

    if (text_starts(effect->url, world.door_url))
        return door_http(happening, path ? path : "/");
    for (int i = 0; i < world.instance_count; i++) {
        if (world.instances[i]->port == port && instance_alive(world.instances[i]))
            return service_http(world.instances[i], happening, path ? path : "/");
    }
    happening->reply.transport = TRANSPORT_REFUSED;
    return 0;
}

static int64_t line(struct happening *happening)
{
    char *answer;

    if (!door_alive() || door.refuses_until > sim.now) {
        happening->reply.transport = TRANSPORT_REFUSED;
        return 0;
    }
    if (door.garbage_until > sim.now) {
        switch (rng_range(fault_rng(FAULT_DOOR_GARBAGE), 0, 3)) {
        case 0:
            happening->reply.transport = TRANSPORT_TIMEOUT;
            return happening->effect->timeout_ms;
        case 1:
            happening_answer(happening, "Unknown command: '%.20s'\n", "\x01garbage");
            return 0;
        case 2:
            happening->reply.transport = TRANSPORT_BROKEN;
            return 0;
        default:
            break;
        }
        answer = door_answer(happening->effect->text);
        happening_answer(happening, "%.*s", (int)(strlen(answer) * 2 / 3), answer);
        free(answer);
        return 0;
    }
    answer = door_answer(happening->effect->text);
    if (!answer) {
        sim_violation("world", "the simulated HAProxy does not know: %.200s", happening->effect->text);
        return 0;
    }
    happening_answer(happening, "%s", answer);
    free(answer);
    return 0;
}

int64_t effect_happen(struct happening *happening)
{
    const struct effect *effect = happening->effect;
    const char *text;

    switch (effect->kind) {
    case EFFECT_HTTP:
        return http(happening);
    case EFFECT_LINE:
        return line(happening);
    case EFFECT_RUN:
        return run(happening);
    case EFFECT_START:
        start(happening);
        return 0;
    case EFFECT_SIGNAL:
        signalled(happening);
        return 0;
    case EFFECT_LOOK:
        look(happening);
        return 0;
    case EFFECT_AWAIT_EXIT:
        return await_exit(happening);
    case EFFECT_FREE_PORT:
        happening->reply.port = world.next_port++;
        return 0;
    case EFFECT_PUT_FILE:
        world_put_file(effect->path, effect->text ? effect->text : "");
        return 0;
    case EFFECT_READ_FILE:
        text = world_file(effect->path);
        happening_answer(happening, "%s", text ? text : "");
        return 0;
    case EFFECT_REMOVE_TREE:
        remove_tree(effect->path);
        return 0;
    case EFFECT_MAKE_DIR:
    case EFFECT_SLEEP:
        return 0;
    }
    return 0;
}

void effect_describe(const struct effect *effect, char *out, size_t size)
{
    static const char *const kinds[] = {"http",     "line",       "run",       "start",    "signal",
                                        "look",     "await exit", "free port", "make dir", "remove tree",
                                        "put file", "read file",  "sleep"};
    struct process *process = world_process(&effect->process);
    const char *who = process && process->instance ? process->instance->name : "";

    switch (effect->kind) {
    case EFFECT_HTTP:
        snprintf(out, size, "%s %s %s", effect->method, effect->url, effect->body ? effect->body : "");
        return;
    case EFFECT_LINE:
        snprintf(out, size, "line: %.*s", (int)strcspn(effect->text, "\n"), effect->text);
        return;
    case EFFECT_RUN:
        snprintf(out, size, "run %s %s", effect->argv[0], effect->argv[1] ? effect->argv[1] : "");
        return;
    case EFFECT_START:
        snprintf(out, size, "start %s", effect->argv[0]);
        return;
    case EFFECT_SIGNAL:
    case EFFECT_AWAIT_EXIT:
        snprintf(out, size, "%s %d pid %d %s", kinds[effect->kind], effect->signal, (int)effect->process.pid, who);
        return;
    case EFFECT_LOOK:
        snprintf(out, size, "look pid %d %s %s", (int)effect->process.pid, who, effect->mark ? effect->mark : "");
        return;
    case EFFECT_FREE_PORT:
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
    case EFFECT_READ_FILE:
        snprintf(out, size, "%s %s", kinds[effect->kind], effect->path ? effect->path : "");
        return;
    case EFFECT_SLEEP:
        snprintf(out, size, "sleep %lld", (long long)effect->sleep_ms);
        return;
    }
}
