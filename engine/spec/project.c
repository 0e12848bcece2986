#include "spec/project.h"

#include "base/memory.h"
#include "base/text.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/project_check.h"
#include "spec/yaml_tree.h"

const struct environment_spec *project_environment(const struct project_spec *project, const char *name)
{
    for (int i = 0; i < project->environment_count; i++)
        if (text_is(project->environments[i].name, name))
            return &project->environments[i];
    return NULL;
}

const struct gate_spec *environment_gate(const struct environment_spec *environment, const char *name)
{
    for (int i = 0; i < environment->gate_count; i++)
        if (text_is(environment->gates[i].name, name))
            return &environment->gates[i];
    return NULL;
}

void project_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                   struct diagnostics *problems, struct project_spec **out)
{
    struct project_spec *project = ARENA_NEW(arena, struct project_spec);
    struct yaml_tree tree;
    struct bind bind = {.arena = arena, .words = diagnostics_arena(problems), .problems = problems, .tree = &tree};

    *out = project;
    yaml_tree_parse(arena, file, bytes, length, problems, &tree);
    project->file = tree.file;
    project->text = arena_text_n(arena, bytes, length);
    bind_document(&bind, &project_table, project);
    for (int i = 0; i < project->environment_count; i++) {
        struct environment_spec *environment = &project->environments[i];

        if (environment->pipeline == NULL)
            environment->pipeline = arena_printf(arena, "pipelines/%s.yaml", environment->name);
    }
    project_check(arena, project, problems);
}
