#ifndef ENGINE_PLAN_FACTS_H
#define ENGINE_PLAN_FACTS_H

/*
 * What planning knows of the world: all that the pure planner may not look up itself. Filled by store (the record),
 * unit (the commit) and the command line (who, where). Everything lives in the caller's arena.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

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
    int64_t journal_seq; /* of the record when the facts were read */
    const json_t *door;  /* the front door the live unit stands behind ({driver, bind|socket, ...}); NULL = none yet */
};

#endif
