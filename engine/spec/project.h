#ifndef ENGINE_SPEC_PROJECT_H
#define ENGINE_SPEC_PROJECT_H

/*
 * penstock.yaml, checked and located: what is true of the project and its environments. Owned by those who run them.
 * A pipeline cannot weaken what its environment demands.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/pipeline.h"

enum expiry_action { EXPIRY_REJECT, EXPIRY_HOLD };

struct gate_spec {
    const char *name;
    struct text_list people;      /* login names; empty = anyone who may write the record */
    int approvals;                /* different people, default 1 */
    bool bar_requester;           /* barred: [requester] */
    bool bar_authors;             /* barred: [authors]: who wrote or committed any commit of the release */
    int64_t expires_ms;           /* default 24h */
    enum expiry_action on_expiry; /* default hold */
    struct mark mark;
};

/* When a release may begin and get more traffic. Without any window: always. */
struct window_spec {
    const char *zone;      /* a name of the system's zone data, "Europe/Warsaw"; default UTC. Not checked here */
    struct mark zone_mark; /* line 0: the default */
    bool days[7];          /* from Monday; all when none were given */
    int from_min;          /* minutes of the local day, 0..1439, "09:00" */
    int to_min;            /* exclusive, 0..1440, "24:00"; not after from_min: the window ends on the next day */
    struct mark mark;
};

struct freeze_spec {
    int64_t from_ms, to_ms; /* wall clock; to_ms is not in it */
    const char *reason;
    struct mark mark;
};

/* `requires`: this commit, or the source of its cherry-pick, succeeded there before. */
struct requirement_spec {
    const char *released_to; /* an environment of the file, not this one; no circle of them */
    struct mark mark;
};

/* Who may let a rule of this environment be broken for a time; without it nobody may. */
struct overrides_spec {
    bool given;
    struct text_list people; /* login names, at least one */
    bool bar_requester;      /* of the release that the rule is broken for */
    bool bar_authors;
    struct mark mark;
};

/* The fast lane: what it may carry, and what is shorter in it. Without it there is none. */
struct hotfix_spec {
    bool given;
    int max_commits;                /* default 3 */
    int max_files;                  /* default 20 */
    int max_lines;                  /* added and removed; default 200 */
    const char *gate;               /* opens before anything is done; required */
    int64_t review_ms;              /* review_within, default 48h */
    struct shift_step_spec *ladder; /* instead of the pipeline's shift.steps, without gates; none = the pipeline's */
    int ladder_count;
    struct mark mark;
    struct mark gate_mark;
};

struct environment_spec {
    const char *name;
    const char *pipeline; /* path of its pipeline file; default pipelines/<name>.yaml */
    bool allow_as;        /* decisions may be given in another person's name with --as; default false */
    struct gate_spec *gates;
    int gate_count;
    struct text_list branches; /* names, '*' for any characters; the commit must be on one of them; none = anywhere */
    bool from_trunk;           /* each commit that is not on the trunk must be a proved pick from it; default false */
    struct mark from_trunk_mark;
    struct requirement_spec *requirements;
    int requirement_count;
    const char *changelog; /* must have changed since the live release; NULL = need not */
    struct mark changelog_mark;
    struct window_spec *windows;
    int window_count;
    struct freeze_spec *freezes;
    int freeze_count;
    struct overrides_spec overrides;
    int64_t keep_ms; /* short_lived: {keep}: may be cleaned up so long after its last release; 0 = it stays */
    struct hotfix_spec hotfix;
    struct mark mark;
};

/* Whose commits are whose: for `barred: [authors]`. */
struct person_spec {
    const char *login;
    struct text_list mails;
    struct mark mark;
};

struct project_spec {
    const char *file;
    const char *project;
    const char *state; /* directory of the record, relative to the file; default .penstock */
    const char *trunk; /* the branch that everything comes from; default main */
    struct person_spec *people;
    int person_count;
    const char *repository; /* git repository, relative to the file; default "." */
    struct environment_spec *environments;
    int environment_count;
    const char *text;
};

const struct environment_spec *project_environment(const struct project_spec *project, const char *name);
const struct gate_spec *environment_gate(const struct environment_spec *environment, const char *name);

/* As pipeline_parse. */
void project_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                   struct diagnostics *problems, struct project_spec **out);

/* Checks that need both files: gates that exist, the environment's name. Adds to `problems`. */
void spec_check_together(const struct project_spec *project, const struct pipeline_spec *pipeline,
                         struct diagnostics *problems);

#endif
