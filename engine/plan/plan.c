/* Names of the plan's vocabulary, and look-ups. Pure. */

#include "plan/plan.h"

#include <stddef.h>

#include "base/text.h"

static const char *const verb_texts[VERB_COUNT] = {
    [VERB_UNIT_EXPORT] = "unit.export",
    [VERB_UNIT_BUILD] = "unit.build",
    [VERB_UNIT_COLLECT] = "unit.collect",
    [VERB_UNIT_REMOVE] = "unit.remove",
    [VERB_DOOR_ENSURE] = "door.ensure",
    [VERB_DOOR_SINGLE] = "door.single",
    [VERB_DOOR_REMOVE] = "door.remove",
    [VERB_INSTANCE_CREATE] = "instance.create",
    [VERB_INSTANCE_READY] = "instance.ready",
    [VERB_INSTANCE_STOP] = "instance.stop",
    [VERB_INSTANCE_KILL] = "instance.kill",
    [VERB_INSTANCE_REMOVE] = "instance.remove",
    [VERB_CHECK_HTTP] = "check.http",
    [VERB_CHECK_COMMAND] = "check.command",
    [VERB_TRAFFIC_ADD] = "traffic.add",
    [VERB_TRAFFIC_SHARES] = "traffic.shares",
    [VERB_TRAFFIC_DRAIN] = "traffic.drain",
    [VERB_TRAFFIC_UNDRAIN] = "traffic.undrain",
    [VERB_TRAFFIC_REMOVE] = "traffic.remove",
    [VERB_HOLD] = "hold",
    [VERB_GATE] = "gate",
    [VERB_PROBER_SETTLE] = "prober.settle",
    [VERB_DRAIN_BEGIN] = "drain.begin",
    [VERB_DRAIN_CANCEL] = "drain.cancel",
    [VERB_DRAIN_WAIT] = "drain.wait",
    [VERB_DRAIN_PROVE] = "drain.prove",
    [VERB_COMMAND_RUN] = "command.run",
};

const char *verb_text(enum verb verb)
{
    return verb_texts[verb];
}

bool verb_parse(const char *text, enum verb *out)
{
    for (int i = 0; i < VERB_COUNT; i++) {
        if (text_is(verb_texts[i], text)) {
            *out = (enum verb)i;
            return true;
        }
    }
    return false;
}

static const char *const plan_kind_texts[] = {
    [PLAN_RELEASE] = "release", [PLAN_HOTFIX] = "hotfix", [PLAN_ROLLBACK] = "rollback", [PLAN_DESTROY] = "destroy"};

const char *plan_kind_text(enum plan_kind kind)
{
    return plan_kind_texts[kind];
}

const char *track_text(enum track track)
{
    static const char *const texts[] = {[TRACK_FORWARD] = "forward", [TRACK_UNDO] = "undo"};

    return texts[track];
}

const char *side_text(enum side side)
{
    return side == SIDE_NEW ? "new" : "old";
}

const struct plan_instance *plan_instance(const struct plan *plan, const char *name)
{
    for (int i = 0; i < plan->instance_count; i++) {
        if (text_is(plan->instances[i].name, name))
            return &plan->instances[i];
    }
    return NULL;
}
