/* completion: scripts for shells, with the words of the tables written into them. Nothing is asked at run time. */

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/print.h"

static const char *command_words(struct arena *arena)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (const struct command *row = commands(); row->name; row++)
        if (!row->hidden)
            strbuf_printf(&out, "%s%s", out.length ? " " : "", row->name);
    return arena_text(arena, strbuf_view(&out));
}

static void add_option_words(struct strbuf *out, enum option_id id)
{
    const struct option_row *row = option_row(id);

    if (row->name)
        strbuf_printf(out, "%s--%s", out->length ? " " : "", row->name);
    if (row->letter)
        strbuf_printf(out, "%s-%c", out->length ? " " : "", row->letter);
}

static const char *global_words(struct arena *arena)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++)
        if (option_row((enum option_id)id)->global)
            add_option_words(&out, (enum option_id)id);
    return arena_text(arena, strbuf_view(&out));
}

static const char *own_words(struct arena *arena, const struct command *command)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (const enum option_id *id = command->options; *id != OPTION_NONE; id++)
        add_option_words(&out, *id);
    return arena_text(arena, strbuf_view(&out));
}

/* Words that may stand as an argument: "project|pipeline" -> "project pipeline"; "" when they are not fixed. */
static const char *argument_words(struct arena *arena, const struct command *command)
{
    char *words;

    if (text_is(command->name, "help"))
        return arena_printf(arena, "%s exit-codes environment files", command_words(arena));
    if (!strchr(command->arguments, '|') || strpbrk(command->arguments, "[ABCDEFGHIJKLMNOPQRSTUVWXYZ "))
        return "";
    words = arena_text(arena, command->arguments);
    for (char *at = words; *at; at++)
        if (*at == '|')
            *at = ' ';
    return words;
}

static void add_bash(struct arena *arena, struct strbuf *out)
{
    strbuf_printf(out,
                  "# bash completion of penstock: source <(penstock completion bash)\n"
                  "_penstock()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
                  "    local options='%s' words=\n"
                  "    case $previous in\n"
                  "    -o | --output) words='text json jsonl' options= ;;\n"
                  "    --color) words='auto always never' options= ;;\n"
                  "    -C | --directory | --state) mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n"
                  "    -f | --file) mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n"
                  "    *)\n"
                  "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "            case ${COMP_WORDS[i]} in\n"
                  "            -C | -f | -o | --directory | --file | --state | --output | --color) i=$((i + 1)) ;;\n"
                  "            -*) ;;\n"
                  "            *) command=${COMP_WORDS[i]}; break ;;\n"
                  "            esac\n"
                  "        done\n"
                  "        case $command in\n"
                  "        '') words='%s' ;;\n",
                  global_words(arena), command_words(arena));
    for (const struct command *row = commands(); row->name; row++) {
        if (row->hidden)
            continue;
        strbuf_printf(out, "        %s)", row->name);
        if (row->options[0] != OPTION_NONE)
            strbuf_printf(out, " options=\"$options %s\"", own_words(arena, row));
        if (*argument_words(arena, row))
            strbuf_printf(out, "%s words='%s'", row->options[0] != OPTION_NONE ? ";" : "", argument_words(arena, row));
        strbuf_text(out, " ;;\n");
    }
    strbuf_text(out, "        esac\n        ;;\n    esac\n"
                     "    [[ $word == -* ]] && words=$options\n"
                     "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                     "}\ncomplete -F _penstock penstock\n");
}

/* A text within single quotes, for zsh and fish; zsh's descriptions take no bare brackets or colons. */
static void add_quoted(struct strbuf *out, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'')
            strbuf_text(out, "'\\''");
        else if (strchr(escaped, *text))
            strbuf_printf(out, "\\%c", *text);
        else
            strbuf_char(out, *text);
    }
}

static void add_zsh_option(struct strbuf *out, enum option_id id)
{
    const struct option_row *row = option_row(id);
    char letter[3] = {'-', row->letter, '\0'};

    for (int i = 0; i < 2; i++) {
        if (i == 0 ? !row->letter : !row->name)
            continue;
        strbuf_text(out, " '");
        strbuf_printf(out, "%s%s%s[", i == 0 ? letter : "--", i == 0 ? "" : row->name, row->argument && i ? "=" : "");
        add_quoted(out, row->doc, "[]:");
        strbuf_char(out, ']');
        if (row->argument)
            strbuf_printf(out, ":%s:%s", row->argument,
                          id == OPTION_OUTPUT                            ? "(text json jsonl)"
                          : id == OPTION_COLOR                           ? "(auto always never)"
                          : id == OPTION_DIRECTORY || id == OPTION_STATE ? "_directories"
                          : id == OPTION_FILE                            ? "_files"
                                                                         : "");
        strbuf_char(out, '\'');
    }
}

static void add_zsh(struct arena *arena, struct strbuf *out)
{
    strbuf_text(out, "#compdef penstock\n# zsh completion of penstock: source <(penstock completion zsh)\n"
                     "_penstock()\n{\n    local context state line\n    local -a commands options\n    options=(");
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++)
        if (option_row((enum option_id)id)->global)
            add_zsh_option(out, (enum option_id)id);
    strbuf_text(out, ")\n    commands=(");
    for (const struct command *row = commands(); row->name; row++) {
        if (row->hidden)
            continue;
        strbuf_printf(out, " '%s:", row->name);
        add_quoted(out, row->summary, ":");
        strbuf_char(out, '\'');
    }
    strbuf_text(out, ")\n    _arguments -C $options '1:command:->command' '*::argument:->argument'\n"
                     "    case $state in\n    command) _describe command commands ;;\n    argument)\n"
                     "        case $words[1] in\n");
    for (const struct command *row = commands(); row->name; row++) {
        if (row->hidden)
            continue;
        strbuf_printf(out, "        %s) _arguments $options", row->name);
        for (const enum option_id *id = row->options; *id != OPTION_NONE; id++)
            add_zsh_option(out, *id);
        if (*argument_words(arena, row))
            strbuf_printf(out, " '1:argument:(%s)'", argument_words(arena, row));
        strbuf_text(out, " ;;\n");
    }
    strbuf_text(out, "        esac\n        ;;\n    esac\n}\ncompdef _penstock penstock\n");
}

static void add_fish_option(struct strbuf *out, const char *condition, enum option_id id)
{
    const struct option_row *row = option_row(id);

    strbuf_printf(out, "complete -c penstock%s", condition);
    if (row->name)
        strbuf_printf(out, " -l %s", row->name);
    if (row->letter)
        strbuf_printf(out, " -s %c", row->letter);
    if (id == OPTION_OUTPUT)
        strbuf_text(out, " -x -a 'text json jsonl'");
    else if (id == OPTION_COLOR)
        strbuf_text(out, " -x -a 'auto always never'");
    else if (id == OPTION_DIRECTORY || id == OPTION_STATE || id == OPTION_FILE)
        strbuf_text(out, " -r -F");
    else if (row->argument)
        strbuf_text(out, " -x");
    strbuf_text(out, " -d '");
    add_quoted(out, row->doc, "");
    strbuf_text(out, "'\n");
}

static void add_fish(struct arena *arena, struct strbuf *out)
{
    strbuf_text(out, "# fish completion of penstock: penstock completion fish | source\ncomplete -c penstock -f\n");
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++)
        if (option_row((enum option_id)id)->global)
            add_fish_option(out, "", (enum option_id)id);
    for (const struct command *row = commands(); row->name; row++) {
        const char *condition;

        if (row->hidden)
            continue;
        strbuf_printf(out, "complete -c penstock -n __fish_use_subcommand -a %s -d '", row->name);
        add_quoted(out, row->summary, "");
        strbuf_text(out, "'\n");
        condition = arena_printf(arena, " -n '__fish_seen_subcommand_from %s'", row->name);
        if (*argument_words(arena, row))
            strbuf_printf(out, "complete -c penstock%s -a '%s'\n", condition, argument_words(arena, row));
        for (const enum option_id *id = row->options; *id != OPTION_NONE; id++)
            add_fish_option(out, condition, *id);
    }
}

struct error *cmd_completion(struct cli *cli)
{
    static const struct {
        const char *name;
        void (*add)(struct arena *arena, struct strbuf *out);
    } shells[] = {{"bash", add_bash}, {"zsh", add_zsh}, {"fish", add_fish}};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (text_is(shells[i].name, cli->options.arguments[0])) {
            shells[i].add(cli->arena, &out);
            print_text(cli, strbuf_view(&out));
            return NULL;
        }
    }
    return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "no completion for '%s'", cli->options.arguments[0]),
                      "there is one for bash, zsh and fish");
}
