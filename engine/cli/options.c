#include "cli/options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define LONG_BASE 256 /* getopt's values of long options; short ones are their letter */

static const struct option_row rows[OPTION_COUNT] = {
    [OPTION_DIRECTORY] = {"directory", 'C', "DIR", true, "act as if started in DIR"},
    [OPTION_FILE] = {"file", 'f', "FILE", true,
                     "the project file; default: penstock.yaml here or in a directory above"},
    [OPTION_STATE] = {"state", 0, "DIR", true, "the directory of the record; wins over PENSTOCK_STATE and the file"},
    [OPTION_OUTPUT] = {"output", 'o', "FORM", true,
                       "text, json (one document) or jsonl (one object a line); audit: table or csv too"},
    [OPTION_COLOR] = {"color", 0, "WHEN", true, "auto, always or never"},
    [OPTION_NO_INPUT] = {"no-input", 0, NULL, true, "never ask; end with exit code 2 where a question would come"},
    [OPTION_QUIET] = {"quiet", 'q', NULL, true, "no progress and no advice; data and errors only"},
    [OPTION_VERBOSE] = {"verbose", 'v', NULL, true, "every event, not only those that matter to most"},
    [OPTION_SHORT_HELP] = {NULL, 'h', NULL, true, "a short help"},
    [OPTION_HELP] = {"help", 0, NULL, true, "the whole help"},
    [OPTION_VERSION] = {"version", 'V', NULL, true, "the version"},
    [OPTION_YES] = {"yes", 'y', NULL, false, "answer the question with yes"},
    [OPTION_AS] = {"as", 0, "PERSON", false, "in this person's name, where the environment allows it (allow_as)"},
    [OPTION_TIMEOUT] = {"timeout", 0, "DURATION", false,
                        "stop following after this time, with exit code 8; end a query after it"},
    [OPTION_COMMENT] = {"comment", 'm', "TEXT", false, "why; kept in the record"},
    [OPTION_DETACH] = {"detach", 'd', NULL, false, "leave the runner behind and return"},
    [OPTION_UNTIL_GATE] = {"until-gate", 0, NULL, false,
                           "end with exit code 8 at the first gate that waits for people"},
    [OPTION_TAKEOVER] = {"takeover", 0, NULL, false, "kill what a dead runner left running instead of waiting for it"},
    [OPTION_DETAILED_EXITCODE] = {"detailed-exitcode", 0, NULL, false,
                                  "exit code 10 when the plan changes something, 0 when it does not"},
    [OPTION_KEEP] = {"keep", 0, NULL, false, "leave the new unit standing, without traffic, to look at"},
    [OPTION_AS_IS] = {"as-is", 0, NULL, false, "end the release here: undo nothing, change no traffic"},
    [OPTION_ABANDON] = {"abandon", 0, "PROBE=N,...", false,
                        "give up exactly this many, as the overdue drain counts them"},
    [OPTION_INSTANCE] = {"instance", 0, "NAME", false, "the instance whose work is given up, when several wait"},
    [OPTION_CONFIRM] = {"confirm", 0, "NAME", false, "the environment's name, in place of typing it when asked"},
    [OPTION_LINES] = {"lines", 'n', "N", false, "how many lines of each log; default 20"},
    [OPTION_FOLLOW] = {"follow", 0, NULL, false, "go on printing what is added, until Ctrl-C"},
    [OPTION_SINCE] = {"since", 0, "TIME", false,
                      "from this time on, UTC: 2026-11-01, 2026-11-01T08:00:00Z, or 30d for so long ago"},
    [OPTION_UNTIL] = {"until", 0, "TIME", false, "before this time, in the same forms"},
    [OPTION_BEFORE] = {"before", 0, "ID", false, "only releases that are older than this one: the next page"},
    [OPTION_NO_EVIDENCE] = {"no-evidence", 0, NULL, false, "leave out what decisions rested on"},
    [OPTION_LIMIT] = {"limit", 0, "N", false, "how many releases at most; default 20"},
    [OPTION_FOR] = {"for", 0, "DURATION", false, "how long"},
    [OPTION_KEEP_FOR] = {"keep-for", 0, "DURATION", false,
                         "a short-lived environment: how long it stays; default: as penstock.yaml says"},
    [OPTION_SCHEDULED] = {"scheduled", 0, NULL, false, "a nightly job asks: refused when its last release failed"},
    [OPTION_ONTO] = {"onto", 0, "BRANCH", false, "the release branch that is live"},
    [OPTION_ENVIRONMENT] = {"environment", 'e', "NAME", false, "this environment only"},
    [OPTION_MAINLINE] = {"mainline", 0, "N", false, "of a merge: the parent it is compared with, from 1"},
    [OPTION_DRY_RUN] = {"dry-run", 0, NULL, false, "make every check and change nothing"},
    [OPTION_CONTINUE] = {"continue", 0, NULL, false, "COMMIT is the last of the picks that you made by hand"},
    [OPTION_WAIT] = {"wait", 0, NULL, false, "when a release is live: begin when it has ended"},
    [OPTION_SUPERSEDE] = {"supersede", 0, NULL, false, "when a release is live: take it back first"},
    [OPTION_SEED] = {"seed", 0, "N", false, "what happens; the same seed gives the same rehearsal; default 1"},
    [OPTION_RUNS] = {"runs", 0, "N", false, "so many rehearsals, each with the next seed, in sum"},
    [OPTION_FAULTS] = {"faults", 0, "WORD", false, "what goes wrong: none, some (default) or many"},
};

/* The tables that getopt_long wants, and which of our rows stands behind each value. */
struct known {
    char letters[2 * OPTION_COUNT + 3];
    struct option longs[OPTION_COUNT + 1];
    const char *words[OPTION_COUNT + 1]; /* "--output", for suggestions; ends with NULL */
    enum option_id by_letter[128];
};

const struct option_row *option_row(enum option_id id)
{
    return &rows[id];
}

const char *option_usage(struct arena *arena, enum option_id id)
{
    const struct option_row *row = &rows[id];
    const char *argument = row->argument ? arena_printf(arena, " %s", row->argument) : "";

    if (!row->name)
        return arena_printf(arena, "-%c", row->letter);
    if (!row->letter)
        return arena_printf(arena, "    --%s%s", row->name, argument);
    return arena_printf(arena, "-%c, --%s%s", row->letter, row->name, argument);
}

static bool is_allowed(enum option_id id, const enum option_id *allowed)
{
    if (rows[id].global)
        return true;
    for (; allowed && *allowed != OPTION_NONE; allowed++)
        if (*allowed == id)
            return true;
    return false;
}

static void known_build(struct arena *arena, const enum option_id *allowed, bool stop, struct known *out)
{
    size_t letters = 0;
    size_t longs = 0;

    memset(out, 0, sizeof(*out));
    if (stop)
        out->letters[letters++] = '+';
    out->letters[letters++] = ':';
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++) {
        const struct option_row *row = &rows[id];

        if (!is_allowed((enum option_id)id, allowed))
            continue;
        if (row->letter) {
            out->letters[letters++] = row->letter;
            if (row->argument)
                out->letters[letters++] = ':';
            out->by_letter[(int)row->letter] = (enum option_id)id;
        }
        if (row->name) {
            out->words[longs] = arena_printf(arena, "--%s", row->name);
            out->longs[longs++] =
                (struct option){row->name, row->argument ? required_argument : no_argument, NULL, LONG_BASE + id};
        }
    }
}

static enum option_id id_of(const struct known *known, int value)
{
    return value >= LONG_BASE ? (enum option_id)(value - LONG_BASE) : known->by_letter[value & 127];
}

static const char *spelled(struct arena *arena, const struct known *known, int value)
{
    if (value >= LONG_BASE)
        return arena_printf(arena, "--%s", rows[id_of(known, value)].name);
    return arena_printf(arena, "-%c", value);
}

static struct error *unknown_option(struct arena *arena, const struct known *known, const char *typed)
{
    size_t length = strcspn(typed, "=");
    const char *word = arena_text_n(arena, typed, length);
    const char *near = text_starts(word, "--") ? text_nearest(word, known->words) : NULL;
    struct error *error = error_new(ERR_USAGE, KIND_PERMANENT, "unknown option '%s'", word);

    return near ? error_hint(error, "did you mean '%s'?", near) : error;
}

/* What getopt_long refused at optind - 1. */
static struct error *refused(struct arena *arena, const struct known *known, int found, char **argv)
{
    if (found == ':')
        return error_new(ERR_USAGE, KIND_PERMANENT, "option '%s' needs %s", spelled(arena, known, optopt),
                         rows[id_of(known, optopt)].argument);
    if (optopt >= LONG_BASE)
        return error_new(ERR_USAGE, KIND_PERMANENT, "option '%s' takes no value", spelled(arena, known, optopt));
    if (optopt != 0)
        return error_new(ERR_USAGE, KIND_PERMANENT, "unknown option '-%c'", optopt);
    return unknown_option(arena, known, argv[optind - 1]);
}

/* The long option as it was typed, perhaps with its value. */
static const char *typed_option(char **argv)
{
    return optarg && argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];
}

/* getopt_long takes an abbreviated name too; we do not. */
static bool in_full(const struct option_row *row, const char *typed)
{
    return strcspn(typed, "=") == strlen(row->name) + 2;
}

struct error *options_parse(struct arena *arena, int argc, char **argv, const enum option_id *allowed, int *stop_at,
                            struct options *out)
{
    struct known *known = ARENA_NEW(arena, struct known);
    int found;

    known_build(arena, allowed, stop_at != NULL, known);
    optind = 0;
    opterr = 0;
    while ((found = getopt_long(argc, argv, known->letters, known->longs, NULL)) != -1) {
        enum option_id id;

        if (found == '?' || found == ':')
            return refused(arena, known, found, argv);
        id = id_of(known, found);
        if (found >= LONG_BASE && !in_full(&rows[id], typed_option(argv)))
            return unknown_option(arena, known, typed_option(argv));
        out->values[id] = optarg;
        out->given[id]++;
    }
    if (stop_at) {
        *stop_at = optind;
        return NULL;
    }
    out->argument_count = argc - optind;
    out->arguments = arena_array(arena, (size_t)out->argument_count + 1, sizeof(*out->arguments));
    for (int i = 0; i < out->argument_count; i++)
        out->arguments[i] = argv[optind + i];
    return NULL;
}
