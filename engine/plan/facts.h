#ifndef ENGINE_PLAN_FACTS_H
#define ENGINE_PLAN_FACTS_H

/*
 * What planning knows of the world: all that the pure planner may not look up itself. Filled by store (the record),
 * unit (the commit) and the command line (who, where). Everything lives in the caller's arena.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/* As what a release is asked for. All zero: an ordinary one. */
struct fact_request {
    enum plan_kind kind; /* PLAN_RELEASE, PLAN_HOTFIX, PLAN_ROLLBACK */
    bool scheduled;      /* by a nightly job */
    int64_t keep_ms;     /* --keep: how long a short-lived environment stays; 0 = as the environment says */
    const char *back_to; /* PLAN_ROLLBACK: "r-12" */
    const json_t *picks; /* PLAN_HOTFIX: [{commit, source, by_hand}] */
};

struct fact_branch {
    const char *name; /* without refs/heads/ or refs/remotes/origin/ */
    bool remote;      /* origin has it; the clone may have none of that name */
};

struct fact_author {
    const char *name, *mail; /* .mailmap applied */
};

struct fact_requirement {
    const char *environment;
    const char *how; /* "r-12", "r-12, as 1a2b3c4"; NULL = not met */
};

/* An earlier release, to go back to. */
struct fact_release {
    const char *id; /* NULL: there is none */
    const char *commit;
    const char *branch;
    const char *unit;
};

struct fact_override {
    int64_t seq; /* of the decision */
    const char *rule;
    const char *person;
    int64_t until_ms;
};

/*
 * What the environment's rules are judged on; only what its rules ask for is looked up. From the repository as it is,
 * never from what the caller says.
 */
struct fact_rules {
    int64_t now_ms;               /* wall clock */
    struct fact_branch *branches; /* whose history has the commit */
    int branch_count;
    bool of_origin;    /* they are origin's: the clone's own do not count */
    const char *stray; /* from_trunk: the first commit that is neither on the trunk nor a proved pick; NULL = none */
    const char *stray_unknown; /* why that cannot be said; NULL = it can */
    bool changelog_changed;
    struct fact_author *authors; /* of live commit..commit */
    int author_count;
    struct fact_requirement *requirements;
    int requirement_count;
    struct fact_override *overrides; /* in force, of the environment, not bound to another release */
    int override_count;
    const char *scheduled_failed; /* "r-9": the last scheduled release, if it did not succeed; NULL = it did, or none */
    const json_t *closures;       /* array as in plan_terms, around now_ms; NULL only without windows and freezes */
};

struct fact_instance {
    const char *name;
    const char *stamp;
    const char *region;
    const char *address;
    const char *dir;
    const char *log;
    const json_t *identity; /* {pid, start, boot_id, mark} */
};

struct fact_unit {
    const char *name; /* NULL: none */
    const char *commit;
    const char *state; /* "live", "kept", ... */
    const json_t *contract;
    struct fact_instance *instances;
    int instance_count;
};

struct facts {
    const char *release;   /* the next release's id */
    int unit_number;       /* n of the next unit name */
    const char *requester; /* login name */
    const char *commit;    /* 40 hex digits; NULL in a destroy */
    const char *branch;    /* "" when not a branch */
    const char *subject;
    const char *repository;      /* absolute path */
    const char *state_dir;       /* absolute path */
    const char *record;          /* the record's own id, part of every instance's mark */
    struct fact_unit live;       /* what has the traffic now; name NULL on a first release */
    struct fact_unit *leftovers; /* units that are not destroyed and not live; some have files only */
    int leftover_count;
    struct fact_request request;
    struct fact_rules rules;
    int64_t journal_seq; /* of the record when the facts were read */
    const json_t *pools; /* where the live unit has traffic: ["app"]; NULL = nowhere yet */
    const json_t *door;  /* the front door the live unit stands behind ({driver, bind|socket, ...}); NULL = none yet */
};

#endif
