/* Any bytes as a pipeline and as a project file: no crash, no leak, and what passes is whole. */

#include "fuzz/fuzz.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"

static void check_diagnostics(struct diagnostics *problems)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    diagnostics_render(problems, &text);
    for (int i = 0; diagnostics_get(problems, i) != NULL; i++) {
        const struct diagnostic *own = diagnostics_get(problems, i);

        MUST(own->text != NULL && own->text[0] != '\0' && own->mark.file != NULL && own->width >= 1);
        MUST(own->mark.line == 0 || own->mark.column >= 1);
    }
    for (size_t i = 0; i < text.length; i++)
        MUST((unsigned char)text.bytes[i] >= 0x20 || text.bytes[i] == '\n');
}

static bool has_probe(const struct pipeline_spec *pipeline, const char *name)
{
    for (int i = 0; i < pipeline->stamps.probe_count; i++)
        if (text_is(pipeline->stamps.probes[i].name, name))
            return true;
    return false;
}

static void check_pipeline(const struct pipeline_spec *pipeline)
{
    MUST(pipeline->name != NULL && pipeline->environment != NULL && pipeline->stage_count > 0);
    MUST(pipeline->traffic.pool_count > 0 && pipeline->stamps.regions.count > 0);
    for (int i = 0; i < pipeline->stage_count; i++) {
        const struct stage_spec *stage = &pipeline->stages[i];

        MUST(stage->kind < STAGE_KIND_COUNT && stage->name != NULL && stage->mark.line > 0);
        MUST(stage->kind != STAGE_GATE || stage->gate != NULL);
        MUST(stage->kind != STAGE_COMMAND || stage->command.count > 0);
        MUST(stage->kind != STAGE_SHIFT || stage->step_count > 0);
        for (int j = 0; j < stage->check_count; j++)
            MUST(stage->checks[j].name != NULL);
        for (int j = 0; j < stage->drain.until_count; j++)
            MUST(has_probe(pipeline, stage->drain.until[j].probe));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct diagnostics *of_pipeline = diagnostics_new(arena);
    struct diagnostics *of_project = diagnostics_new(arena);
    struct pipeline_spec *pipeline = NULL;
    struct project_spec *project = NULL;
    /* An exact copy, so that a read past the end is seen. */
    char *bytes = heap_alloc(size);

    if (size > 0)
        memcpy(bytes, data, size);
    pipeline_parse(arena, "pipeline.yaml", bytes, size, of_pipeline, &pipeline);
    project_parse(arena, "penstock.yaml", bytes, size, of_project, &project);
    check_diagnostics(of_pipeline);
    check_diagnostics(of_project);
    if (diagnostics_count(of_pipeline) == 0)
        check_pipeline(pipeline);
    if (diagnostics_count(of_project) == 0)
        MUST(project->project != NULL && project->environment_count > 0);
    heap_cleanup(&bytes);
    return 0;
}
