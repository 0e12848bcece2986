#include "spec/project_check.h"

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/ladder.h"
#include "spec/project.h"
#include "spec/wording.h"

struct check {
    struct arena *arena; /* of what is needed meanwhile */
    struct arena *words; /* of the messages */
    const struct project_spec *project;
    struct diagnostics *problems;
    const char **names; /* of the environments */
    bool *seen;         /* while one circle is looked for */
};

static int find_environment(const struct check *check, const char *name)
{
    for (int i = 0; i < check->project->environment_count; i++)
        if (text_is(check->names[i], name))
            return i;
    return -1;
}

static struct diagnostic *report(struct check *check, struct mark mark, const char *name, const char *text)
{
    struct diagnostic *own = diagnostics_add(check->problems, ERR_SPEC_INVALID, mark, "%s", text);

    own->width = text_columns(name);
    return own;
}

static void check_requirement(struct check *check, const struct environment_spec *environment,
                              const struct requirement_spec *requirement)
{
    const char *name = requirement->released_to;
    struct diagnostic *own = NULL;

    if (name == NULL)
        return;
    if (text_is(name, environment->name))
        own = report(check, requirement->mark, name,
                     arena_printf(check->words, "the environment '%s' requires itself", name));
    else if (find_environment(check, name) < 0) {
        own = report(check, requirement->mark, name,
                     arena_printf(check->words, "there is no environment %s", wording_quote(check->words, name)));
        own->hint = wording_hint(check->words, name, check->names, (size_t)check->project->environment_count,
                                 "the environments are");
    }
    if (own != NULL)
        own->see = "environments.requires";
}

/* Is `target` required by `from`, at any distance? The way is written backwards: " <- b <- a". */
static bool leads_to(struct check *check, int from, int target, struct strbuf *way)
{
    const struct environment_spec *environment = &check->project->environments[from];

    if (check->seen[from])
        return false;
    check->seen[from] = true;
    for (int i = 0; i < environment->requirement_count; i++) {
        int next = find_environment(check, environment->requirements[i].released_to);

        if (next < 0 || next == from || (next != target && !leads_to(check, next, target, way)))
            continue;
        strbuf_printf(way, ", which %s requires", check->names[from]);
        return true;
    }
    return false;
}

/* Each circle once: at the environment of it that stands first in the file. */
static void check_circle(struct check *check, int index)
{
    const struct environment_spec *environment = &check->project->environments[index];
    struct strbuf way CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < check->project->environment_count; i++)
        check->seen[i] = i < index;
    if (!leads_to(check, index, index, &way))
        return;
    diagnostics_add(check->problems, ERR_SPEC_INVALID, environment->requirements[0].mark,
                    "the environments require each other in a circle: %s%s", environment->name, strbuf_view(&way))
        ->see = "environments.requires";
}

static void check_hotfix(struct check *check, const struct environment_spec *environment)
{
    const struct hotfix_spec *hotfix = &environment->hotfix;
    size_t count = (size_t)environment->gate_count;
    const char **words = arena_array(check->arena, count + 1, sizeof(*words));
    struct diagnostic *own = NULL;

    ladder_check(hotfix->ladder, hotfix->ladder_count, ERR_SPEC_INVALID, check->problems);
    if (hotfix->gate == NULL || environment_gate(environment, hotfix->gate) != NULL)
        return;
    for (size_t i = 0; i < count; i++)
        words[i] = environment->gates[i].name;
    own = report(check, hotfix->gate_mark, hotfix->gate,
                 arena_printf(check->words, "there is no gate %s in the environment '%s'",
                              wording_quote(check->words, hotfix->gate), environment->name));
    own->see = "environments.gates";
    own->hint = wording_hint(check->words, hotfix->gate, words, count, "the gates are");
    if (own->hint == NULL)
        own->hint = arena_printf(check->words, "add it to environments.%s.gates", environment->name);
}

void project_check(struct arena *arena, const struct project_spec *project, struct diagnostics *problems)
{
    size_t count = (size_t)project->environment_count;
    struct check check = {.arena = arena,
                          .words = diagnostics_arena(problems),
                          .project = project,
                          .problems = problems,
                          .names = arena_array(arena, count + 1, sizeof(*check.names)),
                          .seen = arena_array(arena, count + 1, sizeof(*check.seen))};

    for (size_t i = 0; i < count; i++)
        check.names[i] = project->environments[i].name;
    for (int i = 0; i < project->environment_count && !diagnostics_enough(problems); i++) {
        const struct environment_spec *environment = &project->environments[i];

        for (int k = 0; k < environment->requirement_count; k++)
            check_requirement(&check, environment, &environment->requirements[k]);
        check_circle(&check, i);
        check_hotfix(&check, environment);
    }
}
