/* The command table. Help, completion and docs/reference/command-line.md are printed from these rows. */

#include <stddef.h>

#include "base/text.h"
#include "cli/command.h"

static const struct command rows[] = {
    {.group = "set up",
     .name = "init",
     .arguments = "[DIRECTORY]",
     .most = 1,
     .summary = "write a commented penstock.yaml and a pipeline that work",
     .doc =
         "Writes penstock.yaml and pipelines/prod.yaml into the directory (default: here). The files pass `penstock "
         "validate` as they are. Files that are there already are never overwritten: the command then names them and "
         "writes nothing.",
     .examples = "penstock init\tin this directory\n",
     .exits = "0 1 7",
     .run = cmd_init},
    {.name = "validate",
     .arguments = "[ENVIRONMENT...]",
     .most = -1,
     .summary = "check penstock.yaml and the pipelines, all problems at once",
     .doc = "Reads penstock.yaml and the pipelines of the named environments (default: all), and lists every problem "
            "with file, line and column. Asks nobody and changes nothing.",
     .examples = "penstock validate\teverything\npenstock validate prod -o json\tone environment, for a program\n",
     .exits = "0 3",
     .run = cmd_validate},
    {.name = "doctor",
     .arguments = "",
     .summary = "check this machine: repository, state directory, front door, ports, clock, disk, logs",
     .doc = "Each line says what was looked at and, where it is not well, the command that helps. Changes nothing.",
     .examples = "penstock doctor\tlook\n",
     .exits = "0 1 3",
     .run = cmd_doctor},
    {.name = "rehearse",
     .arguments = "ENVIRONMENT|FILE",
     .least = 1,
     .most = 1,
     .options = {OPTION_SEED, OPTION_RUNS, OPTION_FAULTS},
     .summary = "try a pipeline out in a made-up world, in seconds, and see what it would lose",
     .doc = "Releases several times by the pipeline, with the real engine, in a world that is made up: instances with "
            "rooms and recordings, users, a front door, people at the gates, a clock that does not wait, and faults by "
            "the seed. Says what would be lost, and where in the file that comes from; whether the release ends; and "
            "prints the time line. Nothing real is touched: no record, no repository, no process, no port. Commands "
            "and builds are not run: they take some time and succeed, or fail when that is the fault.",
     .examples = "penstock rehearse prod\tan environment's pipeline\n"
                 "penstock rehearse prod --runs 50 --faults many\tmany seeds, in sum\n"
                 "penstock rehearse draft.yaml --seed 17\ta file, and one seed again\n",
     .exits = "0 1 2 3",
     .run = cmd_rehearse},
    {.group = "release",
     .name = "plan",
     .arguments = "ENVIRONMENT [COMMIT]",
     .least = 1,
     .most = 2,
     .options = {OPTION_AS, OPTION_DETAILED_EXITCODE},
     .summary = "show what a release would do; change nothing",
     .doc = "Makes the same plan as `release` and prints it: what is built, started, checked, shifted, waited for and "
            "destroyed, which gates ask whom, and what would take each step back. COMMIT is a branch, a tag or a "
            "commit (default: HEAD). Writes nothing, not even a record.",
     .examples = "penstock plan prod\tthe current commit\npenstock plan prod v1.4.0 -o json\ta tag, for a program\n",
     .exits = "0 1 3 4 7 10",
     .run = cmd_plan},
    {.name = "release",
     .arguments = "ENVIRONMENT [COMMIT]",
     .least = 1,
     .most = 2,
     .options = {OPTION_YES, OPTION_DETACH, OPTION_UNTIL_GATE, OPTION_TIMEOUT, OPTION_SCHEDULED, OPTION_KEEP_FOR,
                 OPTION_AS},
     .summary = "release a commit: plan, ask, run, follow",
     .doc =
         "Plans, shows the plan, asks (or --yes), then runs the release and follows it until it ends. Ctrl-C stops "
         "the runner gently: traffic stays as it is, and `resume` goes on from there. With --detach the runner is "
         "left behind and `watch` follows it. With --until-gate the command ends with exit code 8 at the first gate, "
         "so that a CI job does not wait for people.\n\n"
         "--scheduled is for nightly jobs: it is refused when the last scheduled release there did not succeed, so that "
         "somebody looks at it first.",
     .examples = "penstock release prod\tthe current commit\n"
                 "penstock release prod release/1.4 --yes --until-gate\tin a CI job\n"
                 "penstock release prod --yes --detach\tleave the runner behind\n",
     .exits = "0 1 2 3 4 5 6 7 8 130 143",
     .run = cmd_release},
    {.name = "resume",
     .arguments = "[ID]",
     .most = 1,
     .options = {OPTION_DETACH, OPTION_UNTIL_GATE, OPTION_TIMEOUT, OPTION_TAKEOVER, OPTION_AS},
     .summary = "go on with a live release whose runner is gone",
     .doc = "Goes on from the journal, with the plan that the release began with. Does nothing that was done already. "
            "Refused while another runner works on it. --takeover kills what a dead runner left running (a build, a "
            "command) instead of waiting for its end.",
     .examples = "penstock resume\tthe only live release\npenstock resume prod --detach\tin the background\n",
     .exits = "0 1 4 5 6 7 8 130 143",
     .run = cmd_resume},
    {.name = "retry",
     .arguments = "ID",
     .least = 1,
     .most = 1,
     .options = {OPTION_COMMENT, OPTION_DETACH, OPTION_UNTIL_GATE, OPTION_TIMEOUT, OPTION_TAKEOVER, OPTION_AS},
     .summary = "try the failed step of a held release again",
     .doc = "The same release, from the step that failed; `release` would begin a new one. When no runner is alive, "
            "this command becomes it. After somebody else changed the traffic, it puts the plan's shares back.",
     .examples = "penstock retry r-17\tgo on from the failed step\n",
     .exits = "0 1 4 5 6 7 8 130 143",
     .run = cmd_retry},
    {.name = "rollback",
     .arguments = "ID|ENVIRONMENT",
     .least = 1,
     .most = 1,
     .options = {OPTION_YES, OPTION_COMMENT, OPTION_DETACH, OPTION_UNTIL_GATE, OPTION_TIMEOUT, OPTION_TAKEOVER,
                 OPTION_AS},
     .summary = "go back: to the old unit while it stands, else by a new release of the earlier commit",
     .doc =
         "While the release is live and not past its pivot, the old unit is warm: when it is healthy it gets the traffic "
         "back, which is proved; then the new unit is drained with the same care as an old one, and destroyed. When no "
         "runner is alive, this command becomes it.\n\n"
         "After the old unit was destroyed it is a new release of the earlier commit, through the same pipeline, and says "
         "so: of the named release, or of the last one that succeeded with another commit. `status` shows how far one can "
         "go back.",
     .examples = "penstock rollback r-17 --comment 'error rate'\ttake it back\n"
                 "penstock rollback prod\tthe last good commit again, when nothing is live\n",
     .exits = "0 1 3 4 5 6 7 8 130 143",
     .run = cmd_rollback},
    {.name = "abort",
     .arguments = "ID",
     .least = 1,
     .most = 1,
     .options = {OPTION_YES, OPTION_COMMENT, OPTION_KEEP, OPTION_AS_IS, OPTION_DETACH, OPTION_TIMEOUT, OPTION_TAKEOVER,
                 OPTION_AS},
     .summary = "end a live release: take it back, or leave things as they are",
     .doc = "Traffic goes back to the old unit as in a rollback, and the release ends aborted. --keep leaves the new "
            "unit standing, without traffic, until `penstock destroy` takes it. --as-is undoes nothing at all: the "
            "release ends where it stands, and traffic stays as it is.",
     .examples = "penstock abort r-17 --comment 'wrong commit'\ttake it back and end it\n"
                 "penstock abort r-17 --keep\tkeep the new unit to look at\n",
     .exits = "0 1 4 5 7 8 130 143",
     .run = cmd_abort},
    {.name = "destroy",
     .arguments = "ENVIRONMENT|UNIT",
     .least = 1,
     .most = 1,
     .options = {OPTION_YES, OPTION_CONFIRM, OPTION_DETACH, OPTION_UNTIL_GATE, OPTION_TIMEOUT, OPTION_AS},
     .summary = "drain and destroy a unit that is left over, or a whole environment",
     .doc = "Drains, proves that nothing is left, then destroys: with the same care as in a release, and as a release "
            "of its own kind. A whole environment, with its front door, asks for its name to be typed, or --confirm "
            "NAME; a unit asks for yes, or --yes.",
     .examples = "penstock destroy prod-1a2b3c4-7\ta unit that an abort kept\n"
                 "penstock destroy e2e --confirm e2e\teverything of an environment\n",
     .exits = "0 1 2 4 7 8 130 143",
     .run = cmd_destroy},
    {.name = "hotfix",
     .arguments = "COMMIT...",
     .least = 1,
     .most = -1,
     .options = {OPTION_ONTO, OPTION_ENVIRONMENT, OPTION_MAINLINE, OPTION_DRY_RUN, OPTION_CONTINUE, OPTION_WAIT,
                 OPTION_SUPERSEDE, OPTION_YES, OPTION_DETACH, OPTION_UNTIL_GATE, OPTION_AS},
     .summary = "pick fixes of the trunk onto the live release branch, and release them",
     .doc =
         "Tries the picks in memory: no work tree, index or branch is touched. Each commit must be on the trunk, few and "
         "small by the environment's limits, and pick cleanly; the branch must be the one that is live, with nothing else "
         "on it. Then the branch moves, by compare-and-swap, and the pipeline runs with all its checks, on the "
         "environment's shorter ladder, behind the hotfix's gate. Drains and proofs are never shorter. Another person "
         "must look at it afterwards: `penstock review`.\n\n"
         "Conflicts are listed with the git commands that resolve them by hand; --continue goes on with what you made. "
         "While a release is live it is refused, or waits (--wait), or takes that one back first (--supersede). The "
         "same command again goes on where an earlier one was interrupted.",
     .examples = "penstock hotfix 1a2b3c4 --onto release/2026.11 --dry-run\twould it do?\n"
                 "penstock hotfix 1a2b3c4 --onto release/2026.11\tpick, ask, release\n"
                 "penstock hotfix --continue 2b3c4d5 --onto release/2026.11\tafter resolving conflicts\n",
     .exits = "0 1 2 3 4 5 6 7 8 130 143",
     .run = cmd_hotfix},
    {.name = "clean",
     .arguments = "[ENVIRONMENT]",
     .most = 1,
     .options = {OPTION_YES, OPTION_DRY_RUN, OPTION_UNTIL_GATE, OPTION_TIMEOUT, OPTION_AS},
     .summary = "end short-lived environments whose time is over",
     .doc =
         "An environment with `short_lived` may be cleaned up so long after its last release. This drains and destroys "
         "what is over, with its front door, as `destroy` does; what is not over yet stays. --dry-run lists them all.",
     .examples = "penstock clean --dry-run\twhat stands, and until when\npenstock clean --yes\tin a nightly job\n",
     .exits = "0 1 2 4 7 8 130 143",
     .run = cmd_clean},
    {.group = "decide",
     .name = "approve",
     .arguments = "ID [GATE]",
     .least = 1,
     .most = 2,
     .options = {OPTION_COMMENT, OPTION_YES, OPTION_ABANDON, OPTION_INSTANCE, OPTION_AS},
     .summary = "open a gate; or give up what an overdue drain still counts",
     .doc = "Shows what the approval binds to (the plan, the shares, what the engine's client saw so far), asks, and "
            "writes the decision down. An approval holds for exactly what was shown: when that changes, the gate asks "
            "again. A refused approval is kept in the record too.\n\n"
            "With --abandon it answers a drain that is overdue, or an instance that died with work on it: the numbers "
            "must be exactly those that the record counts (`unknown` where nobody could count), and --comment must say "
            "why.",
     .examples =
         "penstock approve r-17\tthe gate that waits\n"
         "penstock approve r-17 release-managers --comment 'looks good' --yes\twithout a question\n"
         "penstock approve r-17 --abandon rooms=2,recordings=1 --comment 'agreed with the hosts'\tgive up work\n",
     .exits = "0 1 2 4 7",
     .run = cmd_approve},
    {.name = "reject",
     .arguments = "ID [GATE]",
     .least = 1,
     .most = 2,
     .options = {OPTION_COMMENT, OPTION_YES, OPTION_AS},
     .summary = "say no at a gate: the release goes back and ends rejected",
     .doc =
         "Writes the decision down; the runner then takes the release back, as in a rollback. It ends rejected, which "
         "is not a fault.",
     .examples = "penstock reject r-17 --comment 'not before the holidays'\tsay no\n",
     .exits = "0 1 2 4 7",
     .run = cmd_reject},
    {.name = "override",
     .arguments = "ENVIRONMENT RULE",
     .least = 2,
     .most = 2,
     .options = {OPTION_FOR, OPTION_COMMENT, OPTION_AS},
     .summary = "let a rule of an environment be broken for a time",
     .doc =
         "Written into the record with person, reason and end. Only those whom the environment's `overrides` names may, "
         "and where it says so, neither who asked for the release nor who wrote it. Given while a release is live, it is "
         "for that one alone; otherwise for whichever begins before it ends. Whether two units can work side by side "
         "(schema, api) cannot be overridden.",
     .examples = "penstock override prod freeze --for 2h --comment 'agreed with the shop'\tgo on in a freeze\n",
     .exits = "0 1 2 3 4",
     .run = cmd_override},
    {.name = "review",
     .arguments = "ID",
     .least = 1,
     .most = 1,
     .options = {OPTION_COMMENT, OPTION_AS},
     .summary = "close a hotfix: somebody else has looked at it afterwards",
     .doc =
         "A hotfix is due for review from its end on, and stays so in `status` and the audit until a person who neither "
         "asked for it nor wrote it says what they found.",
     .examples = "penstock review r-21 --comment 'right; the cause is ticket 4711'\tclose it\n",
     .exits = "0 1 2 4 7",
     .run = cmd_review},
    {.name = "branch",
     .arguments = "BRANCH [COMMIT]",
     .least = 1,
     .most = 2,
     .summary = "make a release branch, from the trunk only",
     .doc =
         "At the trunk's newest commit, or at COMMIT, which must be on the trunk; where the clone has an origin, its trunk "
         "counts, as of the last `git fetch`. Nobody's work tree is touched. It is in "
         "the record who made it, when and where; give it to the others with git push.",
     .examples = "penstock branch release/2026.11\tfrom the trunk as it is\n",
     .exits = "0 1 2 4 7",
     .run = cmd_branch},
    {.group = "look",
     .name = "status",
     .arguments = "[ENVIRONMENT]",
     .most = 1,
     .summary = "what is live, what waits for whom, what to do next",
     .doc = "One block for each environment: the live unit, the live release with its reason, and who it waits for. "
            "`penstock` alone prints the same.",
     .examples = "penstock status\tall environments\n",
     .exits = "0 1",
     .run = cmd_status},
    {.name = "watch",
     .arguments = "[ID]",
     .most = 1,
     .options = {OPTION_TIMEOUT, OPTION_UNTIL_GATE},
     .summary = "follow a release that runs elsewhere, until it ends",
     .doc = "Reads the record only. Ctrl-C stops watching and nothing else. Ends with the exit code of the release.",
     .examples = "penstock watch\tthe only live release\npenstock watch r-17 -o jsonl\tone event a line\n",
     .exits = "0 1 5 6 8 130 143",
     .run = cmd_watch},
    {.name = "history",
     .arguments = "[ENVIRONMENT]",
     .most = 1,
     .options = {OPTION_ENVIRONMENT, OPTION_SINCE, OPTION_UNTIL, OPTION_BEFORE, OPTION_LIMIT},
     .summary = "releases, newest first",
     .doc =
         "Which commit went where, who asked for it, how it ended, and which hotfix still waits for its review. With "
         "--before the next page; --since and --until are about the time at which releases began.",
     .examples = "penstock history prod --limit 5\tthe last five\n"
                 "penstock history prod --until 2026-01-01\tthe last of that year\n"
                 "penstock history prod --before r-17\tthose before it\n",
     .exits = "0 1 2",
     .run = cmd_history},
    {.name = "show",
     .arguments = "ID",
     .least = 1,
     .most = 1,
     .summary = "everything about one release",
     .doc = "Why it stands where it stands and since when; stages, stamps, instances, shares, what the engine's client "
            "saw, what the drains counted, and who decided what. After a failure: the cause first, then the last lines "
            "of the failed process and its last health answer. The JSON form is described by "
            "docs/reference/show.schema.json.",
     .examples = "penstock show r-17\tfor people\npenstock show prod -o json\tthe live release of prod, for programs\n",
     .exits = "0 1",
     .run = cmd_show},
    {.name = "logs",
     .arguments = "ID [INSTANCE|STAGE]",
     .least = 1,
     .most = 2,
     .options = {OPTION_LINES, OPTION_FOLLOW},
     .summary = "the last lines of the logs of instances, builds and commands",
     .doc = "Without a second argument: every log of the release. INSTANCE may be any part of the name that is unique. "
            "A log of a build or a command that grows beyond 64 MiB keeps its first and its last 8 MiB.",
     .examples = "penstock logs r-17\tall of them\npenstock logs r-17 west.1 --follow\tone instance, as it goes on\n"
                 "penstock logs r-17 build --lines 200\tthe build\n",
     .exits = "0 1",
     .run = cmd_logs},
    {.name = "audit",
     .arguments = "[QUERY|sql|verify|export] [SQL]",
     .most = 2,
     .options = {OPTION_ENVIRONMENT, OPTION_SINCE, OPTION_UNTIL, OPTION_TIMEOUT, OPTION_NO_EVIDENCE},
     .rows = true,
     .summary = "what an auditor asks of the record; whether it is whole; all of it, to take away",
     .doc =
         "Without an argument: the queries that have a name, with what each of them answers, and the views. QUERY is one "
         "of these names; its rows are a table, or CSV (-o csv), or JSON. Times are UTC.\n\n"
         "`sql` takes one `select` over the views, as its argument or from standard input (-), and ends it after 10s or "
         "--timeout. It can read the views and nothing else.\n\n"
         "`verify` walks the chain of the journal from its first row to its last and names the first that is not what it "
         "was, compares each piece of evidence with its digest, and all tables with what the journal says.\n\n"
         "`export` writes the whole record as JSON lines, which anybody with a SHA-256 program can check "
         "(docs/reference/export.md).",
     .examples = "penstock audit\twhat can be asked\n"
                 "penstock audit exceptions --environment prod --since 90d\teverything that was out of the ordinary\n"
                 "penstock audit releases --since 2026-01-01 --until 2027-01-01 -o csv\ta year, for a spreadsheet\n"
                 "penstock audit sql \"select requester, count(*) from v_release group by 1\"\ta query of one's own\n"
                 "penstock audit verify\tis it whole?\n"
                 "penstock audit export >record.jsonl\ttake all of it away\n",
     .exits = "0 1 2",
     .run = cmd_audit},
    {.group = "learn",
     .name = "explain",
     .arguments = "[KEY|CODE]",
     .most = 1,
     .summary = "what a key of the files, or an error code, means",
     .doc = "KEY is the way to a key from the top of its file, like stages.shift.steps.share; CODE is what an error "
            "begins with, like E0303. Without an argument: the top keys of both files.",
     .examples = "penstock explain stages.shift.steps\ta key\npenstock explain E0303\tan error\n",
     .exits = "0 1",
     .run = cmd_explain},
    {.name = "schema",
     .arguments = "project|pipeline",
     .least = 1,
     .most = 1,
     .summary = "the JSON Schema of penstock.yaml or of a pipeline, for editors",
     .doc = "Draft-07, printed from the same table that checks the files.",
     .examples = "penstock schema pipeline >pipeline.schema.json\tfor yaml-language-server\n",
     .exits = "0 2",
     .run = cmd_schema},
    {.name = "completion",
     .arguments = "bash|zsh|fish",
     .least = 1,
     .most = 1,
     .summary = "completion of commands and options for a shell",
     .doc = "Prints a script for the shell to read.",
     .examples = "source <(penstock completion bash)\tin ~/.bashrc\n"
                 "penstock completion fish >~/.config/fish/completions/penstock.fish\tfish\n",
     .exits = "0 2",
     .run = cmd_completion},
    {.name = "help",
     .arguments = "[COMMAND|TOPIC]",
     .most = 1,
     .summary = "this help; help COMMAND; help exit-codes, environment or files",
     .doc = "The topics are true of all commands.",
     .examples = "penstock help release\ta command\npenstock help exit-codes\ta topic\n",
     .exits = "0 2",
     .run = cmd_help},
    {.name = "version",
     .arguments = "",
     .summary = "the version, and the commit it was built from",
     .doc = "",
     .exits = "0",
     .run = cmd_version},
    {.name = "__export",
     .arguments = "REPOSITORY COMMIT DIRECTORY",
     .least = 3,
     .most = 3,
     .run = cmd_export,
     .hidden = true},
    {.name = "__collect", .arguments = "DIRECTORY", .least = 1, .most = 1, .run = cmd_collect, .hidden = true},
    {.name = "__reference",
     .arguments = "commands|project|pipeline|audit",
     .least = 1,
     .most = 1,
     .run = cmd_reference,
     .hidden = true},
    {.name = NULL},
};

const struct command *commands(void)
{
    return rows;
}

const struct command *command_find(const char *name)
{
    for (const struct command *row = rows; row->name; row++)
        if (text_is(row->name, name))
            return row;
    return NULL;
}
