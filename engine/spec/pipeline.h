#ifndef ENGINE_SPEC_PIPELINE_H
#define ENGINE_SPEC_PIPELINE_H

/*
 * A pipeline file, checked and located: how a release goes. Written by those who write the software.
 *
 * Everything lives in the arena of the load. Times are milliseconds, shares basis points. Absent texts and lists are
 * NULL and 0; defaults are filled in by the field table (fields.c), so readers never ask "was it given?" unless
 * the comment says so.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct diagnostics;

struct text_list {
    const char **items;
    int count;
    struct mark mark;
    const struct mark *marks; /* of each element; NULL when the list is a default */
};

/* A value for a child's environment: literal, or by reference so that it is never stored. */
enum secret_source { SECRET_LITERAL, SECRET_FROM_ENV, SECRET_FROM_FILE };

struct env_entry {
    const char *name;
    enum secret_source source;
    const char *value; /* the text, the variable's name, or the file's path */
    struct mark mark;
};

/* An HTTP request to an instance: exactly one of get, post, put is set; a path that starts with '/'. */
struct http_spec {
    const char *get;
    const char *post;
    const char *put;
    const char *body;   /* compact JSON text of `body:`; NULL = none */
    int64_t timeout_ms; /* default 5s */
    struct mark mark;
};

/* What a validate check or a health question expects. */
struct expect_spec {
    int status;           /* 0 = any 2xx */
    const char *contains; /* text the body must contain; NULL = any */
};

enum probe_kind { PROBE_JSON, PROBE_COUNT, PROBE_SQL, PROBE_METRIC };

/* A question that is answered by exactly one number, or is unknown. */
struct probe_spec {
    const char *name;
    struct http_spec http;
    enum probe_kind kind;
    const char *expression; /* path, SQL or metric name with labels */
    const char *identity;   /* JSON path to what changes when the instance restarts (a boot id); NULL = only the pid */
    struct mark mark;
};

struct health_spec {
    const char *get;    /* path; NULL only when the whole block is absent (given == false) */
    int64_t every_ms;   /* default 1s */
    int64_t timeout_ms; /* default 2s */
    int healthy;        /* passes in a row, default 2 */
    int unhealthy;      /* failures in a row, default 3 */
    int64_t start_ms;   /* how long it may take to become healthy, default 30s */
    bool given;
    struct mark mark;
};

struct stop_spec {
    int signal;       /* a signal number; written TERM, INT, QUIT, HUP, USR1, USR2. Default TERM */
    int64_t grace_ms; /* then SIGKILL as a recorded step. Default 30s */
};

enum action_kind { ACTION_NONE, ACTION_HTTP, ACTION_SIGNAL, ACTION_COMMAND };

/* How an instance is told to take no new rooms, or that it may again. */
struct action_spec {
    enum action_kind kind;
    struct http_spec http;
    int signal;
    struct text_list command;
    struct mark mark;
};

enum stamp_driver_kind { STAMP_PROCESS };

struct stamps_spec {
    enum stamp_driver_kind driver;
    struct text_list regions; /* at least one; default [local] */
    int instances;            /* in each stamp, 1..100, default 1 */
    struct text_list start;   /* argv, templates allowed */
    struct env_entry *env;
    int env_count;
    struct stop_spec stop;
    struct health_spec health;
    struct probe_spec *probes;
    int probe_count;
    struct action_spec drain_begin;
    struct action_spec drain_cancel;
    struct mark mark;
};

enum traffic_driver_kind { TRAFFIC_HAPROXY };

struct pool_spec {
    const char *name;
    const char *match; /* path prefix, default "/" */
    struct mark mark;
};

struct traffic_spec {
    enum traffic_driver_kind driver;
    const char *socket;       /* an existing HAProxy's admin socket; NULL when managed */
    const char *managed_bind; /* "127.0.0.1:8080"; NULL when socket is set. Exactly one of the two. */
    const char *url;          /* base URL of the front door for the prober; default http://<managed_bind> */
    struct pool_spec *pools;  /* default one: app, match / */
    int pool_count;
    struct mark mark;
};

/* first and last are both in it; first <= last */
struct range {
    int64_t first, last;
};

/* The versions of the API that the unit answers. */
struct api_spec {
    bool given;
    struct text_list versions; /* at least one */
    bool breaking;             /* versions that the live unit answers may be gone; default false */
    struct mark mark;
};

/* Which versions of the stored data the unit can read and which it writes; what it writes it can read. */
struct schema_spec {
    bool given;
    struct range reads, writes;
    struct mark mark;
};

struct unit_spec {
    struct text_list build;     /* argv; empty = nothing to build, the export is the unit */
    struct text_list artifacts; /* paths below ${unit.out}; each must be there after the build */
    int64_t timeout_ms;         /* of the build, default 30m */
    struct api_spec api;
    struct schema_spec schema;
    struct mark mark;
};

enum check_kind { CHECK_HTTP, CHECK_COMMAND };

struct check_spec {
    const char *name;
    enum check_kind kind;
    struct http_spec http;
    struct expect_spec expect;
    struct text_list command;
    int64_t timeout_ms; /* default 30s */
    int attempts;       /* default 3 */
    struct mark mark;
};

struct shift_step_spec {
    int share;        /* basis points of new traffic for the new unit */
    int64_t hold_ms;  /* observed healthy time at this share; default 0 */
    const char *gate; /* opens before the share is given; NULL = none */
    struct mark mark;
    struct mark gate_mark;
};

/* A limit watched while the shift lasts. The probe is asked of every new instance. */
struct watch_spec {
    const char *probe;
    int64_t max;      /* above it is a failure; in the probe's own unit */
    int failures;     /* in a row, default 2 */
    int64_t every_ms; /* default 15s */
    struct mark mark;
    struct mark probe_mark;
};

/* The engine's own open-loop client through the front door, while the shift lasts. */
struct prober_spec {
    bool given;
    const char *get;
    int64_t every_ms;   /* default 100ms */
    int64_t timeout_ms; /* default 5s */
    int64_t max_failed; /* more than this fails the shift; default 0 */
    struct mark mark;
};

struct until_spec {
    const char *probe;
    int64_t max; /* the number must be at or below it; 0 is the usual */
    struct mark mark;
};

enum deadline_action { DEADLINE_ASK, DEADLINE_FAIL };

struct drain_spec {
    struct until_spec *until; /* every one must hold on every old instance */
    int until_count;
    int settle_samples;     /* default 3 */
    int64_t settle_over_ms; /* default 10s */
    int64_t every_ms;       /* between samples, default 1s */
    int64_t deadline_ms;    /* 0 = none: waits for ever */
    enum deadline_action deadline_do;
};

enum stage_kind {
    STAGE_BUILD,
    STAGE_DEPLOY,
    STAGE_VALIDATE,
    STAGE_SHIFT,
    STAGE_GATE,
    STAGE_DRAIN,
    STAGE_DESTROY,
    STAGE_COMMAND,
    STAGE_KIND_COUNT,
};

struct stage_spec {
    enum stage_kind kind;
    const char *name;       /* the given one, else the kind's text; unique in the pipeline */
    struct text_list needs; /* empty: the stage before it */
    bool needs_given;
    int64_t timeout_ms; /* of the whole stage; 0 = none */
    int retries;        /* more attempts of a step after a transient failure; default 2 */
    struct mark mark;

    /* validate */
    struct check_spec *checks;
    int check_count;
    /* shift */
    struct shift_step_spec *steps;
    int step_count;
    struct watch_spec *watch;
    int watch_count;
    struct prober_spec prober;
    /* gate: the stage itself; destroy: opens before anything is destroyed; NULL = none */
    const char *gate;
    struct mark gate_mark;
    /* drain */
    struct drain_spec drain;
    /* command */
    struct text_list command;
    struct text_list undo; /* argv that takes it back; empty = says so in the plan */
    bool repeatable;       /* may be run again when its end was not seen; default false */
};

enum on_failure { ON_FAILURE_ROLLBACK, ON_FAILURE_HOLD };

struct pipeline_spec {
    const char *file;
    const char *name;
    const char *environment;
    struct mark environment_mark;
    enum on_failure on_failure;
    struct unit_spec unit;
    struct stamps_spec stamps;
    struct traffic_spec traffic;
    struct stage_spec *stages;
    int stage_count;
    const char *text; /* the file's bytes, kept with the release */
};

/* "build", "deploy", ... */
const char *stage_kind_text(enum stage_kind kind);
/* "json", "count", "sql", "metric" */
const char *probe_kind_text(enum probe_kind kind);

/*
 * Reads the bytes (borrowed for the arena's life) as a pipeline. Every problem goes to `problems`; *out is set to what
 * could be understood and may only be used when no problem was added. Never blocks, never reads a file.
 */
void pipeline_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                    struct diagnostics *problems, struct pipeline_spec **out);

#endif
