/* explain, schema, version: what is known without asking anything. */

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/audit_reference.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/print.h"
#include "gen/version.h"
#include "spec/explain.h"

/* Prints text as data in either form. */
static void print_page(struct cli *cli, const char *kind, const char *about, const char *text)
{
    json_t *document;

    if (!wants_json(cli)) {
        print_text(cli, text);
        return;
    }
    document = document_new(kind);
    json_object_set_new(document, "about", json_string(about));
    json_object_set_new(document, "text", json_string(text));
    print_document(cli, document);
}

/* "E0303", in any case; false: not an error code. */
static bool find_code(const char *typed, enum error_code *out)
{
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (strcasecmp(error_code_id((enum error_code)code), typed) == 0) {
            *out = (enum error_code)code;
            return true;
        }
    }
    return false;
}

static bool looks_like_code(const char *typed)
{
    return (typed[0] == 'E' || typed[0] == 'e') && typed[1] >= '0' && typed[1] <= '9';
}

/* The paragraph, broken between words. */
static void add_paragraph(struct strbuf *out, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t length = strcspn(text, " ");

        if (column > 0 && column + 1 + length > 80) {
            strbuf_char(out, '\n');
            column = 0;
        } else if (column > 0) {
            strbuf_char(out, ' ');
            column++;
        }
        strbuf_add(out, text, length);
        column += length;
        text += length + (text[length] == ' ');
    }
    strbuf_char(out, '\n');
}

static struct error *explain_code(struct cli *cli, const char *typed)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *words[ERR_CODE_COUNT + 1] = {NULL};
    enum error_code code;
    const char *near;
    struct error *error;

    if (find_code(typed, &code)) {
        strbuf_printf(&out, "%s: %s\n\n", error_code_id(code), error_code_summary(code));
        add_paragraph(&out, error_code_doc(code));
        strbuf_printf(&out, "\nexit code %d\n", error_exit_code(code));
        print_page(cli, "explain", error_code_id(code), strbuf_view(&out));
        return NULL;
    }
    for (int i = 0; i < ERR_CODE_COUNT; i++)
        words[i] = error_code_id((enum error_code)i);
    near = text_nearest(typed, words);
    error = error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no error code '%s'", typed);
    return near ? error_hint(error, "did you mean '%s'?", near) : error;
}

struct error *cmd_explain(struct cli *cli)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *typed = cli->options.argument_count ? cli->options.arguments[0] : "";

    if (looks_like_code(typed))
        return explain_code(cli, typed);
    TRY(explain_path(typed, &out));
    print_page(cli, "explain", typed, strbuf_view(&out));
    return NULL;
}

static struct error *document_of(const char *word, enum spec_document *out)
{
    static const char *const words[] = {"project", "pipeline", NULL};
    const char *near;
    struct error *error;

    for (int i = 0; words[i]; i++) {
        if (text_is(words[i], word)) {
            *out = i == 0 ? SPEC_PROJECT : SPEC_PIPELINE;
            return NULL;
        }
    }
    near = text_nearest(word, words);
    error = error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is neither 'project' nor 'pipeline'", word);
    return near ? error_hint(error, "did you mean '%s'?", near) : error;
}

struct error *cmd_schema(struct cli *cli)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    enum spec_document document;

    TRY(document_of(cli->options.arguments[0], &document));
    schema_render(document, &out);
    print_text(cli, strbuf_view(&out));
    return NULL;
}

struct error *cmd_version(struct cli *cli)
{
    const char *commit = PENSTOCK_COMMIT;
    json_t *document;

    if (wants_json(cli)) {
        document = document_new("version");
        json_object_set_new(document, "version", json_string(PENSTOCK_VERSION));
        json_object_set_new(document, "commit", *commit ? json_string(commit) : json_null());
        print_document(cli, document);
        return NULL;
    }
    print_text(cli, arena_printf(cli->arena, "penstock %s%s%s%s\n", PENSTOCK_VERSION, *commit ? " (" : "", commit,
                                 *commit ? ")" : ""));
    return NULL;
}

/* For docs/: the reference pages that are printed from our tables. */
struct error *cmd_reference(struct cli *cli)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    enum spec_document document;

    if (text_is(cli->options.arguments[0], "commands")) {
        help_reference(cli->arena, &out);
    } else if (text_is(cli->options.arguments[0], "audit")) {
        audit_reference(cli->arena, &out);
    } else {
        TRY(document_of(cli->options.arguments[0], &document));
        reference_render(document, &out);
    }
    print_text(cli, strbuf_view(&out));
    return NULL;
}
