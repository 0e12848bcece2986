#include "plan/hotfix.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/project.h"

#define GATE_STAGE "hotfix"

/* "5% for 10m, 50% behind gate managers, 100%" */
static const char *ladder_text(struct arena *arena, const struct shift_step_spec *steps, int count)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < count; i++) {
        strbuf_printf(&text, "%s%s", i ? ", " : "", share_text(arena, steps[i].share));
        if (steps[i].gate)
            strbuf_printf(&text, " behind gate %s", steps[i].gate);
        if (steps[i].hold_ms)
            strbuf_printf(&text, " for %s", duration_text(arena, steps[i].hold_ms));
    }
    return arena_text(arena, strbuf_view(&text));
}

static void shorten(struct arena *arena, const struct environment_spec *environment, struct stage_spec *stage,
                    json_t *shortened)
{
    const struct hotfix_spec *hotfix = &environment->hotfix;
    const char *was = ladder_text(arena, stage->steps, stage->step_count);
    const char *now = ladder_text(arena, hotfix->ladder, hotfix->ladder_count);

    if (hotfix->ladder_count == 0 || text_is(was, now))
        return;
    json_array_append_new(
        shortened,
        json_pack("{s:s, s:s, s:s, s:s}", "what", arena_printf(arena, "shares of stage %s", stage->name), "was", was,
                  "now", now, "reason", arena_printf(arena, "hotfix.ladder of environment %s", environment->name)));
    stage->steps = hotfix->ladder;
    stage->step_count = hotfix->ladder_count;
}

/* A name that no stage of the pipeline has. */
static const char *gate_name(struct arena *arena, const struct pipeline_spec *pipeline)
{
    const char *name = GATE_STAGE;

    for (int i = 0, n = 2; i < pipeline->stage_count; i++) {
        if (!text_is(pipeline->stages[i].name, name))
            continue;
        name = arena_printf(arena, "%s-%d", GATE_STAGE, n++);
        i = -1;
    }
    return name;
}

static struct stage_spec gate_stage(const struct hotfix_spec *hotfix, const char *name)
{
    return (struct stage_spec){
        .kind = STAGE_GATE, .name = name, .gate = hotfix->gate, .mark = hotfix->mark, .gate_mark = hotfix->gate_mark};
}

/* A stage that waits for no other waits for the gate. */
static void need_gate(struct arena *arena, struct stage_spec *stage, const char *gate)
{
    const char **items;
    struct mark *marks;

    if (!stage->needs_given || stage->needs.count > 0)
        return;
    items = arena_array(arena, 1, sizeof(*items));
    marks = arena_array(arena, 1, sizeof(*marks));
    items[0] = gate;
    marks[0] = stage->mark;
    stage->needs = (struct text_list){.items = items, .count = 1, .mark = stage->mark, .marks = marks};
}

const struct pipeline_spec *hotfix_pipeline(struct arena *arena, const struct environment_spec *environment,
                                            const struct pipeline_spec *pipeline, json_t **shortened)
{
    struct pipeline_spec *own = ARENA_NEW(arena, struct pipeline_spec);
    const char *gate = gate_name(arena, pipeline);

    *own = *pipeline;
    own->stage_count = pipeline->stage_count + 1;
    own->stages = arena_array(arena, (size_t)own->stage_count, sizeof(*own->stages));
    own->stages[0] = gate_stage(&environment->hotfix, gate);
    memcpy(own->stages + 1, pipeline->stages, (size_t)pipeline->stage_count * sizeof(*own->stages));
    *shortened = json_array();
    for (int i = 1; i < own->stage_count; i++) {
        need_gate(arena, &own->stages[i], gate);
        if (own->stages[i].kind == STAGE_SHIFT)
            shorten(arena, environment, &own->stages[i], *shortened);
    }
    return own;
}
