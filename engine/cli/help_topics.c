/* What is true of all commands: exit codes, environment variables, files. */

#include <stddef.h>

#include "cli/command.h"
#include "cli/help.h"

static const struct exit_row exits[] = {
    {EXIT_CODE_DONE, "done; also when there was nothing to do, and for empty lists"},
    {EXIT_CODE_FAILED, "the release or the command failed, or a person is needed"},
    {EXIT_CODE_USAGE, "the command line is wrong, or a question came where nobody can be asked"},
    {EXIT_CODE_INVALID, "penstock.yaml or a pipeline is not valid, or asks for something unlawful"},
    {4, "you may not do that"},
    {5, "ended rejected, expired, or aborted by a person: not a fault"},
    {6, "ended rolled back: the old unit serves as before"},
    {7, "conflict: another release is live, another runner works, an answer came too late"},
    {EXIT_CODE_WAITING, "still waiting: at a gate (--until-gate), or --timeout ran out"},
    {9, "inconclusive: something could not be asked; trying again is sensible"},
    {EXIT_CODE_CHANGES, "plan --detailed-exitcode: the plan changes something"},
    {EXIT_CODE_BUG, "a bug in penstock"},
    {130, "stopped by Ctrl-C; the release stays as it is and can be resumed"},
    {143, "stopped by SIGTERM; the same"},
    {0, NULL},
};

static const char environment_text[] = "PENSTOCK_STATE      directory of the record; wins over `state:` in\n"
                                       "                    penstock.yaml, loses to --state\n"
                                       "PENSTOCK_NO_INPUT   when set and not 0: never ask, as with --no-input\n"
                                       "NO_COLOR            when set: no colours, unless --color says otherwise\n"
                                       "CLICOLOR_FORCE      when set and not 0: colours, also where no terminal is\n"
                                       "FORCE_COLOR         the same\n"
                                       "TERM                `dumb` or unset: no colours, nothing is drawn over\n"
                                       "CI                  when set and not 0: one line per event, nothing is drawn\n"
                                       "                    over\n"
                                       "COLUMNS             the width, where the terminal does not tell it\n"
                                       "LC_ALL, LC_CTYPE    marks and bars are ASCII unless the locale is UTF-8\n"
                                       "\n"
                                       "A unit's processes and commands see only what `env:` in the pipeline names,\n"
                                       "PATH, and PENSTOCK_* names of their own.\n";

static const char files_text[] = "penstock.yaml       the project and its environments; found here or in a\n"
                                 "                    directory above, or named by -f\n"
                                 "pipelines/ENV.yaml  how a release of that environment goes; `pipeline:` names\n"
                                 "                    another\n"
                                 ".penstock/          the record and the units; `state:`, PENSTOCK_STATE or\n"
                                 "                    --state name another directory. On a local disk.\n"
                                 "\n"
                                 "`penstock schema project` and `penstock schema pipeline` print JSON Schemas of\n"
                                 "the two files for editors; `penstock explain KEY` explains one key.\n";

static const struct help_topic topics[] = {
    {"exit-codes", "what each exit code means", NULL},
    {"environment", "environment variables that are read", environment_text},
    {"files", "files that are read and written", files_text},
    {NULL, NULL, NULL},
};

const struct help_topic *help_topics(void)
{
    return topics;
}

const char *help_any_exit(void)
{
    return "The codes of each command stand with it. Besides, any command may end with 2,\n"
           "with 3 where it reads the project's files, and with 70.\n";
}

const struct exit_row *exit_rows(void)
{
    return exits;
}
