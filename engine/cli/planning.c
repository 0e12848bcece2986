#include "cli/planning.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/load.h"
#include "cli/print.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "run/run.h"
#include "spec/diagnostics.h"
#include "spec/project.h"
#include "unit/source.h"
#include "view/rows.h"

/* What an empty record would say. */
static void empty_facts(struct facts *out)
{
    *out = (struct facts){.release = "r-1", .unit_number = 1, .record = "none", .request = out->request};
}

/* A missing record is no error here. */
static struct error *read_facts(struct cli *cli, const char *environment, struct facts *out)
{
    struct error *error;

    if (!cli->record) {
        TRY(state_need(cli));
        error = record_open(cli->state, RECORD_READ, &cli->record);
        if (error && error->code == ERR_NOT_FOUND) {
            error_free(error);
            empty_facts(out);
            return NULL;
        }
        if (error)
            return error;
    }
    return facts_read(cli->record, cli->arena, environment, out);
}

static struct error *fill_facts(struct cli *cli, const char *environment, struct facts *facts)
{
    TRY(person_need(cli, environment, &facts->requester));
    facts->repository = project_path(cli, cli->project->repository);
    facts->state_dir = cli->state;
    facts->branch = facts->branch ? facts->branch : "";
    facts->subject = facts->subject ? facts->subject : "";
    /* A plan that the record cannot give back would be a release that nobody can end. Paths were looked at before. */
    if (!text_is_utf8(facts->branch))
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is not UTF-8, and the record holds nothing else",
                         facts->branch);
    return NULL;
}

static struct error *fill_commit(struct cli *cli, const char *commit, struct facts *facts)
{
    struct source_commit found = {0};

    TRY(source_resolve(cli->arena, project_path(cli, cli->project->repository), commit, &found));
    facts->commit = found.id;
    facts->branch = found.branch;
    facts->subject = found.subject;
    return NULL;
}

static void leave_out(struct facts *facts, const char *unit)
{
    int kept = 0;

    for (int i = 0; i < facts->leftover_count; i++) {
        if (!text_is(facts->leftovers[i].name, unit))
            facts->leftovers[kept++] = facts->leftovers[i];
    }
    facts->leftover_count = kept;
}

struct error *planning_release(struct cli *cli, const char *environment, const char *commit, struct planning *out)
{
    TRY(environment_need(cli, environment, &out->environment));
    TRY(pipeline_load(cli, out->environment, &out->pipeline));
    TRY(read_facts(cli, environment, &out->facts));
    if (out->superseded)
        leave_out(&out->facts, out->superseded);
    TRY(fill_commit(cli, commit, &out->facts));
    out->facts.branch = out->branch ? out->branch : out->facts.branch;
    TRY(fill_facts(cli, environment, &out->facts));
    TRY(planning_rules(cli, out->environment, &out->facts));
    TRY(diagnostics_error(cli->problems)); /* a zone that nobody knows, so no calendar */
    plan_release(cli->arena, cli->project, out->pipeline, &out->facts, cli->problems, &out->plan);
    TRY(diagnostics_error(cli->problems));
    MUST(out->plan);
    return NULL;
}

struct error *planning_destroy(struct cli *cli, const char *environment, const char *unit, struct planning *out)
{
    TRY(environment_need(cli, environment, &out->environment));
    TRY(pipeline_load(cli, out->environment, &out->pipeline));
    TRY(read_facts(cli, environment, &out->facts));
    TRY(fill_facts(cli, environment, &out->facts));
    return plan_destroy(cli->arena, cli->project, out->pipeline, &out->facts, unit, &out->plan);
}

struct error *planning_is_free(struct cli *cli, const char *environment)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    const json_t *row;
    const char *id;
    bool running;
    bool held;

    TRY(rows_live(cli->record, environment, &rows));
    if (json_array_size(rows) == 0)
        return NULL;
    row = json_array_get(rows, 0);
    id = arena_text(cli->arena, json_get_text(row, "id"));
    held = text_is(json_get_text(row, "state"), "held");
    cli->about = id;
    TRY(follow_is_running(cli, id, environment, &running));
    if (running)
        next_add(cli, "follow it", "watch %s", id);
    else if (!held)
        next_add(cli, "go on with it: no runner is alive", "resume %s", id);
    next_add(cli, held ? "why it stopped, and what a person can do" : "why it is where it is", "show %s", id);
    return error_new(ERR_CONFLICT, KIND_PERMANENT,
                     "environment '%s' has a live release: %s, %s since %s (%s), asked for by %s", environment, id,
                     text_spaced(cli->arena, json_get_text(row, "state")),
                     time_text(cli->arena, json_get_int(row, "state_ms", 0)), json_get_text(row, "reason"),
                     json_get_text(row, "requester"));
}

void planning_show(struct cli *cli, const struct plan *plan)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (wants_json(cli) || cli->options.given[OPTION_QUIET])
        return;
    plan_render(plan, &text);
    print_wrapped(cli, strbuf_view(&text));
}

struct error *planning_run(struct cli *cli, const struct planning *planning)
{
    const char *release = planning->plan->release;

    cli->about = release;
    source_forget();
    TRY(run_begin(cli->record, cli->arena, planning->plan, planning->facts.journal_seq));
    return follow_start(cli, release, planning->plan->environment, planning->facts.requester);
}
