/* The table of penstock.yaml. */

#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/project.h"
#include "spec/yaml_tree.h"

#define HOURS(n) ((int64_t)(n)*60 * 60 * 1000)

_Static_assert(sizeof(enum expiry_action) == sizeof(int), "words are stored as int");

static const struct word expiry_words[] = {
    {"hold", EXPIRY_HOLD, "the release waits until a person says how it goes on"},
    {"reject", EXPIRY_REJECT, "the release ends as if the gate had been rejected"},
    {NULL, 0, NULL},
};

/* The values are offsets of bools in struct gate_spec. */
static const struct word barred_words[] = {
    {"requester", offsetof(struct gate_spec, bar_requester), "who asked for the release"},
    {NULL, 0, NULL},
};

static void check_gate(struct bind *bind, const struct node *node, void *object)
{
    const struct gate_spec *gate = object;
    const struct node *approvals = node_find(node, "approvals");

    if (gate->people.count > 0 && gate->approvals > gate->people.count)
        bind_report(bind, approvals == NULL ? node : approvals, "%d approvals are wanted, but 'people' has %d %s",
                    gate->approvals, gate->people.count, gate->people.count == 1 ? "person" : "people");
}

#define AT(member) .offset = offsetof(struct gate_spec, member)
static const struct field gate_fields[] = {
    {.name = "people",
     .type = FIELD_TEXTS,
     .form = FORM_PERSON,
     .unique = true,
     AT(people),
     .fallback_words = "anyone who may write the record",
     .doc = "login names of those who may decide at this gate",
     .example = "[ana, bo, chi]"},
    {.name = "approvals",
     .type = FIELD_INT,
     .min = 1,
     .max = 100,
     AT(approvals),
     .fallback = "1",
     .doc = "how many different people must approve",
     .more = "One rejection closes the gate."},
    {.name = "barred",
     .type = FIELD_FLAGS,
     .words = barred_words,
     .doc = "who may not decide here, even when listed",
     .example = "[requester]"},
    {.name = "expires",
     .type = FIELD_DURATION,
     .min = 1000,
     AT(expires_ms),
     .fallback = "24h",
     .doc = "how long the gate waits for decisions"},
    {.name = "on_expiry",
     .type = FIELD_WORD,
     .words = expiry_words,
     AT(on_expiry),
     .fallback = "hold",
     .doc = "what happens when nobody decided in time"},
};
#undef AT

static const struct table gate_table = {
    .what = "a gate",
    .doc = "Whose approval a release needs before it goes on.",
    FIELDS(gate_fields),
    .size = sizeof(struct gate_spec),
    .mark_offset = offsetof(struct gate_spec, mark),
    .name_offset = offsetof(struct gate_spec, name),
    .name_form = FORM_NAME,
    .after = check_gate,
};

#define AT(member) .offset = offsetof(struct environment_spec, member)
static const struct field environment_fields[] = {
    {.name = "pipeline",
     .type = FIELD_TEXT,
     .form = FORM_FILE,
     AT(pipeline),
     .fallback_words = "pipelines/<environment>.yaml",
     .doc = "path of the environment's pipeline file",
     .example = "pipelines/prod.yaml"},
    {.name = "allow_as",
     .type = FIELD_BOOL,
     AT(allow_as),
     .fallback = "false",
     .doc = "whether decisions may be given in another person's name with --as",
     .more = "For trying things out and for tests. The record says who really typed it."},
    {.name = "gates",
     .type = FIELD_NAMED,
     .sub = &gate_table,
     AT(gates),
     .count_offset = offsetof(struct environment_spec, gate_count),
     .doc = "the gates of this environment, by name",
     .example = "{release-managers: {people: [ana, bo], approvals: 2}}"},
};
#undef AT

static const struct table environment_table = {
    .what = "an environment",
    .doc = "Where releases go, and what it demands of them. A pipeline cannot weaken it.",
    FIELDS(environment_fields),
    .size = sizeof(struct environment_spec),
    .mark_offset = offsetof(struct environment_spec, mark),
    .name_offset = offsetof(struct environment_spec, name),
    .name_form = FORM_NAME,
};

#define AT(member) .offset = offsetof(struct project_spec, member)
static const struct field project_fields[] = {
    {.name = "project",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(project),
     .doc = "the project's name",
     .example = "rooms"},
    {.name = "state",
     .type = FIELD_TEXT,
     .form = FORM_FILE,
     AT(state),
     .fallback = ".penstock",
     .doc = "directory of the record, relative to this file",
     .more = "The option --state and the variable PENSTOCK_STATE come first."},
    {.name = "repository",
     .type = FIELD_TEXT,
     .form = FORM_FILE,
     AT(repository),
     .fallback = ".",
     .doc = "the git repository, relative to this file"},
    {.name = "environments",
     .type = FIELD_NAMED,
     .sub = &environment_table,
     .required = true,
     .min = 1,
     AT(environments),
     .count_offset = offsetof(struct project_spec, environment_count),
     .doc = "the environments, by name",
     .example = "{prod: {pipeline: pipelines/prod.yaml}}"},
    {.name = "$schema", .type = FIELD_IGNORED, .doc = "for editors: where the JSON Schema of this file is"},
};
#undef AT

const struct table project_table = {
    .what = "the project file",
    .doc = "penstock.yaml: what is true of the project and its environments. Owned by those who run them.",
    FIELDS(project_fields),
    .size = sizeof(struct project_spec),
};
