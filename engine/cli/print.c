#include "cli/print.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "spec/diagnostics.h"

#define ANSWER_MOST 256
#define PROGRAM_WORD "penstock "
#define ALIGNED_MOST 60 /* longer commands have what they do right behind them */

bool wants_json(const struct cli *cli)
{
    return cli->output == OUTPUT_JSON || cli->output == OUTPUT_JSONL;
}

static bool is_quiet(const struct cli *cli)
{
    return cli->options.given[OPTION_QUIET] > 0;
}

void print_text(struct cli *cli, const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
    cli->data_shown = true;
}

void print_wrapped(struct cli *cli, const char *text)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    screen_wrap(&cli->out, &out, text);
    print_text(cli, strbuf_view(&out));
}

json_t *document_new(const char *kind)
{
    return json_pack("{s:i, s:s}", "schema_version", 1, "kind", kind);
}

static void print_json(FILE *stream, const struct cli *cli, const json_t *document)
{
    char *text CLEANUP(heap_cleanup) =
        json_dumps(document, (cli->output == OUTPUT_JSON ? JSON_INDENT(2) : JSON_COMPACT) | JSON_ENCODE_ANY);

    MUST(text);
    fprintf(stream, "%s\n", text);
    fflush(stream);
}

void print_document(struct cli *cli, json_t *document)
{
    json_t *owned CLEANUP(json_cleanup) = document;

    print_json(stdout, cli, owned);
    cli->data_shown = true;
}

void say(struct cli *cli, const char *format, ...)
{
    va_list arguments;

    if (is_quiet(cli))
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* Quoted for a shell, when it has to be. */
static void add_word(struct strbuf *out, const char *word)
{
    bool plain = *word != '\0';

    for (const char *at = word; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_-./:=@%+,", *at))
            plain = false;
    if (plain) {
        strbuf_text(out, word);
        return;
    }
    strbuf_char(out, '\'');
    for (const char *at = word; *at; at++) {
        if (*at == '\'')
            strbuf_text(out, "'\\''");
        else
            strbuf_char(out, *at);
    }
    strbuf_char(out, '\'');
}

const char *program_words(const struct cli *cli)
{
    static const struct {
        enum option_id id;
        const char *word;
    } places[] = {{OPTION_DIRECTORY, "-C"}, {OPTION_FILE, "-f"}, {OPTION_STATE, "--state"}};
    struct strbuf words CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&words, "penstock");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!cli->options.given[places[i].id])
            continue;
        strbuf_printf(&words, " %s ", places[i].word);
        add_word(&words, cli->options.values[places[i].id]);
    }
    return arena_text(cli->arena, strbuf_view(&words));
}

/* A command of ours, as in "penstock watch r-2", at the text. */
static bool is_own_command(struct arena *arena, const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");

    return length > 0 && command_find(arena_text_n(arena, text, length)) != NULL;
}

const char *placed_words(struct cli *cli, const char *hint)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *at;

    while ((at = strstr(hint, PROGRAM_WORD))) {
        const char *behind = at + strlen(PROGRAM_WORD);

        strbuf_add(&out, hint, (size_t)(at - hint));
        if (is_own_command(cli->arena, behind))
            strbuf_printf(&out, "%s ", program_words(cli));
        else
            strbuf_text(&out, PROGRAM_WORD);
        hint = behind;
    }
    strbuf_text(&out, hint);
    return arena_text(cli->arena, strbuf_view(&out));
}

static void next_append(struct cli *cli, const char *command, const char *why)
{
    size_t index;
    json_t *row;

    if (!cli->next)
        cli->next = json_array();
    json_array_foreach(cli->next, index, row)
    {
        if (text_is(json_get_text(row, "command"), command))
            return;
    }
    json_array_append_new(cli->next, json_pack("{s:s, s:s}", "command", command, "why", why));
}

void next_add(struct cli *cli, const char *why, const char *format, ...)
{
    char *words CLEANUP(heap_cleanup) = NULL;
    va_list arguments;

    va_start(arguments, format);
    words = heap_vprintf(format, arguments);
    va_end(arguments);
    next_append(cli, arena_printf(cli->arena, "%s %s", program_words(cli), words), why);
}

void next_add_other(struct cli *cli, const char *why, const char *format, ...)
{
    char *words CLEANUP(heap_cleanup) = NULL;
    va_list arguments;

    va_start(arguments, format);
    words = heap_vprintf(format, arguments);
    va_end(arguments);
    next_append(cli, arena_text(cli->arena, words), why);
}

void next_add_all(struct cli *cli, const json_t *next)
{
    size_t index;
    const json_t *row;

    json_array_foreach(next, index, row)
    {
        next_append(cli, json_get_text(row, "command"), json_get_text(row, "why"));
    }
}

void print_next(struct cli *cli)
{
    int widest = 0;
    size_t index;
    const json_t *row;

    if (is_quiet(cli) || wants_json(cli) || json_array_size(cli->next) == 0)
        return;
    json_array_foreach(cli->next, index, row)
    {
        int columns = text_columns(json_get_text(row, "command"));

        if (columns <= ALIGNED_MOST)
            widest = columns > widest ? columns : widest;
    }
    fprintf(stderr, "%s\n", screen_ink(&cli->err, cli->arena, INK_BOLD, "next:"));
    json_array_foreach(cli->next, index, row)
    {
        const char *command = json_get_text(row, "command");

        int space = widest - text_columns(command);

        fprintf(stderr, "  %s%*s   %s\n", command, space > 0 ? space : 0, "", json_get_text(row, "why"));
    }
}

static json_t *location_json(struct mark mark)
{
    if (!mark.file)
        return json_null();
    if (mark.line <= 0)
        return json_pack("{s:s}", "file", mark.file);
    return json_pack("{s:s, s:i, s:i}", "file", mark.file, "line", mark.line, "column", mark.column);
}

/* What the message says would have been right: the words behind "expected ", which all our files' messages use. */
static json_t *expected_json(const char *text)
{
    const char *expected = text ? strstr(text, "expected ") : NULL;

    return expected ? json_string(expected + strlen("expected ")) : json_null();
}

/* What a person typed may be no UTF-8, and JSON takes nothing else. Freed by the caller; NULL stays NULL. */
static char *clean(const char *text)
{
    struct strbuf out = STRBUF_INIT(0);

    if (!text)
        return NULL;
    text_clean(&out, text, strlen(text));
    return strbuf_take(&out);
}

static json_t *problem_json(enum error_code code, struct mark mark, const char *raw_text, const char *raw_hint)
{
    char *text CLEANUP(heap_cleanup) = clean(raw_text);
    char *hint CLEANUP(heap_cleanup) = clean(raw_hint);
    json_t *expected = expected_json(text);

    if (json_is_null(expected))
        expected = expected_json(hint);
    return json_pack("{s:s, s:s, s:o, s:o, s:s?}", "code", error_code_id(code), "message", text, "location",
                     location_json(mark), "expected", expected, "hint", hint);
}

static json_t *problems_json(struct diagnostics *problems)
{
    json_t *list = json_array();
    const struct diagnostic *own;

    for (int i = 0; (own = diagnostics_get(problems, i)); i++)
        json_array_append_new(list, problem_json(own->code, own->mark, own->text, own->hint));
    return list;
}

/* The files' problems stand in for the error that only counts them. */
static bool about_files(const struct cli *cli, const struct error *error)
{
    return cli->problems && diagnostics_count(cli->problems) > 0 &&
           (error->code == ERR_SPEC_INVALID || error->code == ERR_PLAN_REFUSED);
}

static const char *hint_of(struct cli *cli, const struct error *error)
{
    while (!error->hint && error->cause)
        error = error->cause;
    return error->hint ? placed_words(cli, error->hint) : NULL;
}

static const char *reword(void *context, const char *hint)
{
    return placed_words(context, hint);
}

static struct mark mark_of(const struct error *error)
{
    for (; error->cause; error = error->cause)
        if (error->mark.file)
            break;
    return error->mark;
}

static json_t *error_document(struct cli *cli, const struct error *error)
{
    char *line CLEANUP(heap_cleanup) = error_line(error);
    json_t *document = problem_json(error->code, mark_of(error), line, hint_of(cli, error));

    json_object_set_new(document, "kind", json_string("error"));
    json_object_set_new(document, "exit_code", json_integer(error_exit_code(error->code)));
    if (cli->about)
        json_object_set_new(document, "release", json_string(cli->about));
    if (about_files(cli, error))
        json_object_set_new(document, "problems", problems_json(cli->problems));
    json_object_set_new(document, "next", cli->next ? json_incref(cli->next) : json_array());
    return document;
}

static const char *error_head(const struct cli *cli, const struct error *error)
{
    return screen_ink(&cli->err, cli->arena, INK_RED,
                      arena_printf(cli->arena, "error[%s]:", error_code_id(error->code)));
}

char *error_report(struct cli *cli, const struct error *error)
{
    json_t *document CLEANUP(json_cleanup) = error_document(cli, error);
    char *line CLEANUP(heap_cleanup) = error_line(error);
    char *json CLEANUP(heap_cleanup) = json_dumps(document, JSON_COMPACT);
    const char *hint = hint_of(cli, error);

    if (wants_json(cli))
        return heap_printf("%s\n", json);
    return heap_printf("%s %s\n%s%s%s", error_head(cli, error), line, hint ? "  = help: " : "", hint ? hint : "",
                       hint ? "\n" : "");
}

void report_error(struct cli *cli, const struct error *error)
{
    char *line CLEANUP(heap_cleanup) = NULL;
    char *shown CLEANUP(heap_cleanup) = NULL;
    char *hint CLEANUP(heap_cleanup) = NULL;
    struct mark mark = mark_of(error);

    fflush(stdout);
    if (cli->problems)
        diagnostics_reword(cli->problems, reword, cli);
    if (wants_json(cli)) {
        json_t *document CLEANUP(json_cleanup) = error_document(cli, error);

        print_json(stderr, cli, document);
        return;
    }
    if (about_files(cli, error)) {
        struct strbuf frame CLEANUP(strbuf_release) = STRBUF_INIT(0);

        diagnostics_render(cli->problems, &frame);
        fputs(strbuf_view(&frame), stderr);
        print_next(cli);
        return;
    }
    line = error_line(error);
    shown = clean(line);
    hint = clean(hint_of(cli, error));
    fprintf(stderr, "%s %s\n", error_head(cli, error), shown);
    if (mark.file && mark.line > 0)
        fprintf(stderr, " --> %s:%d:%d\n", mark.file, mark.line, mark.column);
    else if (mark.file)
        fprintf(stderr, " --> %s\n", mark.file);
    if (hint)
        fprintf(stderr, "  = help: %s\n", hint);
    print_next(cli);
}

static bool can_ask(const struct cli *cli)
{
    const char *never = getenv("PENSTOCK_NO_INPUT");

    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 && !cli->options.given[OPTION_NO_INPUT] &&
           !(never && *never && !text_is(never, "0"));
}

/* A line of the person's, without its end. False at the end of input. */
static bool read_answer(char answer[ANSWER_MOST])
{
    if (!fgets(answer, ANSWER_MOST, stdin))
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return true;
}

struct error *ask_yes(struct cli *cli, const char *question, bool *yes)
{
    char answer[ANSWER_MOST];

    *yes = cli->options.given[OPTION_YES] > 0;
    if (*yes)
        return NULL;
    if (!can_ask(cli))
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "nobody can be asked: %s", question),
                          "answer beforehand with --yes");
    fprintf(stderr, "%s [y/N] ", screen_ink(&cli->err, cli->arena, INK_BOLD, question));
    fflush(stderr);
    if (!read_answer(answer)) {
        fputc('\n', stderr);
        return NULL;
    }
    *yes = strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
    return NULL;
}

struct error *ask_name(struct cli *cli, const char *question, const char *name, bool *yes)
{
    char answer[ANSWER_MOST];
    const char *confirmed = cli->options.values[OPTION_CONFIRM];

    *yes = text_is(confirmed, name);
    if (*yes)
        return NULL;
    if (confirmed)
        return error_new(ERR_USAGE, KIND_PERMANENT, "--confirm says '%s', but this is about '%s'", confirmed, name);
    if (!can_ask(cli))
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "nobody can be asked: %s", question),
                          "answer beforehand with --confirm %s", name);
    fprintf(stderr, "%s\ntype '%s' to go on: ", screen_ink(&cli->err, cli->arena, INK_BOLD, question), name);
    fflush(stderr);
    if (read_answer(answer))
        *yes = text_is(answer, name);
    else
        fputc('\n', stderr);
    return NULL;
}
