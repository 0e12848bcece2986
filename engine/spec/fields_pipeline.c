/* The table of a pipeline file: its top, the unit and the front door. */

#include "base/memory.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields_parts.h"
#include "spec/pipeline.h"
#include "spec/yaml_tree.h"

_Static_assert(sizeof(enum on_failure) == sizeof(int), "words are stored as int");
_Static_assert(sizeof(enum traffic_driver_kind) == sizeof(int), "words are stored as int");

#define AT(member) .offset = offsetof(struct api_spec, member)
static const struct field api_fields[] = {
    {.name = "versions",
     .type = FIELD_TEXTS,
     .form = FORM_NAME,
     .required = true,
     .min = 1,
     .max = 100,
     .unique = true,
     AT(versions),
     .doc = "the versions of the API that the unit answers",
     .example = "[\"1.0\", \"2.0\"]"},
    {.name = "breaking",
     .type = FIELD_BOOL,
     AT(breaking),
     .fallback = "false",
     .doc = "whether versions that the live unit answers may be gone",
     .more = "At least one version must stay: both units have traffic while a release lasts."},
};
#undef AT

static const struct table api_table = {
    .what = "the block 'api'",
    .doc = "What the unit answers. The next release is compared with it.",
    FIELDS(api_fields),
    .size = sizeof(struct api_spec),
    .mark_offset = offsetof(struct api_spec, mark),
};

static void check_schema(struct bind *bind, const struct node *node, void *object)
{
    const struct schema_spec *schema = object;
    const struct node *writes = node_find(node, "writes");

    if (writes != NULL && node_find(node, "reads") != NULL &&
        (schema->writes.first < schema->reads.first || schema->writes.last > schema->reads.last))
        bind_report(bind, writes, "the unit writes what it cannot read; 'writes' must be within 'reads'");
}

#define AT(member) .offset = offsetof(struct schema_spec, member)
static const struct field schema_fields[] = {
    {.name = "reads",
     .type = FIELD_RANGE,
     .required = true,
     AT(reads),
     .doc = "the versions of the stored data that the unit can read",
     .example = "41-43"},
    {.name = "writes",
     .type = FIELD_RANGE,
     .required = true,
     AT(writes),
     .doc = "the version of the stored data that the unit writes; a range when it may be one of several",
     .example = "43"},
};
#undef AT

static const struct table schema_table = {
    .what = "the block 'schema'",
    .doc = "Which stored data the unit can work with. Old and new unit must read what the other writes.",
    FIELDS(schema_fields),
    .size = sizeof(struct schema_spec),
    .mark_offset = offsetof(struct schema_spec, mark),
    .after = check_schema,
};

#define AT(member) .offset = offsetof(struct unit_spec, member)
static const struct field unit_fields[] = {
    {.name = "build",
     .type = FIELD_TEXTS,
     .form = FORM_ARGUMENT,
     .scope = SCOPE_RELEASE,
     .min = 1,
     AT(build),
     .fallback_words = "nothing is built; the export of the commit is the unit",
     .doc = "the build command, as a list of arguments, run in a clean export of the commit",
     .more = "There is no shell between, so nothing in an argument is ever split or expanded except '${name}'.",
     .example = "[make, dist, \"OUT=${unit.out}\"]"},
    {.name = "artifacts",
     .type = FIELD_TEXTS,
     .form = FORM_BELOW,
     .unique = true,
     AT(artifacts),
     .fallback_words = "none",
     .doc = "paths below ${unit.out} that must be there after the build",
     .more = "Each is recorded with its digest.",
     .example = "[rooms.tar.gz]"},
    {.name = "timeout",
     .type = FIELD_DURATION,
     .min = 1000,
     .max = LONGEST_MS,
     AT(timeout_ms),
     .fallback = "30m",
     .doc = "how long the build may take"},
    {.name = "api",
     .type = FIELD_BLOCK,
     .sub = &api_table,
     AT(api),
     .given_offset = offsetof(struct unit_spec, api.given),
     .doc = "the versions of the API that the unit answers",
     .example = "{versions: [\"1.0\", \"2.0\"]}"},
    {.name = "schema",
     .type = FIELD_BLOCK,
     .sub = &schema_table,
     AT(schema),
     .given_offset = offsetof(struct unit_spec, schema.given),
     .doc = "which versions of the stored data the unit reads and writes",
     .example = "{reads: 41-43, writes: 43}"},
};
#undef AT

const struct table unit_table = {
    .what = "the block 'unit'",
    .doc = "What one commit becomes: how it is built, and which files that makes.",
    FIELDS(unit_fields),
    .size = sizeof(struct unit_spec),
    .mark_offset = offsetof(struct unit_spec, mark),
};

static const struct word traffic_words[] = {
    {"haproxy", TRAFFIC_HAPROXY, "weights through HAProxy's runtime socket"},
    {NULL, 0, NULL},
};

#define AT(member) .offset = offsetof(struct pool_spec, member)
static const struct field pool_fields[] = {
    {.name = "match",
     .type = FIELD_TEXT,
     .form = FORM_DOOR_PATH,
     AT(match),
     .fallback = "/",
     .doc = "the beginning of the paths that go to this pool"},
};
#undef AT

static const struct table pool_table = {
    .what = "a pool",
    .doc = "A part of the traffic that is sent to the instances.",
    FIELDS(pool_fields),
    .size = sizeof(struct pool_spec),
    .mark_offset = offsetof(struct pool_spec, mark),
    .name_offset = offsetof(struct pool_spec, name),
    .name_form = FORM_NAME,
};

static const struct field managed_fields[] = {
    {.name = "bind",
     .type = FIELD_TEXT,
     .form = FORM_BIND,
     .required = true,
     .offset = offsetof(struct traffic_spec, managed_bind),
     .doc = "the address and port where the front door listens",
     .example = "127.0.0.1:8080"},
};

static const struct table managed_table = {
    .what = "the block 'managed'",
    .doc = "An HAProxy that the engine starts and looks after itself.",
    FIELDS(managed_fields),
    .size = sizeof(struct traffic_spec),
};

#define AT(member) .offset = offsetof(struct traffic_spec, member)
static const struct field traffic_fields[] = {
    {.name = "driver",
     .type = FIELD_WORD,
     .words = traffic_words,
     .only_here = true,
     AT(driver),
     .fallback = "haproxy",
     .doc = "what spreads the users' traffic over the instances"},
    {.name = "socket",
     .type = FIELD_TEXT,
     .form = FORM_ABSOLUTE,
     .one_of = true,
     AT(socket),
     .doc = "path of an existing HAProxy's admin socket",
     .example = "/run/haproxy/admin.sock"},
    /* The struct of the block is the same, so its offsets count from there. */
    {.name = "managed",
     .type = FIELD_BLOCK,
     .sub = &managed_table,
     .one_of = true,
     .offset = 0,
     .doc = "the engine runs the HAProxy itself",
     .example = "{bind: \"127.0.0.1:8080\"}"},
    {.name = "url",
     .type = FIELD_TEXT,
     .form = FORM_URL,
     AT(url),
     .fallback_words = "http://<managed.bind>",
     .doc = "base URL of the front door, for the prober",
     .example = "http://127.0.0.1:8080"},
    {.name = "pools",
     .type = FIELD_NAMED,
     .sub = &pool_table,
     .min = 1,
     AT(pools),
     .count_offset = offsetof(struct traffic_spec, pool_count),
     .fallback_words = "{app: {match: /}}",
     .doc = "the pools, by name; with a socket, the names of HAProxy's backends",
     .example = "{app: {match: /}}"},
};
#undef AT

const struct table traffic_table = {
    .what = "the block 'traffic'",
    .doc = "The front door: what spreads the users' traffic over instances.",
    FIELDS(traffic_fields),
    .size = sizeof(struct traffic_spec),
    .mark_offset = offsetof(struct traffic_spec, mark),
    .one_of = ONE_OF_EXACTLY,
};

static const struct word failure_words[] = {
    {"rollback", ON_FAILURE_ROLLBACK, "take back what can be taken back"},
    {"hold", ON_FAILURE_HOLD, "stop and wait for a person"},
    {NULL, 0, NULL},
};

#define AT(member) .offset = offsetof(struct pipeline_spec, member)
static const struct field pipeline_fields[] = {
    {.name = "pipeline",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(name),
     .doc = "the pipeline's name",
     .example = "prod"},
    {.name = "environment",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(environment),
     .mark_offset = offsetof(struct pipeline_spec, environment_mark),
     .doc = "the environment that it releases to, a name from penstock.yaml",
     .example = "prod"},
    {.name = "on_failure",
     .type = FIELD_WORD,
     .words = failure_words,
     AT(on_failure),
     .fallback = "rollback",
     .doc = "what happens when a step fails"},
    {.name = "unit", .type = FIELD_BLOCK, .sub = &unit_table, AT(unit), .doc = "what is built from a commit"},
    {.name = "stamps",
     .type = FIELD_BLOCK,
     .sub = &stamps_table,
     AT(stamps),
     .doc = "how the stamps are started, asked and stopped"},
    {.name = "traffic", .type = FIELD_BLOCK, .sub = &traffic_table, AT(traffic), .doc = "the front door"},
    {.name = "stages",
     .type = FIELD_KINDS,
     .kinds = stage_kinds,
     .required = true,
     .min = 1,
     AT(stages),
     .count_offset = offsetof(struct pipeline_spec, stage_count),
     .doc = "what is done, in this order unless 'needs' says otherwise",
     .more = "A stage is a word (then everything has its default) or a mapping with the kind as its only key.",
     .example = "[build, deploy, {shift: {steps: [{share: 5%, hold: 10m}, {share: 100%}]}}]"},
    {.name = "$schema", .type = FIELD_IGNORED, .doc = "for editors: where the JSON Schema of this file is"},
};
#undef AT

const struct table pipeline_table = {
    .what = "the pipeline",
    .doc = "pipelines/*.yaml: how a release goes. Owned by those who write the software.",
    FIELDS(pipeline_fields),
    .size = sizeof(struct pipeline_spec),
};
