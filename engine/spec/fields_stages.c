/* The tables of the kinds of stages. Each begins with the keys that all stages have. */

#include <string.h>

#include "base/memory.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields_parts.h"
#include "spec/pipeline.h"
#include "spec/yaml_tree.h"

_Static_assert(sizeof(enum check_kind) == sizeof(int), "choices are stored as int");
_Static_assert(sizeof(enum stage_kind) == sizeof(int), "choices are stored as int");
_Static_assert(sizeof(enum deadline_action) == sizeof(int), "words are stored as int");

#define AT(member) .offset = offsetof(struct stage_spec, member)

#define COMMON_FIELDS                                                                             \
    {.name = "name",                                                                              \
     .type = FIELD_TEXT,                                                                          \
     .form = FORM_NAME,                                                                           \
     AT(name),                                                                                    \
     .fallback_words = "the kind",                                                                \
     .doc = "the stage's name; wanted when a kind appears twice"},                                \
        {.name = "needs",                                                                         \
         .type = FIELD_TEXTS,                                                                     \
         .form = FORM_NAME,                                                                       \
         .unique = true,                                                                          \
         AT(needs),                                                                               \
         .given_offset = offsetof(struct stage_spec, needs_given),                                \
         .fallback_words = "the stage before it",                                                 \
         .doc = "names of the stages that must be done first",                                    \
         .more = "An empty list lets the stage begin at once.",                                   \
         .example = "[build]"},                                                                   \
        {.name = "timeout",                                                                       \
         .type = FIELD_DURATION,                                                                  \
         .min = 1000,                                                                             \
         .max = LONGEST_MS,                                                                       \
         AT(timeout_ms),                                                                          \
         .fallback_words = "none",                                                                \
         .doc = "how long the whole stage may take"},                                             \
    {                                                                                             \
        .name = "retries", .type = FIELD_INT, .min = 0, .max = 100, AT(retries), .fallback = "2", \
        .doc = "how often a step is tried again after a transient failure"                        \
    }

#define STAGE_TABLE(own_fields)                                                                              \
    FIELDS(own_fields), .size = sizeof(struct stage_spec), .mark_offset = offsetof(struct stage_spec, mark), \
                        .choice_offset = offsetof(struct stage_spec, kind)

static const struct field plain_fields[] = {COMMON_FIELDS};

static const struct table build_table = {
    .what = "a build stage",
    .doc = "Builds the unit: exports the commit, runs unit.build, records the artifacts.",
    STAGE_TABLE(plain_fields),
};

static const struct table deploy_table = {
    .what = "a deploy stage",
    .doc = "Starts the new stamps and waits until every instance is healthy.",
    STAGE_TABLE(plain_fields),
};

/* validate ------------------------------------------------------------------------------------------------------- */

#undef AT
#define AT(member) .offset = offsetof(struct expect_spec, member)
static const struct field expect_fields[] = {
    {.name = "status",
     .type = FIELD_INT,
     .min = 100,
     .max = 599,
     AT(status),
     .fallback_words = "any 2xx",
     .doc = "the answer's HTTP status",
     .example = "200"},
    {.name = "contains",
     .type = FIELD_TEXT,
     .form = FORM_ANY,
     .scope = SCOPE_LITERAL,
     AT(contains),
     .fallback_words = "any body",
     .doc = "a text that the answer's body must contain",
     .example = "\"welcome\""},
};

const struct table expect_table = {
    .what = "the block 'expect'",
    .doc = "What the answer must be like.",
    FIELDS(expect_fields),
    .size = sizeof(struct expect_spec),
};

static void check_check(struct bind *bind, const struct node *node, void *object)
{
    struct check_spec *check = object;
    const struct node *body = node_find(node, "body");
    const struct node *expect = node_find(node, "expect");

    check->http.mark = check->mark;
    check->http.timeout_ms = check->timeout_ms;
    if (check->kind == CHECK_COMMAND && expect != NULL)
        bind_report(bind, expect, "'expect' goes with 'get', 'post' or 'put'; a command passes when it exits with 0");
    if (check->kind == CHECK_COMMAND && body != NULL)
        bind_report(bind, body, "'body' goes with 'post' or 'put' only");
    else if (check->http.get != NULL && body != NULL)
        bind_report(bind, body, "'get' has no body; expected 'post' or 'put' with 'body'");
}

#undef AT
#define AT(member) .offset = offsetof(struct check_spec, member)
#define VERB(verb, text)                                                                                   \
    {                                                                                                      \
        .name = #verb, .type = FIELD_TEXT, .form = FORM_HTTP_PATH, .scope = SCOPE_NONE, .one_of = true,    \
        .choice = CHECK_HTTP, AT(http.verb), .doc = "the path of a " text " request to each new instance", \
        .example = "/"                                                                                     \
    }
static const struct field check_fields[] = {
    {.name = "name",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(name),
     .doc = "the check's name, unique in its stage",
     .example = "home"},
    VERB(get, "GET"),
    VERB(post, "POST"),
    VERB(put, "PUT"),
    {.name = "command",
     .type = FIELD_TEXTS,
     .form = FORM_ARGUMENT,
     .scope = SCOPE_STAMP,
     .min = 1,
     .one_of = true,
     .choice = CHECK_COMMAND,
     AT(command),
     .doc = "a command for each new stamp, as a list of arguments; it passes when it exits with 0",
     .example = "[tests/smoke.sh, \"${stamp.url}\"]"},
    {.name = "body",
     .type = FIELD_JSON,
     AT(http.body),
     .fallback_words = "no body",
     .doc = "the request's body, written as YAML and sent as JSON",
     .example = "{name: test}"},
    {.name = "expect",
     .type = FIELD_BLOCK,
     .sub = &expect_table,
     AT(expect),
     .doc = "what the answer must be like",
     .example = "{status: 200, contains: welcome}"},
    {.name = "timeout",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(timeout_ms),
     .fallback = "30s",
     .doc = "how long one attempt may take"},
    {.name = "attempts",
     .type = FIELD_INT,
     .min = 1,
     .max = 100,
     AT(attempts),
     .fallback = "3",
     .doc = "how often it is tried before it has failed"},
};
#undef VERB

static const struct table check_table = {
    .what = "a check",
    .doc = "A request or a command that must go well on the new stamps before users see them.",
    FIELDS(check_fields),
    .size = sizeof(struct check_spec),
    .mark_offset = offsetof(struct check_spec, mark),
    .one_of = ONE_OF_EXACTLY,
    .stores_choice = true,
    .choice_offset = offsetof(struct check_spec, kind),
    .after = check_check,
};

#undef AT
#define AT(member) .offset = offsetof(struct stage_spec, member)
static const struct field validate_fields[] = {
    COMMON_FIELDS,
    {.name = "checks",
     .type = FIELD_LIST,
     .sub = &check_table,
     AT(checks),
     .count_offset = offsetof(struct stage_spec, check_count),
     .fallback_words = "none; the instances are healthy",
     .doc = "what is checked",
     .example = "[{name: home, get: /, expect: {status: 200}}]"},
};

static const struct table validate_table = {
    .what = "a validate stage",
    .doc = "Proves the new stamps before they get any traffic.",
    STAGE_TABLE(validate_fields),
};

/* shift ---------------------------------------------------------------------------------------------------------- */

#undef AT
#define AT(member) .offset = offsetof(struct shift_step_spec, member)
static const struct field step_fields[] = {
    {.name = "share",
     .type = FIELD_SHARE,
     .required = true,
     AT(share),
     .doc = "the part of new traffic that the new unit gets, in percent with up to two decimals",
     .example = "5%"},
    {.name = "hold",
     .type = FIELD_DURATION,
     .max = LONGEST_MS,
     AT(hold_ms),
     .fallback = "0s",
     .doc = "how long it must be seen well at this share before the next step"},
    {.name = "gate",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     AT(gate),
     .mark_offset = offsetof(struct shift_step_spec, gate_mark),
     .fallback_words = "none",
     .doc = "the gate that opens before the share is given, a name from penstock.yaml",
     .example = "release-managers"},
};

static const struct table step_table = {
    .what = "a shift step",
    .doc = "One step of the ladder from no traffic to all of it.",
    FIELDS(step_fields),
    .size = sizeof(struct shift_step_spec),
    .mark_offset = offsetof(struct shift_step_spec, mark),
};

#undef AT
#define AT(member) .offset = offsetof(struct watch_spec, member)
static const struct field watch_fields[] = {
    {.name = "probe",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(probe),
     .mark_offset = offsetof(struct watch_spec, probe_mark),
     .doc = "the probe that is asked of every new instance, a name from stamps.probes",
     .example = "errors"},
    {.name = "max",
     .type = FIELD_INT64,
     .max = INT64_MAX,
     .required = true,
     AT(max),
     .doc = "above it is a failure; in the probe's own unit",
     .example = "3"},
    {.name = "failures",
     .type = FIELD_INT,
     .min = 1,
     .max = 1000,
     AT(failures),
     .fallback = "2",
     .doc = "so many failures in a row fail the shift"},
    {.name = "every",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(every_ms),
     .fallback = "15s",
     .doc = "time between two questions"},
};

static const struct table watch_table = {
    .what = "a watch",
    .doc = "A limit that is watched while the shift lasts.",
    FIELDS(watch_fields),
    .size = sizeof(struct watch_spec),
    .mark_offset = offsetof(struct watch_spec, mark),
};

#undef AT
#define AT(member) .offset = offsetof(struct prober_spec, member)
static const struct field prober_fields[] = {
    {.name = "get",
     .type = FIELD_TEXT,
     .form = FORM_HTTP_PATH,
     .required = true,
     AT(get),
     .doc = "the path that is asked through the front door",
     .example = "/"},
    {.name = "every",
     .type = FIELD_DURATION,
     .min = 1,
     .max = LONGEST_MS,
     AT(every_ms),
     .fallback = "100ms",
     .doc = "time between two requests, whatever the answers take"},
    {.name = "timeout",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(timeout_ms),
     .fallback = "5s",
     .doc = "how long one answer may take"},
    {.name = "max_failed",
     .type = FIELD_INT64,
     .max = INT64_MAX,
     AT(max_failed),
     .fallback = "0",
     .doc = "more failed requests than this fail the shift"},
};

static const struct table prober_table = {
    .what = "the block 'prober'",
    .doc = "The engine's own client, which asks through the front door while the shift lasts.",
    FIELDS(prober_fields),
    .size = sizeof(struct prober_spec),
    .mark_offset = offsetof(struct prober_spec, mark),
};

#undef AT
#define AT(member) .offset = offsetof(struct stage_spec, member)
static const struct field shift_fields[] = {
    COMMON_FIELDS,
    {.name = "steps",
     .type = FIELD_LIST,
     .sub = &step_table,
     .min = 1,
     .max = 100,
     AT(steps),
     .count_offset = offsetof(struct stage_spec, step_count),
     .fallback_words = "[{share: 100%}]",
     .doc = "the shares of new traffic, one after another",
     .example = "[{share: 5%, hold: 10m}, {share: 50%, gate: release-managers}, {share: 100%}]"},
    {.name = "watch",
     .type = FIELD_LIST,
     .sub = &watch_table,
     AT(watch),
     .count_offset = offsetof(struct stage_spec, watch_count),
     .doc = "limits that are watched while the shift lasts",
     .example = "[{probe: errors, max: 3}]"},
    {.name = "prober",
     .type = FIELD_BLOCK,
     .sub = &prober_table,
     AT(prober),
     .given_offset = offsetof(struct stage_spec, prober.given),
     .fallback_words = "none",
     .doc = "the engine's own client through the front door",
     .example = "{get: /, every: 100ms, max_failed: 0}"},
};

static const struct table shift_table = {
    .what = "a shift stage",
    .doc = "Moves new traffic over to the new unit, in steps.",
    STAGE_TABLE(shift_fields),
};

/* gate, destroy -------------------------------------------------------------------------------------------------- */

static const struct field gate_fields[] = {
    COMMON_FIELDS,
    {.name = "gate",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(gate),
     .mark_offset = offsetof(struct stage_spec, gate_mark),
     .doc = "the gate that must open, a name from penstock.yaml",
     .example = "release-managers"},
};

/* `- gate: NAME`: the place of the name is that of the value. */
static void check_gate_stage(struct bind *bind, const struct node *node, void *object)
{
    struct stage_spec *stage = object;

    (void)bind;
    if (node->kind == NODE_TEXT)
        stage->gate_mark = node->mark;
}

static const struct table gate_table = {
    .what = "a gate stage",
    .doc = "Waits until people have decided.",
    STAGE_TABLE(gate_fields),
    .shorthand = &gate_fields[sizeof(gate_fields) / sizeof(gate_fields[0]) - 1],
    .after = check_gate_stage,
};

static const struct field destroy_fields[] = {
    COMMON_FIELDS,
    {.name = "gate",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     AT(gate),
     .mark_offset = offsetof(struct stage_spec, gate_mark),
     .fallback_words = "none",
     .doc = "the gate that opens before anything is destroyed, a name from penstock.yaml",
     .example = "release-managers"},
};

static const struct table destroy_table = {
    .what = "a destroy stage",
    .doc =
        "Destroys the old stamps, after a last look that nothing of value is on them. There is no way back from here.",
    STAGE_TABLE(destroy_fields),
};

/* drain ---------------------------------------------------------------------------------------------------------- */

static const struct field until_value = {
    .name = "value",
    .type = FIELD_INT64,
    .max = INT64_MAX,
    .offset = offsetof(struct until_spec, max),
    .doc = "the probe's number must be at or below it",
};

static const struct table until_table = {
    .what = "a condition",
    .doc = "A probe's name and the number that it must be at or below.",
    .size = sizeof(struct until_spec),
    .mark_offset = offsetof(struct until_spec, mark),
    .name_offset = offsetof(struct until_spec, probe),
    .name_form = FORM_NAME,
    .shorthand = &until_value,
};

/* These blocks stand in struct drain_spec itself. */
#undef AT
#define AT(member) .offset = offsetof(struct drain_spec, member)
static const struct field settle_fields[] = {
    {.name = "samples",
     .type = FIELD_INT,
     .min = 1,
     .max = 1000,
     AT(settle_samples),
     .fallback = "3",
     .doc = "so many samples in a row must hold"},
    {.name = "over",
     .type = FIELD_DURATION,
     .max = LONGEST_MS,
     AT(settle_over_ms),
     .fallback = "10s",
     .doc = "and they must span at least this time"},
};

static const struct table settle_table = {
    .what = "the block 'settle'",
    .doc = "When it is believed that a stamp is empty.",
    FIELDS(settle_fields),
    .size = sizeof(struct drain_spec),
};

static const struct word deadline_words[] = {
    {"ask", DEADLINE_ASK, "wait for a person's decision"},
    {"fail", DEADLINE_FAIL, "the stage fails"},
    {NULL, 0, NULL},
};

static const struct field deadline_fields[] = {
    {.name = "after",
     .type = FIELD_DURATION,
     .min = 1000,
     .max = LONGEST_MS,
     .required = true,
     AT(deadline_ms),
     .doc = "how long the stamps may take to become empty",
     .example = "8h"},
    {.name = "do",
     .type = FIELD_WORD,
     .words = deadline_words,
     AT(deadline_do),
     .fallback = "ask",
     .doc = "what happens then; a stamp that is not empty is never destroyed for it"},
};

static const struct table deadline_table = {
    .what = "the block 'deadline'",
    .doc = "What happens when the old stamps do not become empty.",
    FIELDS(deadline_fields),
    .size = sizeof(struct drain_spec),
};

#undef AT
#define AT(member) .offset = offsetof(struct stage_spec, member)
static const struct field drain_fields[] = {
    COMMON_FIELDS,
    {.name = "until",
     .type = FIELD_NAMED,
     .sub = &until_table,
     AT(drain.until),
     .count_offset = offsetof(struct stage_spec, drain.until_count),
     .doc = "probes, and the number that each must be at or below on every old instance",
     .example = "{rooms: 0, recordings: 0}"},
    {.name = "settle",
     .type = FIELD_BLOCK,
     .sub = &settle_table,
     AT(drain),
     .doc = "how long the condition must hold before it is believed",
     .example = "{samples: 3, over: 30s}"},
    {.name = "every",
     .type = FIELD_DURATION,
     .min = 10,
     .max = LONGEST_MS,
     AT(drain.every_ms),
     .fallback = "1s",
     .doc = "time between two samples"},
    {.name = "deadline",
     .type = FIELD_BLOCK,
     .sub = &deadline_table,
     AT(drain),
     .fallback_words = "none; it waits for ever",
     .doc = "what happens when the old stamps do not become empty",
     .example = "{after: 8h, do: ask}"},
};

static const struct table drain_table = {
    .what = "a drain stage",
    .doc = "Lets the old stamps take nothing new, and waits until nothing of value is left on them.",
    STAGE_TABLE(drain_fields),
};

/* command -------------------------------------------------------------------------------------------------------- */

static const struct field command_fields[] = {
    COMMON_FIELDS,
    {.name = "run",
     .type = FIELD_TEXTS,
     .form = FORM_ARGUMENT,
     .scope = SCOPE_RELEASE,
     .required = true,
     .min = 1,
     AT(command),
     .doc = "the command, as a list of arguments; it has gone well when it exits with 0",
     .example = "[bin/notify, \"${release.id}\"]"},
    {.name = "undo",
     .type = FIELD_TEXTS,
     .form = FORM_ARGUMENT,
     .scope = SCOPE_RELEASE,
     .min = 1,
     AT(undo),
     .fallback_words = "none; the plan says that it cannot be taken back",
     .doc = "the command that takes it back",
     .example = "[bin/notify, --cancel, \"${release.id}\"]"},
    {.name = "repeatable",
     .type = FIELD_BOOL,
     AT(repeatable),
     .fallback = "false",
     .doc = "whether it may be run again when its end was not seen",
     .more = "Otherwise a person is asked."},
};

static const struct table command_table = {
    .what = "a command stage",
    .doc = "Runs a command of yours.",
    STAGE_TABLE(command_fields),
};

const struct kind stage_kinds[] = {
    {"build", STAGE_BUILD, &build_table},
    {"deploy", STAGE_DEPLOY, &deploy_table},
    {"validate", STAGE_VALIDATE, &validate_table},
    {"shift", STAGE_SHIFT, &shift_table},
    {"gate", STAGE_GATE, &gate_table},
    {"drain", STAGE_DRAIN, &drain_table},
    {"destroy", STAGE_DESTROY, &destroy_table},
    {"command", STAGE_COMMAND, &command_table},
    {NULL, STAGE_KIND_COUNT, NULL},
};
