/* What must hold of effects: each has an intent that is written down and open, and none takes away what is in use. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "simulation/check_parts.h"
#include "simulation/sim.h"

#define FRESH_MS 61000

/* Is an intent open in the journal for one of these verbs on this target? NULL: any target, any pool. */
static bool intended(const struct checked_release *release, const char *verb, const char *target, const char *pool)
{
    size_t length = strlen(verb);

    for (int i = 0; release && i < release->step_count; i++) {
        const struct checked_step *step = &release->steps[i];

        if (!step->open || step->open_epoch != check.epoch || strncmp(step->verb, verb, length) != 0)
            continue;
        if (length > 0 && verb[length - 1] != '.' && step->verb[length])
            continue;
        if ((!target || text_is(step->target, target)) && (!pool || text_is(step->pool, pool)))
            return true;
    }
    return false;
}

static bool intended_repair(const struct checked_release *release)
{
    return release && release->drift_open && !release->foreign;
}

/* Each command of the line on its own. */
static bool line_intended(const struct checked_release *release, const char *text)
{
    if (intended_repair(release))
        return true;
    while (*text && *text != '\n') {
        size_t length = strcspn(text, ";\n");
        char command[512], word[16], verb[16], pool[64] = "", server[128] = "";
        bool known = false;

        snprintf(command, sizeof(command), "%.*s", (int)length, text);
        text += length + (text[length] == ';');
        text += strspn(text, " ");
        if (sscanf(command, "%15s map %*s %127s", word, server) == 2)
            known = intended(release, "traffic.add", server, NULL) || intended(release, "traffic.remove", server, NULL);
        else if (sscanf(command, "shutdown sessions server %63[^/]/%127s", pool, server) == 2)
            known = intended(release, "traffic.remove", server, pool);
        else if (sscanf(command, "%15s %15s %63[^/]/%127s", word, verb, pool, server) == 4 &&
                 strstr(command, " weight ") && text_is(word, "set"))
            known = intended(release, "traffic.shares", NULL, pool) || intended(release, "traffic.add", server, pool);
        else if (*server)
            known =
                intended(release, "traffic.add", server, pool) || intended(release, "traffic.drain", server, pool) ||
                intended(release, "traffic.undrain", server, pool) || intended(release, "traffic.remove", server, pool);
        if (!known)
            return false;
    }
    return true;
}

static bool instance_intended(const struct checked_release *release, const struct effect *effect)
{
    struct process *process = world_process(&effect->process);
    const char *name = process && process->instance ? process->instance->name : NULL;

    if (process && process->is_door)
        return intended(release, "door.", NULL, NULL);
    if (!name)
        return true; /* nobody is hit */
    return intended(release, "instance.stop", name, NULL) || intended(release, "instance.kill", name, NULL) ||
           intended(release, "drain.begin", name, NULL) || intended(release, "drain.cancel", name, NULL);
}

static bool start_intended(const struct checked_release *release, const struct effect *effect)
{
    for (int i = 0; effect->env[i]; i++) {
        if (text_starts(effect->env[i], "PENSTOCK_INSTANCE="))
            return intended(release, "instance.create", strrchr(effect->env[i], '/') + 1, NULL);
    }
    return intended(release, "door.ensure", NULL, NULL) || intended_repair(release);
}

static bool run_intended(const struct checked_release *release, const struct effect *effect)
{
    const char *verb = effect->argv[1] ? effect->argv[1] : "";

    if (text_is(verb, "__export"))
        return intended(release, "unit.export", NULL, NULL);
    if (text_is(verb, "__collect"))
        return intended(release, "unit.collect", NULL, NULL);
    if (text_is(effect->argv[0], "haproxy"))
        return intended(release, "door.ensure", NULL, NULL) || intended_repair(release);
    if (text_is(effect->argv[0], "ctl"))
        return intended(release, "drain.begin", NULL, NULL) || intended(release, "drain.cancel", NULL, NULL);
    if (text_is(effect->argv[0], "make"))
        return intended(release, "unit.build", NULL, NULL);
    return intended(release, "command.run", NULL, NULL) || intended(release, "check.command", NULL, NULL);
}

static bool http_intended(const struct checked_release *release, const struct effect *effect)
{
    const char *colon = strchr(effect->url + strlen("http://"), ':');
    int port = colon ? atoi(colon + 1) : 0;

    for (int i = 0; i < world.instance_count; i++) {
        if (world.instances[i]->port == port)
            return intended(release, "drain.begin", world.instances[i]->name, NULL) ||
                   intended(release, "drain.cancel", world.instances[i]->name, NULL) ||
                   intended(release, "check.http", world.instances[i]->name, NULL);
    }
    return false;
}

static bool is_intended(const struct checked_release *release, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_HTTP:
        return http_intended(release, effect);
    case EFFECT_LINE:
        return line_intended(release, effect->text);
    case EFFECT_RUN:
        return run_intended(release, effect);
    case EFFECT_START:
        return start_intended(release, effect);
    case EFFECT_SIGNAL:
        return instance_intended(release, effect);
    case EFFECT_PUT_FILE:
        return intended(release, "traffic.", NULL, NULL) || intended(release, "door.", NULL, NULL) ||
               intended_repair(release);
    case EFFECT_REMOVE_TREE:
        return intended(release, "instance.remove", NULL, NULL) || intended(release, "unit.", NULL, NULL) ||
               intended(release, "door.remove", NULL, NULL);
    case EFFECT_MAKE_DIR:
        return intended(release, "", NULL, NULL) || intended_repair(release);
    case EFFECT_LOOK:
    case EFFECT_AWAIT_EXIT:
    case EFFECT_FREE_PORT:
    case EFFECT_READ_FILE:
    case EFFECT_SLEEP:
        return true;
    }
    return true;
}

void check_starts(struct io *io, const struct effect *effect)
{
    struct checked_release *release = check_live();
    char what[256];

    if (!effect_acts(effect))
        return;
    check_journal();
    effect_describe(effect, what, sizeof(what));
    if (sim_io_epoch(io) != check.epoch)
        sim_violation("I8", "a runner of epoch %lld acts in epoch %lld: %s", (long long)sim_io_epoch(io),
                      (long long)check.epoch, what);
    else if (!is_intended(release, effect))
        sim_violation("I1", "no open intent is behind: %s", what);
}

static int64_t given_up(const json_t *forced, const char *probe)
{
    json_t *number = json_object_get(forced, probe);

    /* null: nobody could count them, and they were given up as unknown. */
    return json_is_null(number) ? INT64_MAX : json_is_integer(number) ? json_integer_value(number) : 0;
}

/* Did the release ever give anybody a share? Before that only a hand at the front door can have brought rooms to the new
 * side, and the way back does not look for them: see tests/README.md. */
static bool shares_begun(const struct checked_release *release)
{
    for (int i = 0; i < release->step_count; i++) {
        if (text_is(release->steps[i].verb, "traffic.shares") && release->steps[i].started)
            return true;
    }
    return false;
}

/* The first signal that ends an instance. */
static void ends(struct checked_release *release, struct instance *instance)
{
    const json_t *forced = json_object_get(release->forced, instance->name);
    bool lost = json_object_get(release->lost, instance->name) != NULL;
    bool old = text_is(release->old_unit, instance->unit) || text_is(release->kind, "destroy");
    int rooms = instance_rooms(instance), recordings = instance_recordings(instance);

    if (old)
        release->signalled_old = true;
    else if (!shares_begun(release))
        return;
    if ((rooms > 0 && !(forced && given_up(forced, "rooms") >= rooms)) ||
        (recordings > 0 && !(forced && given_up(forced, "recordings") >= recordings)))
        sim_violation("I4", "%s is ended with %d rooms and %d recordings on it", instance->name, rooms, recordings);
    if (instance->stopped || forced || !instance->had_traffic || (lost && !old) ||
        instance->told_boot != instance->boots || (instance->drained_boot && instance->drained_boot != instance->boots))
        return;
    if (!instance->told_good || sim.now - instance->told_at > FRESH_MS)
        sim_violation("I5", "%s is ended, and the last word about it was %s, %lld ms ago", instance->name,
                      instance->told_good ? "good" : "not a zero", (long long)(sim.now - instance->told_at));
    if (instance->told_best < 3)
        sim_violation("I4", "%s is ended after %d answers of zero in a row at most", instance->name,
                      instance->told_best);
}

void check_cut(const char *name)
{
    struct checked_release *release = check_live();
    struct instance *instance = world_instance(name);
    const json_t *forced = release ? json_object_get(release->forced, name) : NULL;

    if (instance && instance_rooms(instance) > (forced ? given_up(forced, "rooms") : 0))
        sim_violation("I4", "the connections of %d rooms on %s are cut", instance_rooms(instance), name);
}

static bool somebody_serves(int pool)
{
    for (int i = 0; i < door.count; i++) {
        const struct server *server = &door.servers[i];
        struct instance *instance = world_instance(server->name);

        if (server->pool == pool && server_in_force(server) && instance && instance_healthy(instance) &&
            !instance->ending)
            return true;
    }
    return false;
}

void check_happens(const struct effect *effect)
{
    struct checked_release *release = check_live();
    struct process *process = effect->kind == EFFECT_SIGNAL ? world_process(&effect->process) : NULL;

    for (int i = 0; i < world.pool_count; i++)
        check.served[i] = somebody_serves(i);
    if (!release) {
        sim_violation("I1", "an effect happens while no release is live");
        return;
    }
    if (process && process->instance && (effect->signal == SIGTERM || effect->signal == SIGKILL))
        ends(release, process->instance);
    for (int i = 0; effect->kind == EFFECT_REMOVE_TREE && i < world.instance_count; i++) {
        const struct instance *instance = world.instances[i];
        const char *unit = strstr(effect->path, "/stamps/");

        if (unit && instance_alive(instance) && text_starts(unit + 8, instance->unit) &&
            (!strchr(unit + 8, '/') || text_ends(instance->name, strchr(unit + 8, '/') + 1)))
            sim_violation("I4", "the directory of %s is removed while it runs", instance->name);
    }
}

/* Could anybody have had the traffic, if the world had not broken them? Then it is not the engine's doing. */
static bool somebody_should(int pool)
{
    for (int i = 0; i < door.count; i++) {
        const struct server *server = &door.servers[i];
        struct instance *instance = world_instance(server->name);

        if (server->pool == pool && server->weight > 0 && server->state == DOOR_READY && instance && !instance->stopped)
            return true;
    }
    return false;
}

/* Destroys what is live, with the whole environment. */
static bool is_whole(const struct checked_release *release)
{
    return text_is(release->kind, "destroy") && text_is(release->old_unit, check.live_unit);
}

static void nobody_is_left(const char *what)
{
    const struct checked_release *release = check_live();

    if (!release || !check.live_unit || is_whole(release) || faults_door_disturbed())
        return;
    for (int i = 0; i < world.pool_count; i++) {
        if (check.served[i] && !somebody_serves(i) && !somebody_should(i))
            sim_violation("I3", "nobody has the traffic of pool %s any more, after: %s", door_pool(i), what);
    }
}

void check_moment(const char *command)
{
    nobody_is_left(command);
}

void check_happened(const struct effect *effect)
{
    char what[256];

    effect_describe(effect, what, sizeof(what));
    nobody_is_left(what);
}
