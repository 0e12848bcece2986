/* The table of penstock.yaml. */

#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields_parts.h"
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
    {"authors", offsetof(struct gate_spec, bar_authors), "who wrote or committed any commit since the live release"},
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
     .min = 1,
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
     .doc = "who may not approve here, even when listed",
     .more =
         "A no of theirs counts. Whose commit it is, 'people' at the top of the file says; a login name in the mail "
         "address or in the name counts too.",
     .example = "[requester, authors]"},
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
    {.name = "branches",
     .type = FIELD_TEXTS,
     .form = FORM_BRANCHES,
     .min = 1,
     .unique = true,
     AT(branches),
     .fallback_words = "any commit",
     .doc = "the commit must be on one of these branches; '*' stands for any characters",
     .example = "[\"release/*\"]"},
    {.name = "from_trunk",
     .type = FIELD_BOOL,
     AT(from_trunk),
     .mark_offset = offsetof(struct environment_spec, from_trunk_mark),
     .fallback = "false",
     .doc = "whether each commit that is not on the trunk must be a proved pick from it",
     .more = "The changes are compared, not only what the messages say."},
    {.name = "requires",
     .type = FIELD_LIST,
     .sub = &requirement_table,
     .max = 100,
     AT(requirements),
     .count_offset = offsetof(struct environment_spec, requirement_count),
     .doc = "where this commit, or the one it was picked from, must have been released to before",
     .example = "[{released_to: int}]"},
    {.name = "changelog",
     .type = FIELD_TEXT,
     .form = FORM_BELOW,
     AT(changelog),
     .mark_offset = offsetof(struct environment_spec, changelog_mark),
     .doc = "path of a file in the repository that must have changed since the live release",
     .example = "CHANGELOG.md"},
    {.name = "windows",
     .type = FIELD_LIST,
     .sub = &window_table,
     .min = 1,
     .max = 100,
     AT(windows),
     .count_offset = offsetof(struct environment_spec, window_count),
     .fallback_words = "always",
     .doc = "when a release may begin and get more traffic: in any of these",
     .more =
         "A live release waits with its next share while they are closed. Going back, draining and destroying never "
         "wait, nor do hotfixes and rollbacks.",
     .example = "[{days: [mon, tue, wed, thu], from: \"09:00\", to: \"16:00\", zone: Europe/Warsaw}]"},
    {.name = "freezes",
     .type = FIELD_LIST,
     .sub = &freeze_table,
     .max = 100,
     AT(freezes),
     .count_offset = offsetof(struct environment_spec, freeze_count),
     .doc = "when no release may begin nor get more traffic, windows or not",
     .example = "[{from: 2026-12-19, to: 2027-01-04, reason: holidays}]"},
    {.name = "overrides",
     .type = FIELD_BLOCK,
     .sub = &overrides_table,
     AT(overrides),
     .given_offset = offsetof(struct environment_spec, overrides.given),
     .fallback_words = "nobody",
     .doc = "who may let a rule of this environment be broken, for a time and with a reason",
     .example = "{people: [ana, bo], barred: [requester]}"},
    /* The struct of the block is the same, so its offsets count from there. */
    {.name = "short_lived",
     .type = FIELD_BLOCK,
     .sub = &short_lived_table,
     .offset = 0,
     .fallback_words = "it stays",
     .doc = "the environment may be cleaned up some time after its last release",
     .example = "{keep: 72h}"},
    {.name = "hotfix",
     .type = FIELD_BLOCK,
     .sub = &hotfix_table,
     AT(hotfix),
     .given_offset = offsetof(struct environment_spec, hotfix.given),
     .fallback_words = "there are no hotfixes",
     .doc = "the fast lane: what a hotfix may carry, and what is shorter for it",
     .example = "{gate: on-call, max_commits: 3, review_within: 48h}"},
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
    {.name = "trunk",
     .type = FIELD_TEXT,
     .form = FORM_BRANCH,
     AT(trunk),
     .fallback = "main",
     .doc = "the branch that everything comes from"},
    {.name = "people",
     .type = FIELD_NAMED,
     .sub = &person_table,
     AT(people),
     .count_offset = offsetof(struct project_spec, person_count),
     .doc = "whose commits are whose: the mail addresses of each login name",
     .more = "For 'barred: [authors]'.",
     .example = "{ana: [ana@example.org, ana@home.example]}"},
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
