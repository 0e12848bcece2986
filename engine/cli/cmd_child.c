/*
 * What the runner starts as children of its own, so that long disk work neither blocks its loop nor outlives its lock:
 * the export of a commit, and the collecting of artifacts. Not for people; the forms may change.
 */

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/print.h"
#include "unit/artifact.h"
#include "unit/source.h"

#define NAMES_LIMIT_BYTES ((size_t)1024 * 1024)

/* File names of a commit may be no UTF-8, and JSON takes nothing else. NULL stays NULL. */
static const char *cleaned(struct cli *cli, const char *text)
{
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!text)
        return NULL;
    text_clean(&clean, text, strlen(text));
    return arena_text(cli->arena, strbuf_view(&clean));
}

/* The runner reads a failure from standard output too, so that the person who is told gets the words and the hint. */
static struct error *say_to_runner(struct cli *cli, struct error *error)
{
    json_t *said CLEANUP(json_cleanup) = NULL;
    char *line CLEANUP(heap_cleanup) = NULL;

    if (!error)
        return NULL;
    line = error_line(error);
    said = json_pack("{s:s, s:s?}", "text", cleaned(cli, line), "hint", cleaned(cli, error->hint));
    print_text(cli, json_canonical(cli->arena, said));
    return error;
}

struct error *cmd_export(struct cli *cli)
{
    const char *const *arguments = cli->options.arguments;

    return say_to_runner(cli, source_export(arguments[0], arguments[1], arguments[2]));
}

/* Names on standard input as a JSON list; the result as JSON on standard output. */
struct error *cmd_collect(struct cli *cli)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(NAMES_LIMIT_BYTES);
    json_t *names CLEANUP(json_cleanup) = NULL;
    json_t *result CLEANUP(json_cleanup) = NULL;

    TRY(file_read("-", &text));
    TRY(json_parse(strbuf_view(&text), text.length, "the list of artifacts", &names));
    if (!json_is_array(names))
        return error_new(ERR_USAGE, KIND_PERMANENT, "the names of the artifacts are no list");
    TRY(say_to_runner(cli, artifact_collect(cli->options.arguments[0], names, &result)));
    print_text(cli, json_canonical(cli->arena, result));
    print_text(cli, "\n");
    return NULL;
}
