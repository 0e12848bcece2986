/* What needs both files: a pipeline may only use what its environment has. */

#include "base/memory.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/names.h"
#include "spec/project.h"
#include "spec/wording.h"

struct together {
    struct arena *arena; /* of the suggestions; the texts are copied into the list */
    const struct project_spec *project;
    const struct environment_spec *environment;
    struct diagnostics *problems;
    struct names gates;
};

static void check_gate(struct together *own, const char *gate, struct mark mark)
{
    size_t count = (size_t)own->environment->gate_count;
    struct diagnostic *problem = NULL;

    if (gate == NULL || names_find(&own->gates, gate) >= 0)
        return;
    problem =
        diagnostics_add(own->problems, ERR_SPEC_INVALID, mark, "there is no gate %s in the environment '%s' of %s",
                        wording_quote(own->arena, gate), own->environment->name, own->project->file);
    problem->width = text_columns(gate);
    problem->see = "environments.gates";
    problem->hint = wording_hint(own->arena, gate, own->gates.words, count, "the gates are");
    if (problem->hint == NULL)
        problem->hint = arena_printf(own->arena, "add it to environments.%s.gates in %s", own->environment->name,
                                     own->project->file);
}

static void check_environment(struct together *own, const struct pipeline_spec *pipeline)
{
    size_t count = (size_t)own->project->environment_count;
    const char **words = arena_array(own->arena, count + 1, sizeof(*words));
    struct diagnostic *problem = NULL;

    for (size_t i = 0; i < count; i++)
        words[i] = own->project->environments[i].name;
    problem =
        diagnostics_add(own->problems, ERR_SPEC_INVALID, pipeline->environment_mark, "there is no environment %s in %s",
                        wording_quote(own->arena, pipeline->environment), own->project->file);
    problem->width = text_columns(pipeline->environment);
    problem->see = "environments";
    problem->hint = wording_hint(own->arena, pipeline->environment, words, count, "the environments are");
}

void spec_check_together(const struct project_spec *project, const struct pipeline_spec *pipeline,
                         struct diagnostics *problems)
{
    struct together own = {.arena = diagnostics_arena(problems), .project = project, .problems = problems};
    const char **words = NULL;
    size_t count = 0;

    if (pipeline->environment == NULL)
        return;
    own.environment = project_environment(project, pipeline->environment);
    if (own.environment == NULL) {
        check_environment(&own, pipeline);
        return;
    }
    count = (size_t)own.environment->gate_count;
    words = arena_array(own.arena, count + 1, sizeof(*words));
    for (size_t i = 0; i < count; i++)
        words[i] = own.environment->gates[i].name;
    names_build(own.arena, words, count, &own.gates);
    for (int i = 0; i < pipeline->stage_count; i++) {
        const struct stage_spec *stage = &pipeline->stages[i];

        check_gate(&own, stage->gate, stage->gate_mark);
        for (int step = 0; step < stage->step_count; step++)
            check_gate(&own, stage->steps[step].gate, stage->steps[step].gate_mark);
    }
}
