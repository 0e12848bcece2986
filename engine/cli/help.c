#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"

#define TEXT_WIDTH 80
#define EXAMPLE_WIDTH 54 /* longer ones have what they do below them */

/* Words from column `indent` on, where the first line stands already; what does not fit goes on below, indented. */
static void add_wrapped(struct strbuf *out, const char *text, int indent)
{
    int column = indent;

    while (*text) {
        size_t length = strcspn(text, " \n");
        int columns = (int)length;

        if (column > indent && column + 1 + columns > TEXT_WIDTH) {
            strbuf_printf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (column > indent) {
            strbuf_char(out, ' ');
            column++;
        }
        strbuf_add(out, text, length);
        column += columns;
        text += length;
        for (; *text == '\n'; text++) {
            strbuf_char(out, '\n');
            column = indent;
        }
        text += *text == ' ';
    }
    strbuf_char(out, '\n');
}

/* One row "  left      right". */
static void add_pair(struct strbuf *out, const char *left, int left_width, const char *right)
{
    int space = left_width - text_columns(left);

    strbuf_printf(out, "  %s%*s  ", left, space > 0 ? space : 0, "");
    add_wrapped(out, right, left_width + 4);
}

/* The next line "COMMAND\twhat it does" of the examples; false at the end. */
static bool next_example(struct arena *arena, const char **at, const char **command, const char **what)
{
    size_t command_length;
    size_t what_length;

    if (!*at || !**at)
        return false;
    command_length = strcspn(*at, "\t");
    *command = arena_text_n(arena, *at, command_length);
    *at += command_length + 1;
    what_length = strcspn(*at, "\n");
    *what = arena_text_n(arena, *at, what_length);
    *at += what_length + 1;
    return true;
}

static void add_examples(struct arena *arena, struct strbuf *out, const struct command *command)
{
    const char *at = command->examples;
    const char *line;
    const char *what;
    int widest = 0;

    while (next_example(arena, &at, &line, &what))
        widest = text_columns(line) > widest ? text_columns(line) : widest;
    at = command->examples;
    while (next_example(arena, &at, &line, &what)) {
        if (widest <= EXAMPLE_WIDTH)
            add_pair(out, line, widest, what);
        else
            strbuf_printf(out, "  %s\n      %s\n", line, what);
    }
}

static const char *usage_of(struct arena *arena, const struct command *command)
{
    return arena_printf(arena, "penstock %s%s%s%s", command->name, *command->arguments ? " " : "", command->arguments,
                        command->options[0] != OPTION_NONE ? " [options]" : "");
}

static void add_options(struct arena *arena, struct strbuf *out, const enum option_id *own)
{
    for (; own && *own != OPTION_NONE; own++)
        add_pair(out, option_usage(arena, *own), 24, option_row(*own)->doc);
}

static void add_global_options(struct arena *arena, struct strbuf *out)
{
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++)
        if (option_row((enum option_id)id)->global)
            add_pair(out, option_usage(arena, (enum option_id)id), 24, option_row((enum option_id)id)->doc);
}

static bool names_exit(const struct command *command, const struct exit_row *row)
{
    const char *at = command->exits ? command->exits : "";

    while (*at) {
        char *end;
        long code = strtol(at, &end, 10);

        if (end == at)
            return false;
        if (code == row->code)
            return true;
        at = end + strspn(end, " ");
    }
    return false;
}

static void add_exits(struct arena *arena, struct strbuf *out, const struct command *command)
{
    for (const struct exit_row *row = exit_rows(); row->meaning; row++)
        if (!command || names_exit(command, row))
            add_pair(out, arena_printf(arena, "%3d", row->code), 4, row->meaning);
}

static void add_command(struct arena *arena, struct strbuf *out, const struct command *command, bool whole)
{
    strbuf_printf(out, "%s: ", command->name);
    add_wrapped(out, command->summary, text_columns(command->name) + 2);
    strbuf_printf(out, "\nusage: %s\n", usage_of(arena, command));
    if (command->examples) {
        strbuf_text(out, "\nexamples\n");
        add_examples(arena, out, command);
    }
    if (command->options[0] != OPTION_NONE) {
        strbuf_text(out, "\noptions\n");
        add_options(arena, out, command->options);
    }
    if (!whole) {
        strbuf_printf(out, "\nmore: penstock help %s\n", command->name);
        return;
    }
    if (*command->doc) {
        strbuf_char(out, '\n');
        add_wrapped(out, command->doc, 0);
    }
    strbuf_text(out, "\nglobal options\n");
    add_global_options(arena, out);
    strbuf_text(out, "\nexit codes\n");
    add_exits(arena, out, command);
}

static void add_overview(struct arena *arena, struct strbuf *out, bool whole)
{
    strbuf_text(out, "penstock: releases in steps, behind gates, with nothing of value lost\n\n"
                     "usage: penstock [options] COMMAND ...\n");
    for (const struct command *row = commands(); row->name; row++) {
        if (row->hidden)
            continue;
        if (row->group)
            strbuf_printf(out, "\n%s\n", row->group);
        add_pair(out, row->name, 10, row->summary);
    }
    if (whole) {
        strbuf_text(out, "\noptions of all commands\n");
        add_global_options(arena, out);
    }
    strbuf_text(out, "\ntopics\n");
    for (const struct help_topic *topic = help_topics(); topic->name; topic++)
        add_pair(out, arena_printf(arena, "help %s", topic->name), 16, topic->summary);
}

void help_print(struct cli *cli, const struct command *command, bool whole)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (command)
        add_command(cli->arena, &out, command, whole);
    else
        add_overview(cli->arena, &out, whole);
    print_text(cli, strbuf_view(&out));
}

static void print_topic(struct cli *cli, const struct help_topic *topic)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (topic->text) {
        strbuf_text(&out, topic->text);
    } else {
        add_exits(cli->arena, &out, NULL);
        strbuf_printf(&out, "\n%s", help_any_exit());
    }
    print_text(cli, strbuf_view(&out));
}

struct error *cmd_help(struct cli *cli)
{
    const char *word = cli->options.arguments[0];
    const struct command *command = word ? command_find(word) : NULL;
    const char *words[64];
    size_t count = 0;
    const char *near;
    struct error *error;

    if (!word || command) {
        help_print(cli, command, true);
        return NULL;
    }
    for (const struct help_topic *topic = help_topics(); topic->name; topic++) {
        words[count++] = topic->name;
        if (text_is(topic->name, word)) {
            print_topic(cli, topic);
            return NULL;
        }
    }
    for (const struct command *row = commands(); row->name && count < 63; row++)
        if (!row->hidden)
            words[count++] = row->name;
    words[count] = NULL;
    near = text_nearest(word, words);
    error = error_new(ERR_USAGE, KIND_PERMANENT, "there is no command or topic '%s'", word);
    return near ? error_hint(error, "did you mean '%s'?", near) : error;
}

/* In a Markdown table a bar would end the cell. */
static void add_cell(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            strbuf_char(out, '\\');
        strbuf_char(out, *text);
    }
}

static void add_option_table(struct arena *arena, struct strbuf *out, const enum option_id *ids)
{
    strbuf_text(out, "| option | meaning |\n|---|---|\n");
    for (; *ids != OPTION_NONE; ids++) {
        const char *usage = option_usage(arena, *ids);

        strbuf_text(out, "| `");
        add_cell(out, usage + strspn(usage, " "));
        strbuf_text(out, "` | ");
        add_cell(out, option_row(*ids)->doc);
        strbuf_text(out, " |\n");
    }
}

static void add_reference(struct arena *arena, struct strbuf *out, const struct command *command)
{
    const char *at = command->examples;
    const char *line;
    const char *what;

    strbuf_printf(out, "\n## penstock %s\n\n    %s\n\n", command->name, usage_of(arena, command));
    strbuf_printf(out, "%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (*command->doc) {
        strbuf_char(out, '\n');
        add_wrapped(out, command->doc, 0);
    }
    if (command->options[0] != OPTION_NONE) {
        strbuf_char(out, '\n');
        add_option_table(arena, out, command->options);
    }
    if (command->examples) {
        strbuf_text(out, "\nExamples:\n\n");
        while (next_example(arena, &at, &line, &what))
            strbuf_printf(out, "    %s    # %s\n", line, what);
    }
    strbuf_printf(out, "\nExit codes: %s.\n", command->exits);
}

void help_reference(struct arena *arena, struct strbuf *out)
{
    enum option_id globals[OPTION_COUNT + 1];
    int count = 0;

    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++)
        if (option_row((enum option_id)id)->global)
            globals[count++] = (enum option_id)id;
    globals[count] = OPTION_NONE;
    strbuf_text(out,
                "# Command line\n\n"
                "Printed by `penstock __reference commands` from the command table; do not edit.\n\n"
                "Data goes to standard output, everything else to standard error. `penstock` alone prints the status "
                "and the\nlikeliest next command.\n\n## Options of all commands\n\n");
    add_option_table(arena, out, globals);
    strbuf_text(out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (const struct exit_row *row = exit_rows(); row->meaning; row++) {
        strbuf_printf(out, "| %d | ", row->code);
        add_cell(out, row->meaning);
        strbuf_text(out, " |\n");
    }
    strbuf_printf(out, "\n%s", help_any_exit());
    for (const struct command *row = commands(); row->name; row++)
        if (!row->hidden)
            add_reference(arena, out, row);
}
