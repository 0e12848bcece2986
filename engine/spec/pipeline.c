#include "spec/pipeline.h"

#include "base/memory.h"
#include "base/text.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/pipeline_check.h"
#include "spec/yaml_tree.h"

static const char *const stage_kind_texts[STAGE_KIND_COUNT] = {
    [STAGE_BUILD] = "build", [STAGE_DEPLOY] = "deploy", [STAGE_VALIDATE] = "validate", [STAGE_SHIFT] = "shift",
    [STAGE_GATE] = "gate",   [STAGE_DRAIN] = "drain",   [STAGE_DESTROY] = "destroy",   [STAGE_COMMAND] = "command",
};

static const char *const probe_kind_texts[] = {
    [PROBE_JSON] = "json",
    [PROBE_COUNT] = "count",
    [PROBE_SQL] = "sql",
    [PROBE_METRIC] = "metric",
};

const char *stage_kind_text(enum stage_kind kind)
{
    return stage_kind_texts[kind];
}

const char *probe_kind_text(enum probe_kind kind)
{
    return probe_kind_texts[kind];
}

/* The defaults that depend on something else, which is what `fallback_words` in the table says. */
static void fill_in(struct arena *arena, struct pipeline_spec *pipeline)
{
    struct traffic_spec *traffic = &pipeline->traffic;

    if (traffic->pool_count == 0) {
        traffic->pools = ARENA_NEW(arena, struct pool_spec);
        traffic->pools[0] = (struct pool_spec){.name = "app", .match = "/", .mark = traffic->mark};
        traffic->pool_count = 1;
    }
    if (traffic->url == NULL && traffic->managed_bind != NULL)
        traffic->url = arena_printf(arena, "http://%s", traffic->managed_bind);
    for (int i = 0; i < pipeline->stage_count; i++) {
        struct stage_spec *stage = &pipeline->stages[i];

        if (stage->name == NULL && stage->kind != STAGE_KIND_COUNT)
            stage->name = stage_kind_text(stage->kind);
        if (stage->kind == STAGE_SHIFT && stage->step_count == 0) {
            stage->steps = ARENA_NEW(arena, struct shift_step_spec);
            stage->steps[0] = (struct shift_step_spec){.share = SHARE_ALL, .mark = stage->mark};
            stage->step_count = 1;
        }
    }
}

void pipeline_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                    struct diagnostics *problems, struct pipeline_spec **out)
{
    struct pipeline_spec *pipeline = ARENA_NEW(arena, struct pipeline_spec);
    struct yaml_tree tree;
    struct bind bind = {.arena = arena, .words = diagnostics_arena(problems), .problems = problems, .tree = &tree};

    *out = pipeline;
    yaml_tree_parse(arena, file, bytes, length, problems, &tree);
    pipeline->file = tree.file;
    pipeline->text = arena_text_n(arena, bytes, length);
    bind_document(&bind, &pipeline_table, pipeline);
    fill_in(arena, pipeline);
    if (!diagnostics_enough(problems))
        pipeline_check(arena, pipeline, problems);
}
