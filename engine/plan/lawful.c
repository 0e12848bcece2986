/*
 * What is refused before anything runs, each with the line of the pipeline that asks for it. Orders that could hurt
 * users are not warnings: a release that may not be right does not start.
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/builder.h"
#include "plan/shares.h"
#include "spec/diagnostics.h"
#include "spec/ladder.h"

static struct diagnostic *refuse(struct builder *b, struct mark mark, const char *text)
{
    return diagnostics_add(b->problems, ERR_PLAN_REFUSED, mark, "%s", text);
}

static int find_kind(const struct builder *b, enum stage_kind kind)
{
    for (int i = 0; i < b->pipeline->stage_count; i++) {
        if (b->pipeline->stages[i].kind == kind)
            return i;
    }
    return -1;
}

static int find_name(const struct builder *b, const char *name)
{
    for (int i = 0; i < b->pipeline->stage_count; i++) {
        if (text_is(b->pipeline->stages[i].name, name))
            return i;
    }
    return -1;
}

/* Which kinds have certainly ended before each stage begins: one bit a kind. Needs stand before who has them. */
static const unsigned *kinds_before(const struct builder *b)
{
    unsigned *before = arena_array(b->arena, (size_t)b->pipeline->stage_count + 1, sizeof(*before));

    for (int i = 0; i < b->pipeline->stage_count; i++) {
        const struct stage_spec *stage = &b->pipeline->stages[i];

        if (!stage->needs_given && i > 0)
            before[i] = before[i - 1] | 1u << b->pipeline->stages[i - 1].kind;
        for (int k = 0; k < stage->needs.count; k++) {
            int need = find_name(b, stage->needs.items[k]);

            if (need >= 0 && need < i)
                before[i] |= before[need] | 1u << b->pipeline->stages[need].kind;
        }
    }
    return before;
}

static void check_graph(struct builder *b)
{
    for (int i = 0; i < b->pipeline->stage_count; i++) {
        const struct stage_spec *stage = &b->pipeline->stages[i];

        for (int k = 0; k < stage->needs.count; k++) {
            if (find_name(b, stage->needs.items[k]) >= i)
                refuse(b, stage->needs.marks[k],
                       arena_printf(b->arena, "stage '%s' needs '%s', which comes after it", stage->name,
                                    stage->needs.items[k]))
                    ->hint = "write the stages in an order in which they could run one after another";
        }
    }
}

/* One row an order: a stage of `kind` is refused unless one of `before` has ended. */
static const struct order {
    enum stage_kind kind, before;
    const char *text, *hint;
} orders[] = {
    {STAGE_DEPLOY, STAGE_BUILD, "stage 'deploy' would deploy a unit that no stage has built",
     "put `- build` before it; without `unit.build` the exported sources are the unit"},
    {STAGE_VALIDATE, STAGE_DEPLOY, "stage 'validate' would check stamps that no stage has deployed",
     "put `- deploy` before it"},
    {STAGE_SHIFT, STAGE_VALIDATE, "stage 'shift' would give traffic to stamps that no stage has validated",
     "put `- validate: {checks: [...]}` before it"},
    {STAGE_DRAIN, STAGE_SHIFT, "stage 'drain' would drain old stamps that still have traffic",
     "put a `shift` that ends at 100% before it"},
    {STAGE_DESTROY, STAGE_DRAIN, "stage 'destroy' would destroy old stamps that no stage has drained",
     "put `- drain: {until: {...}}` before it"},
};

static void check_orders(struct builder *b)
{
    const unsigned *before = kinds_before(b);

    for (int i = 0; i < b->pipeline->stage_count; i++) {
        const struct stage_spec *stage = &b->pipeline->stages[i];

        for (size_t k = 0; k < sizeof(orders) / sizeof(*orders); k++) {
            if (stage->kind == orders[k].kind && !(before[i] & 1u << orders[k].before))
                refuse(b, stage->mark, orders[k].text)->hint = orders[k].hint;
        }
        if (stage->kind != STAGE_COMMAND && stage->kind != STAGE_GATE && stage->kind != STAGE_VALIDATE &&
            find_kind(b, stage->kind) != i)
            refuse(b, stage->mark,
                   arena_printf(b->arena, "a second '%s' stage; a pipeline has one at most",
                                stage_kind_text(stage->kind)));
    }
}

static void check_exact(struct builder *b, const struct stage_spec *shift)
{
    int news = b->pipeline->stamps.regions.count * b->pipeline->stamps.instances;
    int olds = b->facts->live.instance_count;

    for (int i = 0; i < shift->step_count; i++) {
        int share = shift->steps[i].share;
        struct weights ignored;

        if (!shares_weights(share, news, olds, DOOR_WEIGHT_MAX, &ignored))
            refuse(b, shift->steps[i].mark,
                   arena_printf(b->arena, "share %s cannot be exact with %d new and %d old instances",
                                share_text(b->arena, share), news, olds))
                ->hint =
                arena_printf(b->arena, "the front door's weights are 0..%d; the nearest exact share is %s",
                             DOOR_WEIGHT_MAX, share_text(b->arena, shares_nearest(share, news, olds, DOOR_WEIGHT_MAX)));
    }
}

static void check_health(struct builder *b)
{
    if (!b->pipeline->stamps.health.given && find_kind(b, STAGE_DEPLOY) >= 0)
        refuse(b, b->pipeline->stamps.mark, "the stamps have no health check")->hint =
            "add `health: {get: /health}`; without one nobody can tell a broken version from a good one";
}

static void check_leftovers(struct builder *b)
{
    for (int i = 0; i < b->facts->leftover_count; i++) {
        const struct fact_unit *unit = &b->facts->leftovers[i];

        if (unit->instance_count == 0)
            continue; /* files only: nothing of it can be mixed up with the new unit */
        refuse(b, b->pipeline->environment_mark,
               arena_printf(b->arena, "environment '%s' still has %d instance%s of unit '%s'", b->pipeline->environment,
                            unit->instance_count, unit->instance_count == 1 ? "" : "s", unit->name))
            ->hint = arena_printf(b->arena, "penstock destroy %s", unit->name);
    }
}

/* The old unit is asked in the way it was released with: it must have an answer to every question of this drain. */
static void check_old_probes(struct builder *b)
{
    int index = find_kind(b, STAGE_DRAIN);
    const json_t *probes = json_object_get(b->facts->live.contract, "probes");

    if (index < 0 || !b->facts->live.name || b->facts->live.instance_count == 0)
        return;
    for (int i = 0; i < b->pipeline->stages[index].drain.until_count; i++) {
        const struct until_spec *until = &b->pipeline->stages[index].drain.until[i];

        if (!json_object_get(probes, until->probe))
            refuse(b, until->mark,
                   arena_printf(b->arena, "the live unit '%s' was released without a probe '%s'", b->facts->live.name,
                                until->probe))
                ->hint = "release a version that answers it first, or leave it out of `until` this once";
    }
}

static void check_door(struct builder *b)
{
    const struct traffic_spec *traffic = &b->pipeline->traffic;
    const char *now = traffic->socket ? traffic->socket : traffic->managed_bind;
    const char *live;

    if (!b->facts->door || b->facts->live.instance_count == 0)
        return;
    live = json_get_text(b->facts->door, json_get_bool(b->facts->door, "managed", false) ? "bind" : "socket");
    if (!text_is(live, now))
        refuse(b, traffic->mark,
               arena_printf(b->arena, "the live unit stands behind another front door ('%s', here '%s')", live, now))
            ->hint = arena_printf(b->arena, "put it back, or take the environment down first: penstock destroy %s",
                                  b->pipeline->environment);
}

/* In a pool that the pipeline does not name the old unit would keep its traffic, and be destroyed all the same. */
static void check_pools(struct builder *b)
{
    const struct traffic_spec *traffic = &b->pipeline->traffic;

    if (find_kind(b, STAGE_SHIFT) < 0 || b->facts->live.instance_count == 0)
        return;
    for (size_t i = 0; i < json_array_size(b->facts->pools); i++) {
        const char *pool = json_string_value(json_array_get(b->facts->pools, i));

        if (!pipeline_has_pool(b->pipeline, pool))
            refuse(b, traffic->mark,
                   arena_printf(b->arena,
                                "the live unit '%s' has traffic in pool '%s', which this pipeline does not name",
                                b->facts->live.name, pool))
                ->hint = arena_printf(b->arena, "put it back, or take the environment down first: penstock destroy %s",
                                      b->pipeline->environment);
    }
}

void lawful_check(struct builder *b)
{
    int shift = find_kind(b, STAGE_SHIFT);

    check_graph(b);
    check_orders(b);
    if (shift >= 0) {
        ladder_check(b->pipeline->stages[shift].steps, b->pipeline->stages[shift].step_count, ERR_PLAN_REFUSED,
                     b->problems);
        check_exact(b, &b->pipeline->stages[shift]);
    }
    check_health(b);
    check_leftovers(b);
    check_old_probes(b);
    check_door(b);
    check_pools(b);
}
