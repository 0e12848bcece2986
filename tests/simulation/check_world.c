/* What must hold of the world at every moment, and when a release has ended. */

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "simulation/check_parts.h"
#include "simulation/sim.h"

/* Everything that the pipeline asks of an instance before it may have traffic. */
static bool is_validated(const struct checked_release *release, const struct instance *instance)
{
    size_t stamp = strlen(instance->name);

    while (stamp > 0 && instance->name[stamp] != '.')
        stamp--;
    for (int i = 0; i < release->step_count; i++) {
        const struct checked_step *step = &release->steps[i];

        if (step->done || !step->proves)
            continue;
        if (text_is(step->target, instance->name))
            return false;
        if (text_is(step->verb, "check.command") && strlen(step->target) == stamp &&
            strncmp(step->target, instance->name, stamp) == 0)
            return false;
    }
    return true;
}

/* The last word of the journal about it: was it told to end, and not told otherwise since? */
static bool is_draining(const struct checked_release *release, const struct instance *instance)
{
    int64_t begun = 0, taken_back = 0;

    for (int i = 0; i < release->step_count; i++) {
        const struct checked_step *step = &release->steps[i];

        if (!step->tells || !step->done || !text_is(step->target, instance->name))
            continue;
        if (text_is(step->verb, "drain.begin") && step->done_seq > begun)
            begun = step->done_seq;
        if (text_is(step->verb, "drain.cancel") && step->done_seq > taken_back)
            taken_back = step->done_seq;
    }
    return begun > taken_back;
}

static void server_holds(const struct checked_release *release, const struct server *server)
{
    struct instance *instance = world_instance(server->name);

    if (!instance) {
        sim_violation("I2", "new traffic goes to '%s', which does not exist", server->name);
        return;
    }
    instance->had_traffic = true;
    if (instance->stopped && instance_alive(instance))
        sim_violation("I2", "new traffic goes to %s, which was told to end", instance->name);
    if (!release)
        return;
    if (text_is(release->unit, instance->unit) && !is_validated(release, instance))
        sim_violation("I2", "new traffic goes to %s before it was validated", instance->name);
    if (is_draining(release, instance))
        sim_violation("I2", "new traffic goes to %s, which drains", instance->name);
}

void check_world(void)
{
    const struct checked_release *release = check_live();
    bool disturbed;

    if (sim.failed || !door_alive())
        return;
    door_settle();
    disturbed = faults_door_disturbed();
    for (int i = 0; i < door.count; i++) {
        if (!server_in_force(&door.servers[i]))
            continue;
        if (disturbed) {
            struct instance *instance = world_instance(door.servers[i].name);

            if (instance)
                instance->had_traffic = true;
        } else {
            server_holds(release, &door.servers[i]);
        }
    }
}

static void unit_gone(const struct checked_release *release, const char *unit)
{
    if (!*unit)
        return;
    for (int i = 0; i < world.instance_count; i++) {
        const struct instance *instance = world.instances[i];

        if (text_is(instance->unit, unit) && instance_alive(instance))
            sim_violation("end", "release %s is %s, but %s still runs", release->id, release->end, instance->name);
    }
    for (int i = 0; i < world.process_count; i++) {
        const struct process *process = &world.processes[i];

        if (process->alive && process->instance && text_is(process->instance->unit, unit))
            sim_violation("end", "release %s is %s, but process %d of %s still runs", release->id, release->end,
                          (int)process->pid, process->instance->name);
    }
    for (int i = 0; i < door.count && !faults_door_disturbed(); i++) {
        const struct instance *instance = world_instance(door.servers[i].name);

        if (!instance || text_is(instance->unit, unit))
            sim_violation("end", "release %s is %s, but the front door still knows %s", release->id, release->end,
                          door.servers[i].name);
    }
}

static bool was_kept(const struct checked_release *release)
{
    for (int i = 0; i < release->step_count; i++) {
        if (text_is(release->steps[i].verb, "unit.remove") && text_is(release->steps[i].track, "undo"))
            return !release->steps[i].done && release->steps[0].started;
    }
    return false;
}

void check_release_ended(const char *id)
{
    const struct checked_release *release;

    check_journal();
    release = check_release(id);
    if (!release || !*release->end) {
        sim_violation("I12", "release %s was said to have ended, and the journal does not say so", id);
        return;
    }
    for (int i = 0; i < release->step_count; i++) {
        if (release->steps[i].open && text_is(release->end, "succeeded"))
            sim_violation("I1", "release %s has ended with '%s %s' under way", id, release->steps[i].verb,
                          release->steps[i].target);
    }
    if (text_is(release->end, "succeeded")) {
        unit_gone(release, release->old_unit);
        if (text_is(release->kind, "release"))
            check.live_unit = release->unit;
        else if (text_is(release->old_unit, check.live_unit))
            check.live_unit = NULL;
    } else if (text_is(release->mode, "undo") && !was_kept(release)) {
        unit_gone(release, release->unit);
    }
}
