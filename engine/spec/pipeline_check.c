#include "spec/pipeline_check.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/names.h"
#include "spec/pipeline.h"
#include "spec/wording.h"

struct check {
    struct arena *arena; /* of what is needed meanwhile */
    struct arena *words; /* of the messages */
    const struct pipeline_spec *pipeline;
    struct diagnostics *problems;
    struct names probes;
    bool said_stamps; /* that the block is missing was said, or need not be */
    bool said_traffic;
};

static void check_probe(struct check *check, const char *probe, struct mark mark, const char *see)
{
    size_t count = (size_t)check->pipeline->stamps.probe_count;
    struct diagnostic *own = NULL;

    if (probe == NULL || names_find(&check->probes, probe) >= 0)
        return;
    own = diagnostics_add(check->problems, ERR_SPEC_INVALID, mark, "there is no probe %s in 'stamps.probes'",
                          wording_quote(check->words, probe));
    own->width = text_columns(probe);
    own->see = see;
    own->hint = wording_hint(check->words, probe, check->probes.words, count, "the probes are");
    if (own->hint == NULL)
        own->hint = "'stamps.probes' is empty or not there";
}

static void check_check_names(struct check *check, const struct stage_spec *stage)
{
    const char **words = arena_array(check->arena, (size_t)stage->check_count + 1, sizeof(*words));
    struct names names;

    for (int i = 0; i < stage->check_count; i++)
        words[i] = stage->checks[i].name;
    names_build(check->words, words, (size_t)stage->check_count, &names);
    for (int i = 0; i < stage->check_count && !diagnostics_enough(check->problems); i++) {
        int first = words[i] == NULL ? i : names_find(&names, words[i]);

        if (first != i)
            diagnostics_add(check->problems, ERR_SPEC_INVALID, stage->checks[i].mark,
                            "two checks are named %s; the first is at line %d, column %d",
                            wording_quote(check->words, words[i]), stage->checks[first].mark.line,
                            stage->checks[first].mark.column)
                ->see = "stages.validate.checks.name";
    }
}

static void check_block(struct check *check, const struct stage_spec *stage, const char *block, bool *said)
{
    struct diagnostic *own = NULL;

    if (*said)
        return;
    *said = true;
    own =
        diagnostics_add(check->problems, ERR_SPEC_INVALID, stage->mark,
                        "the stage '%s' needs the block '%s', which is not there", stage_kind_text(stage->kind), block);
    own->width = (int)strlen(stage_kind_text(stage->kind));
    own->see = block;
}

static void check_stage(struct check *check, const struct stage_spec *stage)
{
    const struct pipeline_spec *pipeline = check->pipeline;
    switch (stage->kind) {
    case STAGE_DRAIN:
    case STAGE_DESTROY:
        check_block(check, stage, "stamps", &check->said_stamps);
        break;
    case STAGE_VALIDATE:
        check_block(check, stage, "stamps", &check->said_stamps);
        check_check_names(check, stage);
        break;
    case STAGE_DEPLOY:
    case STAGE_SHIFT:
        check_block(check, stage, "stamps", &check->said_stamps);
        check_block(check, stage, "traffic", &check->said_traffic);
        break;
    case STAGE_BUILD:
    case STAGE_GATE:
    case STAGE_COMMAND:
    case STAGE_KIND_COUNT:
        break;
    }
    for (int i = 0; i < stage->watch_count && !diagnostics_enough(check->problems); i++)
        check_probe(check, stage->watch[i].probe, stage->watch[i].probe_mark, "stages.shift.watch.probe");
    for (int i = 0; i < stage->drain.until_count && !diagnostics_enough(check->problems); i++)
        check_probe(check, stage->drain.until[i].probe, stage->drain.until[i].mark, "stages.drain.until");
    if (stage->prober.given && pipeline->traffic.socket != NULL && pipeline->traffic.url == NULL) {
        struct diagnostic *own = diagnostics_add(check->problems, ERR_SPEC_INVALID, stage->prober.mark,
                                                 "the prober does not know the front door's address");

        own->hint = "add 'url:' to the block 'traffic'";
        own->see = "traffic.url";
    }
}

void pipeline_check(struct arena *arena, const struct pipeline_spec *pipeline, struct diagnostics *problems)
{
    struct check check = {
        .arena = arena, .words = diagnostics_arena(problems), .pipeline = pipeline, .problems = problems};
    size_t count = (size_t)pipeline->stamps.probe_count;
    const char **words = arena_array(arena, count + 1, sizeof(*words));

    for (size_t i = 0; i < count; i++)
        words[i] = pipeline->stamps.probes[i].name;
    names_build(arena, words, count, &check.probes);
    check.said_stamps = pipeline->stamps.mark.line != 0;
    check.said_traffic = pipeline->traffic.mark.line != 0;
    for (int i = 0; i < pipeline->stage_count; i++)
        check_stage(&check, &pipeline->stages[i]);
    stage_order_check(arena, pipeline, problems);
}
