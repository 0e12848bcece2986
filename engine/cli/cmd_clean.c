/* clean: ends short-lived environments whose time is over, each with the same care as `destroy`. */

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "plan/plan.h"
#include "spec/project.h"
#include "store/record.h"
#include "view/table.h"

static bool is_over(const json_t *row, int64_t now_ms)
{
    return json_get_int(row, "keep_until_ms", 0) <= now_ms;
}

static void show_kept(struct cli *cli, const json_t *rows, int64_t now_ms)
{
    static const struct table_column columns[] = {
        {"environment", 1, false}, {"unit", 2, false}, {"kept until", 1, false}, {"", 1, false}, {NULL, 0, false}};
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct table *table = table_new(cli->arena, columns);
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row)
    {
        int64_t until_ms = json_get_int(row, "keep_until_ms", 0);
        const char *cells[] = {
            json_get_text(row, "environment"), json_get_text(row, "live_unit"), time_text(cli->arena, until_ms),
            is_over(row, now_ms)
                ? "its time is over"
                : arena_printf(cli->arena, "%s left", duration_text(cli->arena, (until_ms - now_ms) / 1000 * 1000))};

        table_row(table, cells);
    }
    table_render(table, &cli->out, &text);
    print_text(cli, strbuf_view(&text));
}

static void list(struct cli *cli, const json_t *rows, int64_t now_ms)
{
    json_t *document;

    if (wants_json(cli)) {
        document = document_new("kept");
        json_object_set(document, "environments", (json_t *)(uintptr_t)rows);
        print_document(cli, document);
    } else if (json_array_size(rows) > 0) {
        show_kept(cli, rows, now_ms);
    } else {
        say(cli, "no short-lived environment stands");
    }
}

static struct error *clean_one(struct cli *cli, const char *environment, bool *done)
{
    struct planning planning = {0};
    bool yes;

    *done = false;
    TRY(planning_is_free(cli, environment));
    TRY(planning_destroy(cli, environment, NULL, &planning));
    planning_show(cli, planning.plan);
    TRY(ask_yes(cli,
                arena_printf(cli->arena, "destroy everything of environment %s, with its front door?", environment),
                &yes));
    if (!yes)
        return NULL;
    TRY(planning_run(cli, &planning));
    *done = cli->exit_code == EXIT_CODE_DONE;
    return NULL;
}

/* One that cannot be cleaned does not keep the others. The first error is the command's. */
static struct error *clean_all(struct cli *cli, const json_t *rows, int64_t now_ms)
{
    struct error *first = NULL;
    int cleaned = 0, over = 0, worst = EXIT_CODE_DONE;
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row)
    {
        struct error *error;
        bool done;

        if (!is_over(row, now_ms))
            continue;
        over++;
        error = clean_one(cli, json_get_text(row, "environment"), &done);
        cleaned += !error && done;
        worst = cli->exit_code > worst ? cli->exit_code : worst;
        cli->exit_code = EXIT_CODE_DONE;
        if (!first)
            first = error;
        else
            error_free(error);
    }
    cli->exit_code = worst;
    say(cli, over ? "%d of %d cleaned" : "nothing is over yet", cleaned, over);
    return first;
}

struct error *cmd_clean(struct cli *cli)
{
    const char *environment = cli->options.arguments[0];
    const struct environment_spec *known;
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s?}", "environment", environment);
    json_t *rows CLEANUP(json_cleanup) = NULL;
    int64_t now_ms = clock_wall_ms();

    if (environment)
        TRY(environment_need(cli, environment, &known));
    TRY(record_need(cli, RECORD_WRITE));
    TRY(query_rows(cli->record, "kept", params, &rows));
    if (!cli->options.given[OPTION_DRY_RUN] && json_array_size(rows) > 0)
        return clean_all(cli, rows, now_ms);
    list(cli, rows, now_ms);
    return NULL;
}
