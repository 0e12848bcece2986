/*
 * What is watched while a release is live: the front door's weights, every instance's health, the prober, and the
 * limits of the shift. A monitor is live once its first step is done; see machine_monitor_live().
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/builder.h"

static int find_step(const struct builder *b, enum verb verb, const char *target)
{
    for (int i = 0; i < b->plan->step_count; i++) {
        if (b->plan->steps[i].verb == verb && (!target || text_is(b->plan->steps[i].target, target)))
            return i;
    }
    return -1;
}

static const struct stage_spec *shift_stage(const struct builder *b)
{
    for (int i = 0; i < b->pipeline->stage_count; i++) {
        if (b->pipeline->stages[i].kind == STAGE_SHIFT)
            return &b->pipeline->stages[i];
    }
    return NULL;
}

static void monitor(struct builder *b, enum monitor_kind kind, const char *target, int first_step, int last_step,
                    json_t *params)
{
    struct plan_monitor *monitor = builder_monitor(b);

    monitor->kind = kind;
    monitor->target = arena_text(b->arena, target);
    monitor->first_step = first_step;
    monitor->last_step = last_step;
    monitor->params = json_in_arena(b->arena, params);
}

/* Before the first shares step the old side has everything, each of its servers with the same weight. */
static void watch_traffic(struct builder *b, int door)
{
    for (int i = 0; i < b->pipeline->traffic.pool_count; i++) {
        json_t *weights = json_object();

        for (int k = builder_next(b, SIDE_OLD, -1); k >= 0; k = builder_next(b, SIDE_OLD, k))
            json_object_set_new(weights, b->plan->instances[k].name, json_integer(1));
        monitor(b, MONITOR_TRAFFIC, b->pipeline->traffic.pools[i].name, door, -1,
                json_pack("{s:s, s:o, s:i}", "pool", b->pipeline->traffic.pools[i].name, "weights", weights, "every_ms",
                          1000));
    }
}

static void watch_health(struct builder *b, int door)
{
    for (int i = 0; i < b->plan->instance_count; i++) {
        const struct plan_instance *instance = &b->plan->instances[i];
        int first = instance->side == SIDE_NEW ? find_step(b, VERB_INSTANCE_READY, instance->name) : door;
        const json_t *health = json_object_get(builder_contract(b, instance->side), "health");

        if (first >= 0)
            monitor(b, MONITOR_HEALTH, instance->name, first, -1, json_deep_copy(health));
    }
}

static void watch_shift(struct builder *b, const struct stage_spec *shift)
{
    const struct plan_step *shares = &b->plan->steps[b->first_shares];
    /* With an old side the prober begins right before the first change of shares, so that the change itself is seen. */
    bool early = builder_count(b, SIDE_OLD) > 0 && shares->need_count > 0;

    if (shift->prober.given)
        monitor(b, MONITOR_PROBER, shift->name, early ? shares->needs[0] : b->first_shares, b->shift_last,
                json_pack("{s:s, s:I, s:I, s:I}", "path", shift->prober.get, "every_ms",
                          (json_int_t)shift->prober.every_ms, "timeout_ms", (json_int_t)shift->prober.timeout_ms,
                          "max_failed", (json_int_t)shift->prober.max_failed));
    for (int i = 0; i < shift->watch_count; i++) {
        const struct watch_spec *watch = &shift->watch[i];
        const json_t *probe = json_object_get(json_object_get(b->plan->unit.contract, "probes"), watch->probe);

        for (int k = builder_next(b, SIDE_NEW, -1); k >= 0; k = builder_next(b, SIDE_NEW, k))
            monitor(b, MONITOR_LIMIT, b->plan->instances[k].name, b->first_shares, b->shift_last,
                    json_pack("{s:s, s:{s:O}, s:I, s:i, s:I}", "probe", watch->probe, "probes", watch->probe, probe,
                              "max", (json_int_t)watch->max, "failures", watch->failures, "every_ms",
                              (json_int_t)watch->every_ms));
    }
}

void expand_monitors(struct builder *b)
{
    const struct stage_spec *shift = shift_stage(b);
    int door = find_step(b, VERB_DOOR_ENSURE, NULL);

    if (door >= 0) {
        watch_traffic(b, door);
        watch_health(b, door);
    }
    if (shift && b->first_shares >= 0)
        watch_shift(b, shift);
}
