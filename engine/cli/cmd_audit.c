/* audit: the named queries, SQL of one's own, whether the record is whole, and all of it to take away. */

#include "store/audit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/print.h"
#include "cli/sheet.h"
#include "store/export.h"
#include "view/rows.h"

#define SQL_TIMEOUT_MS 10000
#define SQL_LIMIT_BYTES ((size_t)1024 * 1024)
#define NAMES_MOST 64
#define LATE_MS 1000

static struct error *audit_sql_of(struct cli *cli);
static struct error *audit_verify(struct cli *cli);
static struct error *audit_export(struct cli *cli);

/* What is no query. */
static const struct action {
    const char *name;
    const char *usage;
    const char *summary;
    struct error *(*run)(struct cli *cli);
    enum option_id options[2]; /* that it takes of the command's; ends with OPTION_NONE */
} actions[] = {
    {"sql", "sql 'select ...'", "a query of your own, over the views below", audit_sql_of, {OPTION_TIMEOUT}},
    {"verify", "verify", "is the record whole: chain, evidence, tables?", audit_verify, {OPTION_NONE}},
    {"export", "export", "the whole record as JSON lines", audit_export, {OPTION_NO_EVIDENCE}},
};
#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

/* Options of the command that this part of it does not have. `own` ends with OPTION_NONE; NULL: a query, which has all. */
static struct error *check_options(const struct cli *cli, const char *name, const enum option_id *own)
{
    for (const enum option_id *id = cli->command->options; *id != OPTION_NONE; id++) {
        bool has = own ? *own == *id : *id != OPTION_NO_EVIDENCE;

        if (cli->options.given[*id] && !has)
            return error_new(ERR_USAGE, KIND_PERMANENT, "'audit%s%s' takes no '--%s'", *name ? " " : "", name,
                             option_row(*id)->name);
    }
    return NULL;
}

static struct error *too_many(const char *name, const char *argument)
{
    return error_new(ERR_USAGE, KIND_PERMANENT, "'audit %s' takes no argument: '%s'", name, argument);
}

/* ------------------------------------------------------------------------------------------------------------------- */
/* What there is */

static json_t *texts_json(const struct audit_text *text)
{
    json_t *list = json_array();

    for (; text->name; text++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", text->name, "summary", text->summary));
    return list;
}

static void texts_lines(const struct audit_text *text, struct strbuf *out)
{
    for (; text->name; text++)
        strbuf_printf(out, "  %-21s  %s\n", text->name, text->summary);
}

static struct error *audit_list(struct cli *cli)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const enum option_id none = OPTION_NONE;
    json_t *document;

    TRY(check_options(cli, "", &none));
    if (wants_json(cli)) {
        document = document_new("audit");
        json_object_set_new(document, "queries", texts_json(audit_queries(cli->arena)));
        json_object_set_new(document, "views", texts_json(audit_views(cli->arena)));
        print_document(cli, document);
        return NULL;
    }
    strbuf_text(&out, "queries\n");
    texts_lines(audit_queries(cli->arena), &out);
    strbuf_text(&out, "besides\n");
    for (size_t i = 0; i < ACTION_COUNT; i++)
        strbuf_printf(&out, "  %-21s  %s\n", actions[i].usage, actions[i].summary);
    strbuf_text(&out, "views for sql\n");
    texts_lines(audit_views(cli->arena), &out);
    print_text(cli, strbuf_view(&out));
    next_add(cli, "everything that was out of the ordinary", "audit exceptions --since 90d");
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------------------- */
/* Queries */

static struct error *unknown_query(struct cli *cli, const char *typed)
{
    const char *words[NAMES_MOST];
    size_t count = 0;
    const char *near;
    struct error *error = error_new(ERR_USAGE, KIND_PERMANENT, "there is no query '%s'", typed);

    for (const struct audit_text *text = audit_queries(cli->arena); text->name; text++)
        words[count++] = text->name;
    for (size_t i = 0; i < ACTION_COUNT; i++)
        words[count++] = actions[i].name;
    MUST(count < NAMES_MOST);
    words[count] = NULL;
    near = text_nearest(typed, words);
    if (near)
        return error_hint(error, "did you mean '%s'?", near);
    next_add(cli, "what can be asked", "audit");
    return error;
}

static void say_rows(struct cli *cli, int64_t rows)
{
    if (rows == 0 && cli->output == OUTPUT_TEXT)
        say(cli, "no rows");
}

/* No rows of an environment that there is not would be read as "no exceptions". */
static struct error *check_environment(struct cli *cli, const char *typed)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t index;
    const json_t *row;
    struct error *error;

    if (!typed)
        return NULL;
    TRY(rows_status(cli->record, &rows));
    json_array_foreach(rows, index, row)
    {
        if (text_is(json_get_text(row, "environment"), typed))
            return NULL;
        strbuf_printf(&list, "%s%s", index ? ", " : "", json_get_text(row, "environment"));
    }
    error = error_new(ERR_NOT_FOUND, KIND_PERMANENT, "the record knows no environment '%s'", typed);
    return list.length ? error_hint(error, "it knows: %s", strbuf_view(&list)) : error;
}

static struct error *audit_named(struct cli *cli, const char *name)
{
    struct audit_bounds bounds = {.environment = cli->options.values[OPTION_ENVIRONMENT], .now_ms = clock_wall_ms()};
    struct sheet *sheet = sheet_new(cli, name, true);

    if (cli->options.argument_count > 1)
        return too_many(name, cli->options.arguments[1]);
    TRY(check_options(cli, name, NULL));
    TRY(option_duration(cli, OPTION_TIMEOUT, &bounds.timeout_ms));
    TRY(option_period(cli, bounds.now_ms, &bounds.since_ms, &bounds.until_ms));
    TRY(record_need(cli, RECORD_READ));
    TRY(check_environment(cli, bounds.environment));
    TRY(audit_query(cli->record, name, &bounds, sheet_sink(sheet)));
    say_rows(cli, sheet_end(sheet));
    return NULL;
}

static char *late_words;

static void on_late(int number)
{
    ssize_t ignored = write(STDERR_FILENO, late_words, strlen(late_words));

    (void)number;
    (void)ignored;
    _exit(EXIT_CODE_FAILED);
}

/*
 * A query ends by itself when its time is over, but not in the middle of one function, and some of them take years over two
 * long texts. Nothing was begun that could be left half done. The timer counts work, not waiting for who reads the answer.
 */
static void end_when_late(struct cli *cli, int64_t timeout_ms)
{
    const int64_t ms = timeout_ms + LATE_MS;
    const struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
    struct error *error CLEANUP(error_cleanup) = error_hint(
        error_new(ERR_TIMEOUT, KIND_PERMANENT, "the query took longer than %s", duration_text(cli->arena, timeout_ms)),
        "one of its functions is given too much at once");

    late_words = error_report(cli, error);
    signal(SIGVTALRM, on_late);
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

static struct error *audit_sql_of(struct cli *cli)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SQL_LIMIT_BYTES);
    struct audit_bounds bounds = {0};
    struct sheet *sheet = sheet_new(cli, "sql", false);
    const char *sql = cli->options.arguments[1];

    if (!sql)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'audit sql' needs a SELECT"),
                          "penstock audit sql 'select id, end from v_release'");
    TRY(option_duration(cli, OPTION_TIMEOUT, &bounds.timeout_ms));
    if (!bounds.timeout_ms)
        bounds.timeout_ms = SQL_TIMEOUT_MS;
    if (text_is(sql, "-")) {
        TRY(file_read(sql, &text));
        sql = strbuf_view(&text);
    }
    TRY(record_need(cli, RECORD_READ));
    end_when_late(cli, bounds.timeout_ms);
    TRY(audit_sql(cli->record, sql, &bounds, sheet_sink(sheet)));
    say_rows(cli, sheet_end(sheet));
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------------------- */
/* Is it whole? */

struct check {
    const char *name;
    const char *good;    /* what it says when all is well, and of what it counts so many */
    const char *counted; /* NULL = nothing */
    int64_t count;
    bool made;           /* else what it rests on was not whole */
    struct error *error; /* the first thing that is wrong */
};

static json_t *check_json(const struct check *check)
{
    char *line CLEANUP(heap_cleanup) = check->error ? error_line(check->error) : NULL;

    return json_pack("{s:s, s:o, s:o, s:s?}", "check", check->name, "whole",
                     check->made ? json_boolean(!check->error) : json_null(), "count",
                     check->counted ? json_integer(check->count) : json_null(), "problem", line);
}

static void check_line(struct cli *cli, const struct check *check, struct strbuf *out)
{
    char *line CLEANUP(heap_cleanup) = check->error ? error_line(check->error) : NULL;

    if (!check->made)
        strbuf_printf(out, "%s the tables were not compared, for the journal is not whole\n",
                      screen_mark(&cli->out, MARK_SKIPPED));
    else if (line)
        strbuf_printf(out, "%s %s\n", screen_mark(&cli->out, MARK_FAILED), line);
    else if (!check->counted)
        strbuf_printf(out, "%s %s\n", screen_mark(&cli->out, MARK_DONE), check->good);
    else
        strbuf_printf(out, "%s %s: %lld %s\n", screen_mark(&cli->out, MARK_DONE), check->good, (long long)check->count,
                      check->counted);
}

static void print_checks(struct cli *cli, const struct check *checks, int count, bool whole)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *document;
    json_t *list;

    if (!wants_json(cli)) {
        for (int i = 0; i < count; i++)
            check_line(cli, &checks[i], &out);
        print_text(cli, strbuf_view(&out));
        return;
    }
    list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, check_json(&checks[i]));
    document = document_new("audit");
    json_object_set_new(document, "whole", json_boolean(whole));
    json_object_set_new(document, "rows", json_integer(checks[0].count));
    json_object_set_new(document, "checks", list);
    print_document(cli, document);
}

static struct error *audit_verify(struct cli *cli)
{
    struct check checks[] = {
        {.name = "journal", .good = "the chain of the journal is whole", .counted = "rows", .made = true},
        {.name = "evidence", .good = "all evidence matches its digest", .counted = "pieces", .made = true},
        {.name = "tables", .good = "the tables are what the journal says"},
    };
    struct error *first = NULL;

    TRY(record_need(cli, RECORD_INSPECT));
    checks[0].error = journal_verify(cli->record, &checks[0].count);
    checks[1].error = evidence_verify(cli->record, &checks[1].count);
    checks[2].made = !checks[0].error;
    if (checks[2].made)
        checks[2].error = journal_compare(cli->record);
    for (size_t i = sizeof(checks) / sizeof(checks[0]); i > 0; i--)
        if (checks[i - 1].error)
            first = checks[i - 1].error;
    print_checks(cli, checks, sizeof(checks) / sizeof(checks[0]), first == NULL);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (checks[i].error != first)
            error_free(checks[i].error);
    return first;
}

/* ------------------------------------------------------------------------------------------------------------------- */
/* All of it */

static struct error *write_out(void *context, const char *bytes, size_t length)
{
    (void)context;
    fwrite(bytes, 1, length, stdout);
    return ferror(stdout) ? error_errno("cannot write to standard output") : NULL;
}

static struct error *audit_export(struct cli *cli)
{
    if (cli->output == OUTPUT_JSON || cli->output == OUTPUT_CSV)
        return error_new(ERR_USAGE, KIND_PERMANENT, "'audit export' writes JSON lines and nothing else");
    TRY(record_need(cli, RECORD_READ));
    cli->data_shown = true;
    return record_export(cli->record, !cli->options.given[OPTION_NO_EVIDENCE], write_out, NULL);
}

static bool is_query(struct cli *cli, const char *name)
{
    for (const struct audit_text *text = audit_queries(cli->arena); text->name; text++)
        if (text_is(text->name, name))
            return true;
    return false;
}

struct error *cmd_audit(struct cli *cli)
{
    const char *name = cli->options.arguments[0];

    if (!name)
        return audit_list(cli);
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (!text_is(actions[i].name, name))
            continue;
        if (cli->options.argument_count > 1 && actions[i].run != audit_sql_of)
            return too_many(name, cli->options.arguments[1]);
        TRY(check_options(cli, name, actions[i].options));
        return actions[i].run(cli);
    }
    return is_query(cli, name) ? audit_named(cli, name) : unknown_query(cli, name);
}
