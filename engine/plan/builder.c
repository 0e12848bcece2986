#include "plan/builder.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

void ordinals_add(struct arena *arena, struct ordinals *list, int ordinal)
{
    *ARENA_PUSH(arena, list->items, list->count, list->capacity) = ordinal;
}

static struct ordinals ordinals_copy(struct arena *arena, const struct ordinals *list)
{
    struct ordinals copy = {0};

    for (int i = 0; i < list->count; i++)
        ordinals_add(arena, &copy, list->items[i]);
    return copy;
}

void builder_stage(struct builder *b, const char *name, const char *kind, int64_t timeout_ms)
{
    struct plan_stage *stage = ARENA_PUSH(b->arena, b->plan->stages, b->plan->stage_count, b->stage_capacity);

    *stage = (struct plan_stage){.name = arena_text(b->arena, name),
                                 .kind = arena_text(b->arena, kind),
                                 .timeout_ms = timeout_ms,
                                 .first_step = b->plan->step_count,
                                 .last_step = b->plan->step_count - 1};
    b->stage = b->plan->stage_count - 1;
}

/* A verb may be run again after a lost outcome unless it is somebody else's command with effects of its own. */
static bool is_repeatable(enum verb verb)
{
    return verb != VERB_COMMAND_RUN;
}

struct plan_step *builder_step(struct builder *b, enum verb verb, const char *target, json_t *params, const char *title)
{
    struct plan_step *step = ARENA_PUSH(b->arena, b->plan->steps, b->plan->step_count, b->step_capacity);
    struct ordinals needs = ordinals_copy(b->arena, &b->frontier);
    int ordinal = b->plan->step_count - 1;

    *step = (struct plan_step){.ordinal = ordinal,
                               .stage = b->stage,
                               .verb = verb,
                               .track = b->track,
                               .target = arena_text(b->arena, target),
                               .needs = needs.items,
                               .need_count = needs.count,
                               .undoes = -1,
                               .proof = -1,
                               .repeatable = is_repeatable(verb),
                               .retries = b->retries,
                               .title = title,
                               .params = json_in_arena(b->arena, params)};
    b->plan->stages[b->stage].last_step = ordinal;
    b->frontier = (struct ordinals){0};
    ordinals_add(b->arena, &b->frontier, ordinal);
    return step;
}

struct fork builder_fork(struct builder *b)
{
    return (struct fork){.from = ordinals_copy(b->arena, &b->frontier)};
}

/* A chain without a step ends where all of them began. That is said once: or large plans would be nothing but that. */
static void end_branch(struct builder *b, struct fork *fork)
{
    bool empty = fork->steps == b->plan->step_count;

    for (int i = 0; i < b->frontier.count && !(empty && fork->any_empty); i++)
        ordinals_add(b->arena, &fork->ends, b->frontier.items[i]);
    fork->any_empty = fork->any_empty || empty;
}

void builder_branch(struct builder *b, struct fork *fork)
{
    if (fork->any)
        end_branch(b, fork);
    fork->any = true;
    fork->steps = b->plan->step_count;
    b->frontier = ordinals_copy(b->arena, &fork->from);
}

void builder_join(struct builder *b, struct fork *fork)
{
    if (!fork->any)
        return;
    end_branch(b, fork);
    b->frontier = fork->ends;
}

struct plan_instance *builder_instance(struct builder *b)
{
    return ARENA_PUSH(b->arena, b->plan->instances, b->plan->instance_count, b->instance_capacity);
}

struct plan_monitor *builder_monitor(struct builder *b)
{
    return ARENA_PUSH(b->arena, b->plan->monitors, b->plan->monitor_count, b->monitor_capacity);
}

int builder_next(const struct builder *b, enum side side, int after)
{
    for (int i = after + 1; i < b->plan->instance_count; i++) {
        if (b->plan->instances[i].side == side)
            return i;
    }
    return -1;
}

int builder_count(const struct builder *b, enum side side)
{
    int count = 0;

    for (int i = builder_next(b, side, -1); i >= 0; i = builder_next(b, side, i))
        count++;
    return count;
}

const json_t *builder_contract(const struct builder *b, enum side side)
{
    return side == SIDE_NEW ? b->plan->unit.contract : b->plan->old_unit.contract;
}

void builder_finish(struct builder *b)
{
    for (int i = 0; i < b->plan->step_count; i++) {
        struct plan_step *step = &b->plan->steps[i];
        const char *text =
            arena_printf(b->arena, "%s\n%s\n%d\n%s\n%s\n%s", b->plan->release, b->plan->stages[step->stage].name, i,
                         verb_text(step->verb), step->target, json_canonical(b->arena, step->params));
        struct digest digest = digest_of(text, strlen(text));
        char *hex = arena_alloc(b->arena, DIGEST_HEX);

        digest_hex(&digest, hex);
        step->key = hex;
    }
}
