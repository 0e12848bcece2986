/* status, watch, history, show, and `penstock` alone: what there is to see. */

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/load.h"
#include "cli/print.h"
#include "spec/project.h"
#include "view/faces.h"
#include "view/horizon.h"
#include "view/release_view.h"
#include "view/rows.h"

#define HISTORY_DEFAULT 20

/* "live prod-1a2b3c4-7 (1a2b3c4)", from a row of the query status. */
static void environment_line(struct cli *cli, const json_t *row, int width, struct strbuf *out)
{
    const char *name = json_get_text(row, "environment");
    const char *unit = json_get_text(row, "live_unit");
    const char *commit = json_get_text(row, "live_commit");
    const char *padded = arena_printf(cli->arena, "%s%*s", name, width - text_columns(name), "");

    strbuf_printf(out, "%s  ", screen_ink(&cli->out, cli->arena, INK_BOLD, padded));
    if (unit)
        strbuf_printf(out, "live %s%s%.7s%s\n", unit, commit ? " (" : "", commit ? commit : "", commit ? ")" : "");
    else
        strbuf_text(out, "nothing is live\n");
}

static void indent_lines(const char *text, struct strbuf *out)
{
    while (*text) {
        const char *end = text;

        while (*end && *end != '\n')
            end++;
        strbuf_text(out, "  ");
        strbuf_add(out, text, (size_t)(end - text));
        strbuf_char(out, '\n');
        text = *end ? end + 1 : end;
    }
}

/* The live release of the environment, as text or into its JSON object; its advice goes to the end. */
static struct error *live_release(struct cli *cli, const char *id, struct strbuf *text, json_t *object)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf lines CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *next CLEANUP(json_cleanup) = NULL;
    json_t *release;

    TRY(release_view_read(cli->record, cli->arena, id, program_words(cli), &view));
    next = view_next(&view);
    next_add_all(cli, next);
    release = release_row_json(cli->arena, view.release);
    json_object_set_new(release, "runner_alive", json_boolean(view.runner_alive));
    json_object_set_new(release, "waiting", waiting_json(&view));
    json_object_set_new(object, "release", release);
    release_text(&view, &cli->out, &lines);
    waiting_text(&view, &cli->out, &lines);
    indent_lines(strbuf_view(&lines), text);
    return NULL;
}

static struct error *last_release(struct cli *cli, const char *environment, struct strbuf *text, json_t *object)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    const json_t *row;
    const char *end;

    TRY(rows_releases(cli->record, environment, 1, &rows));
    row = json_array_get(rows, 0);
    json_object_set_new(object, "release", row ? release_row_json(cli->arena, row) : json_null());
    if (!row)
        return NULL;
    end = view_text(row, "end");
    strbuf_printf(text, "  last release %s %s %s: %s\n", view_text(row, "id"), text_spaced(cli->arena, end),
                  ago_text(cli->arena, json_get_int(row, "ended_ms", 0), clock_wall_ms()), view_text(row, "reason"));
    if (!text_is(end, "succeeded"))
        next_add(cli, arena_printf(cli->arena, "why %s ended so", view_text(row, "id")), "show %s",
                 view_text(row, "id"));
    return NULL;
}

/* A short-lived environment says when it may be cleaned up. */
static void kept_line(struct cli *cli, const json_t *row, struct strbuf *text, json_t *object)
{
    int64_t until_ms = json_get_int(row, "keep_until_ms", 0);

    json_object_set(object, "keep_until_ms", json_object_get(row, "keep_until_ms"));
    if (until_ms && json_get_text(row, "live_unit"))
        strbuf_printf(text, "  kept until %s\n", time_text(cli->arena, until_ms));
}

static struct error *horizon(struct cli *cli, const char *environment, struct strbuf *text, json_t *object)
{
    json_t *back;

    TRY(horizon_read(cli->record, cli->arena, environment, &back));
    json_object_set_new(object, "back", back);
    if (json_is_object(back))
        strbuf_printf(text, "  back %s: %s %s\n", json_get_text(back, "text"), program_words(cli),
                      json_get_text(back, "command"));
    return NULL;
}

/* Hotfixes that nobody has looked at yet: red until somebody has. */
static struct error *open_reviews(struct cli *cli, const char *environment, struct strbuf *text, json_t *object)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    json_t *list = json_array();
    int64_t now_ms = clock_wall_ms();
    size_t index;
    json_t *row;

    json_object_set_new(object, "reviews", list);
    TRY(rows_reviews(cli->record, environment, &rows));
    json_array_foreach(rows, index, row)
    {
        const char *words;

        json_object_set(row, "review_due_ms", json_object_get(row, "due_ms"));
        words = arena_printf(cli->arena, "hotfix %s by %s: %s", view_text(row, "release"), view_text(row, "requester"),
                             review_words(cli->arena, row, now_ms));
        strbuf_printf(text, "  %s\n", screen_ink(&cli->out, cli->arena, INK_RED, words));
        next_add(cli, "it was looked at", "review %s --comment WHY", view_text(row, "release"));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "release", view_text(row, "release"), "requester",
                                              view_text(row, "requester"), "subject", view_text(row, "subject"), "due",
                                              time_json(cli->arena, json_get_int(row, "due_ms", 0))));
    }
    return NULL;
}

/* Everything of one environment that the record knows. */
static struct error *environment_block(struct cli *cli, const json_t *row, int width, struct strbuf *text, json_t *list)
{
    const char *name = json_get_text(row, "environment");
    json_t *object = json_pack("{s:s, s:O?, s:O?}", "environment", name, "live_unit", json_object_get(row, "live_unit"),
                               "live_commit", json_object_get(row, "live_commit"));
    json_t *live CLEANUP(json_cleanup) = NULL;

    json_array_append_new(list, object);
    environment_line(cli, row, width, text);
    kept_line(cli, row, text, object);
    TRY(open_reviews(cli, name, text, object));
    TRY(rows_live(cli->record, name, &live));
    if (json_array_size(live) > 0)
        TRY(live_release(cli, json_get_text(json_array_get(live, 0), "id"), text, object));
    else
        TRY(last_release(cli, name, text, object));
    return horizon(cli, name, text, object);
}

static bool has_environment(const json_t *rows, const char *name)
{
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row)
    {
        if (text_is(json_get_text(row, "environment"), name))
            return true;
    }
    return false;
}

/* Environments of the project file where nothing was released yet stand in the list too. */
static void add_unreleased(struct cli *cli, json_t *rows)
{
    for (int i = 0; cli->project && i < cli->project->environment_count; i++) {
        const char *name = cli->project->environments[i].name;

        if (!has_environment(rows, name))
            json_array_append_new(rows, json_pack("{s:s, s:n}", "environment", name, "live_unit"));
    }
}

static struct error *read_environments(struct cli *cli, json_t **out)
{
    struct error *error;

    TRY(state_need(cli));
    error = record_open(cli->state, RECORD_READ, &cli->record);
    if (error && error->code != ERR_NOT_FOUND)
        return error;
    error_free(error);
    if (cli->record)
        TRY(rows_status(cli->record, out));
    else
        *out = json_array();
    add_unreleased(cli, *out);
    return NULL;
}

static void leave_only(json_t *rows, const char *name)
{
    for (size_t i = json_array_size(rows); i > 0; i--)
        if (!text_is(json_get_text(json_array_get(rows, i - 1), "environment"), name))
            json_array_remove(rows, i - 1);
}

static void print_status(struct cli *cli, const struct strbuf *text, const json_t *list)
{
    json_t *document;
    size_t index;
    json_t *row;

    if (cli->output == OUTPUT_TEXT) {
        print_wrapped(cli, strbuf_view(text));
        return;
    }
    if (cli->output == OUTPUT_JSONL) {
        json_array_foreach(list, index, row)
        {
            print_document(cli, json_incref(row));
        }
        return;
    }
    document = document_new("status");
    json_object_set(document, "environments", (json_t *)list);
    json_object_set_new(document, "next", cli->next ? json_incref(cli->next) : json_array());
    print_document(cli, document);
}

static struct error *show_status(struct cli *cli, const char *only)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *rows CLEANUP(json_cleanup) = NULL;
    json_t *list CLEANUP(json_cleanup) = json_array();
    int width = 0;
    size_t index;
    const json_t *row;

    TRY(read_environments(cli, &rows));
    if (only) {
        if (!has_environment(rows, only))
            return error_new(ERR_NOT_FOUND, KIND_PERMANENT,
                             "neither the record nor the project file knows an environment '%s'", only);
        leave_only(rows, only);
    }
    json_array_foreach(rows, index, row)
    {
        int columns = text_columns(view_text(row, "environment"));

        width = columns > width ? columns : width;
    }
    json_array_foreach(rows, index, row)
    {
        if (has_environment(list, view_text(row, "environment")))
            continue; /* several gates may ask at once */
        if (cli->record) {
            TRY(environment_block(cli, row, width, &text, list));
        } else {
            environment_line(cli, row, width, &text);
            json_array_append_new(list,
                                  json_pack("{s:s, s:n, s:n, s:n, s:n}", "environment", view_text(row, "environment"),
                                            "live_unit", "live_commit", "release", "back"));
        }
    }
    if (json_array_size(cli->next) == 0 && json_array_size(rows) > 0)
        next_add(cli, "see what a release would do", "plan %s", view_text(json_array_get(rows, 0), "environment"));
    print_status(cli, &text, list);
    return NULL;
}

struct error *cmd_status(struct cli *cli)
{
    return show_status(cli, cli->options.argument_count ? cli->options.arguments[0] : NULL);
}

/* `penstock` alone: the state of this place, and the likeliest next command. */
struct error *cmd_overview(struct cli *cli)
{
    struct error *error = show_status(cli, NULL);

    next_add(cli, "all commands", "help");
    return error;
}

struct error *cmd_watch(struct cli *cli)
{
    const json_t *row;

    TRY(record_need(cli, RECORD_READ));
    TRY(release_need(cli, cli->options.argument_count ? cli->options.arguments[0] : NULL, &row));
    return follow_watch(cli, cli->about);
}

/* "r-17" or "17"; 0 when it was not given. */
static struct error *before_of(struct cli *cli, int64_t *out)
{
    const char *typed = cli->options.values[OPTION_BEFORE];
    const json_t *row;

    *out = 0;
    if (!typed)
        return NULL;
    TRY(release_need(cli, typed, &row));
    *out = json_get_int(row, "number", 0);
    return NULL;
}

static struct error *page_of(struct cli *cli, struct rows_page *out)
{
    const char *argument = cli->options.argument_count ? cli->options.arguments[0] : NULL;
    const char *option = cli->options.values[OPTION_ENVIRONMENT];
    int64_t limit;

    if (argument && option)
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' and --environment %s: one environment is enough", argument,
                         option);
    *out = (struct rows_page){.environment = argument ? argument : option};
    TRY(option_number(cli, OPTION_LIMIT, HISTORY_DEFAULT, &limit));
    out->limit = (int)limit;
    TRY(option_period(cli, clock_wall_ms(), &out->since_ms, &out->until_ms));
    TRY(record_need(cli, RECORD_READ));
    return before_of(cli, &out->before);
}

/* The command again, for the releases behind the last one that was shown. */
static void next_page(struct cli *cli, const struct rows_page *page, const json_t *rows)
{
    static const enum option_id kept[] = {OPTION_SINCE, OPTION_UNTIL, OPTION_LIMIT};
    const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
    struct strbuf words CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if ((int)json_array_size(rows) < page->limit || json_get_int(last, "number", 1) <= 1)
        return;
    if (page->environment)
        strbuf_printf(&words, " %s", page->environment);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (cli->options.given[kept[i]])
            strbuf_printf(&words, " --%s %s", option_row(kept[i])->name, cli->options.values[kept[i]]);
    next_add(cli, "the next page", "history%s --before %s", strbuf_view(&words), json_get_text(last, "id"));
}

struct error *cmd_history(struct cli *cli)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *rows CLEANUP(json_cleanup) = NULL;
    json_t *list CLEANUP(json_cleanup) = json_array();
    json_t *document;
    struct rows_page page;
    size_t index;
    json_t *row;

    TRY(page_of(cli, &page));
    TRY(rows_page(cli->record, &page, &rows));
    if (!wants_json(cli)) {
        if (json_array_size(rows) == 0) {
            say(cli, "no releases");
            return NULL;
        }
        history_text(cli->arena, rows, clock_wall_ms(), &cli->out, &text);
        print_text(cli, strbuf_view(&text));
        next_add(cli, "everything about it", "show %s", json_get_text(json_array_get(rows, 0), "id"));
        next_page(cli, &page, rows);
        return NULL;
    }
    json_array_foreach(rows, index, row)
    {
        json_array_append_new(list, release_row_json(cli->arena, row));
    }
    if (cli->output == OUTPUT_JSONL) {
        json_array_foreach(list, index, row)
        {
            print_document(cli, json_incref(row));
        }
        return NULL;
    }
    document = document_new("history");
    json_object_set(document, "releases", list);
    print_document(cli, document);
    return NULL;
}

/* What was just shown need not be advised. */
static void leave_out_show(json_t *next)
{
    for (size_t i = json_array_size(next); i > 0; i--)
        if (strstr(json_get_text(json_array_get(next, i - 1), "command"), " show r-"))
            json_array_remove(next, i - 1);
}

struct error *cmd_show(struct cli *cli)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *next CLEANUP(json_cleanup) = NULL;
    const json_t *row;
    json_t *document;

    TRY(record_need(cli, RECORD_READ));
    TRY(release_need(cli, cli->options.arguments[0], &row));
    TRY(release_view_read(cli->record, cli->arena, cli->about, program_words(cli), &view));
    next = view_next(&view);
    leave_out_show(next);
    next_add_all(cli, next);
    if (wants_json(cli)) {
        TRY(show_document(&view, &document));
        print_document(cli, document);
        return NULL;
    }
    TRY(show_text(&view, &cli->out, &text));
    print_wrapped(cli, strbuf_view(&text));
    return NULL;
}
