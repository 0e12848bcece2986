/* plan, release, destroy: what makes a plan, and what runs it. */

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "spec/project.h"
#include "view/rows.h"

static json_t *plan_document(const struct plan *plan)
{
    json_t *document = document_new("plan");

    json_object_set_new(document, "digest", json_string(plan->digest));
    json_object_set_new(document, "plan", json_loads(plan->text, 0, NULL));
    return document;
}

static void show_plan(struct cli *cli, const struct plan *plan)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    plan_render(plan, &text);
    print_wrapped(cli, strbuf_view(&text));
}

/* The live unit is made of this very commit. */
static bool changes_nothing(const struct planning *planning)
{
    return planning->facts.live.name && text_is(planning->facts.live.commit, planning->facts.commit);
}

/* What a live release has put up is in the way of a plan, and is not left over: that it is live is what is said. */
static struct error *plan_or_live(struct cli *cli, struct planning *planning)
{
    const char *const *arguments = cli->options.arguments;
    struct error *error = planning_release(cli, arguments[0], arguments[1], planning);
    struct error *live;

    if (!error || error->code != ERR_PLAN_REFUSED || !cli->record)
        return error;
    live = planning_is_free(cli, arguments[0]);
    if (!live)
        return error;
    error_free(error);
    return live;
}

struct error *cmd_plan(struct cli *cli)
{
    const char *const *arguments = cli->options.arguments;
    struct planning planning = {0};
    bool same;

    TRY(plan_or_live(cli, &planning));
    same = changes_nothing(&planning);
    if (wants_json(cli)) {
        json_t *document = plan_document(planning.plan);

        json_object_set_new(document, "changes", json_boolean(!same));
        print_document(cli, document);
    } else {
        show_plan(cli, planning.plan);
        if (same)
            say(cli, "%s serves this commit already", arguments[0]);
    }
    next_add(cli, "run it", "release %s%s%s", arguments[0], arguments[1] ? " " : "", arguments[1] ? arguments[1] : "");
    if (cli->options.given[OPTION_DETAILED_EXITCODE] && !same)
        cli->exit_code = EXIT_CODE_CHANGES;
    return NULL;
}

struct error *cmd_release(struct cli *cli)
{
    const char *const *arguments = cli->options.arguments;
    const struct environment_spec *environment;
    struct planning planning = {0};
    bool yes;

    TRY(environment_need(cli, arguments[0], &environment));
    TRY(record_need(cli, RECORD_CREATE));
    TRY(planning_is_free(cli, arguments[0]));
    TRY(option_duration(cli, OPTION_KEEP_FOR, &planning.facts.request.keep_ms));
    if (planning.facts.request.keep_ms && !environment->keep_ms)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "environment %s is not short-lived", environment->name),
                          "only those with `short_lived` in penstock.yaml have an end");
    planning.facts.request.scheduled = cli->options.given[OPTION_SCHEDULED] > 0;
    TRY(planning_release(cli, arguments[0], arguments[1], &planning));
    planning_show(cli, planning.plan);
    TRY(ask_yes(cli,
                arena_printf(cli->arena, "release %.7s to %s as %s?", planning.facts.commit, arguments[0],
                             planning.plan->release),
                &yes));
    if (!yes) {
        say(cli, "nothing was done");
        return NULL;
    }
    return planning_run(cli, &planning);
}

static bool has_unit(const json_t *units, const char *name)
{
    size_t index;
    const json_t *row;

    json_array_foreach(units, index, row)
    {
        if (text_is(json_get_text(row, "name"), name))
            return true;
    }
    return false;
}

/* The environment where a unit of that name stands; NULL: there is none. */
static struct error *environment_of_unit(struct cli *cli, const char *unit, const char **out)
{
    json_t *environments CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *row;

    *out = NULL;
    TRY(rows_status(cli->record, &environments));
    json_array_foreach(environments, index, row)
    {
        const char *environment = json_get_text(row, "environment");
        json_t *units CLEANUP(json_cleanup) = NULL;

        TRY(rows_units(cli->record, environment, &units));
        if (has_unit(units, unit))
            *out = arena_text(cli->arena, environment);
    }
    return NULL;
}

static struct error *check_environment(struct cli *cli, const char *name)
{
    TRY(project_load(cli));
    if (project_environment(cli->project, name))
        return NULL;
    next_add(cli, "what stands", "status");
    return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "'%s' is neither a unit that stands nor an environment of %s", name,
                     cli->project->file);
}

struct error *cmd_destroy(struct cli *cli)
{
    const char *name = cli->options.arguments[0];
    struct planning planning = {0};
    const char *environment;
    const char *unit = name;
    bool yes;

    TRY(record_need(cli, RECORD_WRITE));
    TRY(environment_of_unit(cli, name, &environment));
    if (!environment) {
        TRY(check_environment(cli, name));
        environment = name;
        unit = NULL;
    }
    TRY(planning_is_free(cli, environment));
    TRY(planning_destroy(cli, environment, unit, &planning));
    planning_show(cli, planning.plan);
    if (unit)
        TRY(ask_yes(cli, arena_printf(cli->arena, "destroy %s?", unit), &yes));
    else
        TRY(ask_name(cli, arena_printf(cli->arena, "destroy everything of environment %s, with its front door?", name),
                     name, &yes));
    if (!yes) {
        say(cli, "nothing was done");
        return NULL;
    }
    return planning_run(cli, &planning);
}
