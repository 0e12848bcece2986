/* The table of the block 'stamps': how instances are started, asked, told and stopped. */

#include <signal.h>

#include "base/memory.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields_parts.h"
#include "spec/pipeline.h"
#include "spec/yaml_tree.h"

_Static_assert(sizeof(enum stamp_driver_kind) == sizeof(int), "words are stored as int");
_Static_assert(sizeof(enum action_kind) == sizeof(int), "choices are stored as int");
_Static_assert(sizeof(enum probe_kind) == sizeof(int), "choices are stored as int");
_Static_assert(sizeof(enum secret_source) == sizeof(int), "choices are stored as int");

static const struct word driver_words[] = {
    {"process", STAMP_PROCESS, "child processes on this machine"},
    {NULL, 0, NULL},
};

const struct word signal_words[] = {
    {"TERM", SIGTERM, NULL}, {"INT", SIGINT, NULL},   {"QUIT", SIGQUIT, NULL}, {"HUP", SIGHUP, NULL},
    {"USR1", SIGUSR1, NULL}, {"USR2", SIGUSR2, NULL}, {NULL, 0, NULL},
};

#define AT(member) .offset = offsetof(struct env_entry, member)
static const struct field env_fields[] = {
    {.name = "from_env",
     .type = FIELD_TEXT,
     .form = FORM_VARIABLE,
     .one_of = true,
     .choice = SECRET_FROM_ENV,
     AT(value),
     .doc = "taken from this variable of the engine's own environment when the child starts; never stored",
     .example = "ROOMS_TOKEN"},
    {.name = "from_file",
     .type = FIELD_TEXT,
     .form = FORM_FILE,
     .scope = SCOPE_INSTANCE,
     .one_of = true,
     .choice = SECRET_FROM_FILE,
     AT(value),
     .doc = "read from this file when the child starts; never stored",
     .example = "/run/secrets/token"},
};

static const struct field env_text = {
    .name = "value",
    .type = FIELD_TEXT,
    .form = FORM_ARGUMENT,
    .scope = SCOPE_INSTANCE,
    .choice = SECRET_LITERAL,
    AT(value),
    .doc = "the text itself",
};
#undef AT

static const struct table env_table = {
    .what = "an environment value",
    .doc = "A text, or where to take it from. What is taken is never stored and never shown.",
    FIELDS(env_fields),
    .size = sizeof(struct env_entry),
    .mark_offset = offsetof(struct env_entry, mark),
    .name_offset = offsetof(struct env_entry, name),
    .name_form = FORM_VARIABLE,
    .one_of = ONE_OF_EXACTLY,
    .stores_choice = true,
    .choice_offset = offsetof(struct env_entry, source),
    .shorthand = &env_text,
};

#define AT(member) .offset = offsetof(struct stop_spec, member)
static const struct field stop_fields[] = {
    {.name = "signal",
     .type = FIELD_WORD,
     .words = signal_words,
     AT(signal),
     .fallback = "TERM",
     .doc = "the signal that asks an instance to end"},
    {.name = "grace",
     .type = FIELD_DURATION,
     .max = LONGEST_MS,
     AT(grace_ms),
     .fallback = "30s",
     .doc = "how long it may take to end; then it is killed, and the record says so"},
};
#undef AT

static const struct table stop_table = {
    .what = "the block 'stop'",
    .doc = "How an instance is ended.",
    FIELDS(stop_fields),
    .size = sizeof(struct stop_spec),
};

#define AT(member) .offset = offsetof(struct health_spec, member)
static const struct field health_fields[] = {
    {.name = "get",
     .type = FIELD_TEXT,
     .form = FORM_DOOR_PATH,
     .scope = SCOPE_NONE,
     .required = true,
     AT(get),
     .doc = "the path that is asked; any 2xx answer is a pass",
     .example = "/health"},
    {.name = "every",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(every_ms),
     .fallback = "1s",
     .doc = "time between two questions"},
    {.name = "timeout",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(timeout_ms),
     .fallback = "2s",
     .doc = "how long one answer may take"},
    {.name = "healthy",
     .type = FIELD_INT,
     .min = 1,
     .max = 1000,
     AT(healthy),
     .fallback = "2",
     .doc = "so many passes in a row make an instance healthy"},
    {.name = "unhealthy",
     .type = FIELD_INT,
     .min = 1,
     .max = 1000,
     AT(unhealthy),
     .fallback = "3",
     .doc = "so many failures in a row make an instance unhealthy"},
    {.name = "start",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(start_ms),
     .fallback = "30s",
     .doc = "how long a new instance may take to become healthy"},
};
#undef AT

static const struct table health_table = {
    .what = "the block 'health'",
    .doc = "How an instance is asked whether it is well.",
    FIELDS(health_fields),
    .size = sizeof(struct health_spec),
    .mark_offset = offsetof(struct health_spec, mark),
};

#define AT(member) .offset = offsetof(struct probe_spec, member)
static const struct field probe_fields[] = {
    {.name = "get",
     .type = FIELD_TEXT,
     .form = FORM_HTTP_PATH,
     .scope = SCOPE_NONE,
     .required = true,
     AT(http.get),
     .mark_offset = offsetof(struct probe_spec, http.mark),
     .doc = "the path that is asked",
     .example = "/rooms"},
    {.name = "json",
     .type = FIELD_TEXT,
     .form = FORM_JSON_PATH,
     .scope = SCOPE_LITERAL,
     .one_of = true,
     .choice = PROBE_JSON,
     AT(expression),
     .doc = "the number at this path of a JSON answer",
     .example = "$.queue.pending"},
    {.name = "count",
     .type = FIELD_TEXT,
     .form = FORM_JSON_PATH,
     .scope = SCOPE_LITERAL,
     .one_of = true,
     .choice = PROBE_COUNT,
     AT(expression),
     .doc = "the length of the array at this path of a JSON answer",
     .example = "$.rooms"},
    {.name = "sql",
     .type = FIELD_TEXT,
     .form = FORM_SQL,
     .scope = SCOPE_LITERAL,
     .one_of = true,
     .choice = PROBE_SQL,
     AT(expression),
     .doc = "one number from a SQL query over the answer, which is bound as :body",
     .more = "The query runs in an empty database in memory and may only read.",
     .example = "\"select count(*) from json_each(:body, '$.rooms')\""},
    {.name = "metric",
     .type = FIELD_TEXT,
     .form = FORM_METRIC,
     .scope = SCOPE_LITERAL,
     .one_of = true,
     .choice = PROBE_METRIC,
     AT(expression),
     .doc = "the value of this metric on a Prometheus text page",
     .example = "'rooms{state=\"open\"}'"},
    {.name = "identity",
     .type = FIELD_TEXT,
     .form = FORM_JSON_PATH,
     .scope = SCOPE_LITERAL,
     AT(identity),
     .fallback_words = "only the process id",
     .doc = "a JSON path to what changes when the instance restarts, such as a boot id",
     .example = "$.boot"},
    {.name = "timeout",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(http.timeout_ms),
     .fallback = "5s",
     .doc = "how long one answer may take; later is no answer, which is never taken as zero"},
};
#undef AT

static const struct table probe_table = {
    .what = "a probe",
    .doc = "A question to an instance that is answered by exactly one number, or is unknown.",
    FIELDS(probe_fields),
    .size = sizeof(struct probe_spec),
    .mark_offset = offsetof(struct probe_spec, mark),
    .name_offset = offsetof(struct probe_spec, name),
    .name_form = FORM_NAME,
    .one_of = ONE_OF_EXACTLY,
    .stores_choice = true,
    .choice_offset = offsetof(struct probe_spec, kind),
};

static const struct word none_words[] = {
    {"none", ACTION_NONE, "the instances are not told"},
    {NULL, 0, NULL},
};

static void check_action(struct bind *bind, const struct node *node, void *object)
{
    struct action_spec *action = object;
    const struct node *body = node_find(node, "body");
    const struct node *timeout = node_find(node, "timeout");

    action->http.mark = action->mark;
    if (action->kind == ACTION_HTTP && action->http.get != NULL && body != NULL)
        bind_report(bind, body, "'get' has no body; expected 'post' or 'put' with 'body'");
    if (action->kind == ACTION_HTTP)
        return;
    if (body != NULL)
        bind_report(bind, body, "'body' goes with 'post' or 'put' only");
    if (timeout != NULL)
        bind_report(bind, timeout, "'timeout' goes with 'get', 'post' or 'put' only");
}

#define AT(member) .offset = offsetof(struct action_spec, member)
#define VERB(verb, text)                                                                                \
    {                                                                                                   \
        .name = #verb, .type = FIELD_TEXT, .form = FORM_HTTP_PATH, .scope = SCOPE_NONE, .one_of = true, \
        .choice = ACTION_HTTP, AT(http.verb), .doc = "the path of a " text " request to the instance",  \
        .example = "/drain"                                                                             \
    }
static const struct field action_fields[] = {
    VERB(get, "GET"),
    VERB(post, "POST"),
    VERB(put, "PUT"),
    {.name = "signal",
     .type = FIELD_WORD,
     .words = signal_words,
     .one_of = true,
     .choice = ACTION_SIGNAL,
     AT(signal),
     .doc = "a signal to the instance's process"},
    {.name = "command",
     .type = FIELD_TEXTS,
     .form = FORM_ARGUMENT,
     .scope = SCOPE_INSTANCE,
     .min = 1,
     .one_of = true,
     .choice = ACTION_COMMAND,
     AT(command),
     .doc = "a command, as a list of arguments",
     .example = "[bin/drain, \"${instance.address}\"]"},
    {.name = "body",
     .type = FIELD_JSON,
     AT(http.body),
     .fallback_words = "no body",
     .doc = "the request's body, written as YAML and sent as JSON",
     .example = "{accept: false}"},
    {.name = "timeout",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(http.timeout_ms),
     .fallback = "5s",
     .doc = "how long the answer may take"},
};

static const struct field action_none = {
    .name = "none",
    .type = FIELD_WORD,
    .words = none_words,
    .choice = ACTION_NONE,
    AT(kind),
    .doc = "the instances are not told",
};
#undef AT

static const struct table action_table = {
    .what = "an action",
    .doc = "How an instance is told: a request, a signal, a command, or none.",
    FIELDS(action_fields),
    .size = sizeof(struct action_spec),
    .mark_offset = offsetof(struct action_spec, mark),
    .one_of = ONE_OF_EXACTLY,
    .stores_choice = true,
    .choice_offset = offsetof(struct action_spec, kind),
    .shorthand = &action_none,
    .after = check_action,
};

/* The two actions stand in struct stamps_spec itself. */
static const struct field drain_fields[] = {
    {.name = "begin",
     .type = FIELD_BLOCK,
     .sub = &action_table,
     .offset = offsetof(struct stamps_spec, drain_begin),
     .fallback_words = "none",
     .doc = "how an instance is told to take nothing new",
     .example = "{post: /drain, body: {accept: false}}"},
    {.name = "cancel",
     .type = FIELD_BLOCK,
     .sub = &action_table,
     .offset = offsetof(struct stamps_spec, drain_cancel),
     .fallback_words = "none",
     .doc = "how it is told that it may again, when the drain is taken back",
     .example = "{post: /drain, body: {accept: true}}"},
};

static const struct table drain_table = {
    .what = "the block 'drain'",
    .doc = "How instances are told to take nothing new, or that they may again.",
    FIELDS(drain_fields),
    .size = sizeof(struct stamps_spec),
};

#define AT(member) .offset = offsetof(struct stamps_spec, member)
static const struct field stamps_fields[] = {
    {.name = "driver",
     .type = FIELD_WORD,
     .words = driver_words,
     .only_here = true,
     AT(driver),
     .fallback = "process",
     .doc = "what runs the instances"},
    {.name = "regions",
     .type = FIELD_TEXTS,
     .form = FORM_NAME,
     .unique = true,
     .min = 1,
     .max = 100,
     AT(regions),
     .fallback = "local",
     .doc = "one stamp is made in each region",
     .example = "[west, north]"},
    {.name = "instances",
     .type = FIELD_INT,
     .min = 1,
     .max = 100,
     AT(instances),
     .fallback = "1",
     .doc = "how many instances each stamp has"},
    {.name = "start",
     .type = FIELD_TEXTS,
     .form = FORM_ARGUMENT,
     .scope = SCOPE_INSTANCE,
     .required = true,
     .min = 1,
     AT(start),
     .doc = "the command that is an instance, as a list of arguments",
     .more = "There is no shell between. It must listen on ${instance.address}.",
     .example = "[bin/rooms, --listen, \"${instance.address}\"]"},
    {.name = "env",
     .type = FIELD_NAMED,
     .sub = &env_table,
     AT(env),
     .count_offset = offsetof(struct stamps_spec, env_count),
     .doc = "variables of the instance's environment, by name",
     .example = "{REGION: \"${stamp.region}\", TOKEN: {from_env: ROOMS_TOKEN}}"},
    {.name = "stop", .type = FIELD_BLOCK, .sub = &stop_table, AT(stop), .doc = "how an instance is ended"},
    {.name = "health",
     .type = FIELD_BLOCK,
     .sub = &health_table,
     AT(health),
     .given_offset = offsetof(struct stamps_spec, health.given),
     .doc = "how an instance is asked whether it is well"},
    {.name = "probes",
     .type = FIELD_NAMED,
     .sub = &probe_table,
     AT(probes),
     .count_offset = offsetof(struct stamps_spec, probe_count),
     .doc = "questions that are answered by a number, by name",
     .example = "{rooms: {get: /rooms, count: $.rooms}}"},
    /* The actions stand in the same struct, so their offsets count from there. */
    {.name = "drain",
     .type = FIELD_BLOCK,
     .sub = &drain_table,
     .offset = 0,
     .doc = "how instances are told to take nothing new"},
};
#undef AT

const struct table stamps_table = {
    .what = "the block 'stamps'",
    .doc = "The stamps: complete, independent copies of a release unit, one in each region.",
    FIELDS(stamps_fields),
    .size = sizeof(struct stamps_spec),
    .mark_offset = offsetof(struct stamps_spec, mark),
};
