/* argv -> a row of the command table -> exit code. */

#include "cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/load.h"
#include "cli/print.h"
#include "store/record.h"

static void cli_release(struct cli *cli)
{
    json_cleanup(&cli->next);
    json_cleanup(&cli->release_row);
    record_cleanup(&cli->record);
    arena_cleanup(&cli->arena);
}

struct choice {
    const char *word; /* NULL ends a list */
    int value;
};

/* What -o takes; only some commands have rows. */
static const struct choice forms[] = {{"text", OUTPUT_TEXT}, {"json", OUTPUT_JSON}, {"jsonl", OUTPUT_JSONL}, {NULL, 0}};
static const struct choice forms_of_rows[] = {{"text", OUTPUT_TEXT},  {"json", OUTPUT_JSON}, {"jsonl", OUTPUT_JSONL},
                                              {"table", OUTPUT_TEXT}, {"csv", OUTPUT_CSV},   {NULL, 0}};
static const struct choice colors[] = {
    {"auto", COLOR_AUTO}, {"always", COLOR_ALWAYS}, {"never", COLOR_NEVER}, {NULL, 0}};

/* "text, json or jsonl" */
static const char *choice_words(struct arena *arena, const struct choice *choices)
{
    const char *words = choices->word;

    for (choices++; choices->word; choices++)
        words = arena_printf(arena, "%s%s%s", words, choices[1].word ? ", " : " or ", choices->word);
    return words;
}

/* One of the choices, or ERR_USAGE. */
static struct error *choose(const struct cli *cli, enum option_id id, const struct choice *choices, int *out)
{
    const char *words[8] = {NULL};
    const char *typed = cli->options.values[id];
    const char *near;
    struct error *error;

    if (!typed)
        return NULL;
    for (int i = 0; choices[i].word; i++) {
        words[i] = choices[i].word;
        if (text_is(words[i], typed)) {
            *out = choices[i].value;
            return NULL;
        }
    }
    near = text_nearest(typed, words);
    error = error_new(ERR_USAGE, KIND_PERMANENT, "option '--%s' takes %s, not '%s'", option_row(id)->name,
                      choice_words(cli->arena, choices), typed);
    return near ? error_hint(error, "did you mean '%s'?", near) : error;
}

/* -o and --color; they also decide how errors look. Until all is read, what was guessed of -o stands. */
static struct error *set_forms(struct cli *cli, bool all_read)
{
    bool rows = cli->command ? cli->command->rows : !all_read;
    int output = OUTPUT_TEXT;
    int color = COLOR_AUTO;
    struct error *error = choose(cli, OPTION_OUTPUT, rows ? forms_of_rows : forms, &output);

    if (!error)
        error = choose(cli, OPTION_COLOR, colors, &color);
    if (all_read || cli->options.given[OPTION_OUTPUT])
        cli->output = (enum output)output;
    cli->out = screen_of(STDOUT_FILENO, (enum color_choice)color);
    cli->err = screen_of(STDERR_FILENO, (enum color_choice)color);
    return error;
}

/* A wrong command line is refused in the form that it asks for, so that a program can read why. */
static void guess_output(struct cli *cli, int argc, char **argv)
{
    for (int i = 1; i < argc && !text_is(argv[i], "--"); i++) {
        const char *form = NULL;

        if (text_is(argv[i], "-o") || text_is(argv[i], "--output"))
            form = argv[i + 1];
        else if (text_starts(argv[i], "--output="))
            form = argv[i] + strlen("--output=");
        else if (text_starts(argv[i], "-o"))
            form = argv[i] + 2;
        if (text_is(form, "json"))
            cli->output = OUTPUT_JSON;
        else if (text_is(form, "jsonl"))
            cli->output = OUTPUT_JSONL;
    }
}

static struct error *unknown_command(struct cli *cli, const char *word)
{
    const char *words[64];
    size_t count = 0;
    const char *near;
    struct error *error = error_new(ERR_USAGE, KIND_PERMANENT, "unknown command '%s'", word);

    for (const struct command *row = commands(); row->name && count < 63; row++)
        if (!row->hidden)
            words[count++] = row->name;
    words[count] = NULL;
    near = text_nearest(word, words);
    if (near)
        return error_hint(error, "did you mean '%s'?", near);
    next_add(cli, "list the commands", "help");
    return error;
}

static struct error *check_arguments(struct cli *cli)
{
    const struct command *command = cli->command;
    int count = cli->options.argument_count;
    int64_t ignored;

    /* Before anything is begun that would then be left alone. */
    TRY(option_duration(cli, OPTION_TIMEOUT, &ignored));
    if (count >= command->least && (command->most < 0 || count <= command->most))
        return NULL;
    next_add(cli, "what it takes", "help %s", command->name);
    if (count < command->least)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'%s' needs %s", command->name,
                                    command->least == 1 ? "an argument" : "more arguments"),
                          "penstock %s %s", command->name, command->arguments);
    if (command->most == 0)
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' takes no argument: '%s'", command->name,
                         cli->options.arguments[0]);
    return error_hint(
        error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is one argument too many", cli->options.arguments[command->most]),
        "penstock %s %s", command->name, command->arguments);
}

/* Help and version stand in for the command. */
static bool answer_at_once(struct cli *cli)
{
    const struct options *options = &cli->options;

    if (options->given[OPTION_HELP] || options->given[OPTION_SHORT_HELP])
        help_print(cli, cli->command, options->given[OPTION_HELP] > 0);
    else if (options->given[OPTION_VERSION])
        return cmd_version(cli) == NULL;
    else
        return false;
    return true;
}

static struct error *enter_directory(const struct cli *cli)
{
    const char *directory = cli->options.values[OPTION_DIRECTORY];

    if (directory && chdir(directory) != 0)
        return error_errno("cannot enter '%s'", directory);
    return NULL;
}

static struct error *run(struct cli *cli, int argc, char **argv)
{
    int at = argc;

    TRY(options_parse(cli->arena, argc, argv, NULL, &at, &cli->options));
    TRY(set_forms(cli, false));
    if (at < argc) {
        cli->command = command_find(argv[at]);
        if (!cli->command)
            return unknown_command(cli, argv[at]);
        TRY(options_parse(cli->arena, argc - at, argv + at, cli->command->options, NULL, &cli->options));
    }
    TRY(set_forms(cli, true));
    if (answer_at_once(cli))
        return NULL;
    if (cli->command)
        TRY(check_arguments(cli));
    TRY(enter_directory(cli));
    return cli->command ? cli->command->run(cli) : cmd_overview(cli);
}

int cli_main(int argc, char **argv)
{
    struct cli cli CLEANUP(cli_release) = {.arena = arena_new(), .program = argc > 0 ? argv[0] : "penstock"};
    struct error *error CLEANUP(error_cleanup) = NULL;

    setlocale(LC_CTYPE, "");
    guess_output(&cli, argc, argv);
    cli.err = screen_of(STDERR_FILENO, COLOR_AUTO);
    error = run(&cli, argc, argv);
    if (error) {
        report_error(&cli, error);
        return error_exit_code(error->code);
    }
    fflush(stdout);
    if (ferror(stdout)) {
        fputs("penstock: cannot write to standard output\n", stderr);
        return EXIT_CODE_FAILED;
    }
    print_next(&cli);
    return cli.exit_code;
}
