#include "cli/load.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/print.h"
#include "control/control.h"
#include "drivers/probe/extract.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "view/rows.h"

#define PROJECT_FILE "penstock.yaml"
#define FILE_LIMIT_BYTES ((size_t)1024 * 1024)
#define UPWARD_MOST 64
#define NUMBER_MOST 1000000

/* The whole file in the arena, remembered by cli->problems so that its lines can be shown. */
static struct error *read_spec(struct cli *cli, const char *path, const char **bytes, size_t *length)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(FILE_LIMIT_BYTES);

    TRY(file_read(path, &text));
    *bytes = arena_text_n(cli->arena, strbuf_view(&text), text.length);
    *length = text.length;
    diagnostics_add_file(cli->problems, path, *bytes, *length);
    return NULL;
}

/* Looks here and in the directories above; NULL when there is none. The path is relative to here. */
static const char *find_upward(struct cli *cli)
{
    const char *prefix = "";

    for (int i = 0; i < UPWARD_MOST; i++) {
        const char *path = arena_printf(cli->arena, "%s%s", prefix, PROJECT_FILE);
        char here[PATH_MAX];

        if (file_exists(path))
            return path;
        if (!realpath(*prefix ? prefix : ".", here) || text_is(here, "/"))
            return NULL;
        prefix = arena_printf(cli->arena, "%s../", prefix);
    }
    return NULL;
}

static const char *directory_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path ? "/" : arena_text_n(arena, path, (size_t)(slash - path));
}

static struct error *project_missing(struct cli *cli, const char *file)
{
    struct error *error;

    if (file)
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "there is no project file '%s'", file);
    error = error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "there is no '%s' here or in a directory above", PROJECT_FILE);
    next_add(cli, "write a commented one that works", "init");
    return error_hint(error, "go to the project's directory, or name it with -C");
}

/* Paths stand in plans, in the record and on screens. */
static struct error *check_path(const char *path)
{
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(0);

    text_clean(&clean, path, strlen(path));
    if (text_is(strbuf_view(&clean), path))
        return NULL;
    return error_hint(
        error_new(ERR_USAGE, KIND_PERMANENT, "the path '%s' is no UTF-8 text without control characters", path),
        "rename the directory, or take another one");
}

struct error *project_load(struct cli *cli)
{
    const char *file = cli->options.values[OPTION_FILE];
    struct project_spec *project = NULL;
    char root[PATH_MAX];
    const char *bytes;
    size_t length;

    if (cli->project)
        return NULL;
    if (!file)
        file = find_upward(cli);
    if (!file || !file_exists(file))
        return project_missing(cli, cli->options.values[OPTION_FILE]);
    if (!cli->problems)
        cli->problems = diagnostics_new(cli->arena);
    TRY_AS(read_spec(cli, file, &bytes, &length), "while reading the project file");
    if (!realpath(directory_of(cli->arena, file), root))
        return error_errno("cannot find the directory of '%s'", file);
    TRY(check_path(root));
    cli->root = arena_text(cli->arena, root);
    cli->prefix = text_is(directory_of(cli->arena, file), ".") && !text_starts(file, "./")
                      ? ""
                      : arena_printf(cli->arena, "%s/", directory_of(cli->arena, file));
    project_parse(cli->arena, file, bytes, length, cli->problems, &project);
    TRY(diagnostics_error(cli->problems));
    cli->project = project;
    return NULL;
}

struct error *environment_need(struct cli *cli, const char *name, const struct environment_spec **out)
{
    const char **names;
    const char *near;
    struct error *error;
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);

    TRY(project_load(cli));
    *out = project_environment(cli->project, name);
    if (*out)
        return NULL;
    names = arena_array(cli->arena, (size_t)cli->project->environment_count + 1, sizeof(*names));
    for (int i = 0; i < cli->project->environment_count; i++) {
        names[i] = cli->project->environments[i].name;
        strbuf_printf(&list, "%s'%s'", i ? ", " : "", names[i]);
    }
    near = text_nearest(name, names);
    error = error_new(ERR_NOT_FOUND, KIND_PERMANENT, "'%s' is not an environment of %s", name, cli->project->file);
    return near ? error_hint(error, "did you mean '%s'?", near)
                : error_hint(error, "its environments: %s", strbuf_view(&list));
}

/* A question that no answer can satisfy would be found out at the drain, which then waits for a person. */
static void check_probes(const struct pipeline_spec *pipeline, struct diagnostics *problems)
{
    for (int i = 0; i < pipeline->stamps.probe_count; i++) {
        const struct probe_spec *probe = &pipeline->stamps.probes[i];
        const char *kind = probe_kind_text(probe->kind);
        struct extract extract = {.expression = probe->expression};
        struct error *error CLEANUP(error_cleanup) = NULL;
        struct diagnostic *problem;

        MUST(extract_kind_parse(kind, &extract.kind));
        error = extract_check(&extract);
        if (!error)
            continue;
        problem = diagnostics_add(problems, ERR_SPEC_INVALID, probe->mark, "the probe '%s' can never be answered: %s",
                                  probe->name, error->text);
        problem->width = text_columns(probe->name);
        problem->see = arena_printf(diagnostics_arena(problems), "stamps.probes.%s", kind);
    }
}

struct error *pipeline_load(struct cli *cli, const struct environment_spec *environment, struct pipeline_spec **out)
{
    const char *path = environment->pipeline[0] == '/'
                           ? environment->pipeline
                           : arena_printf(cli->arena, "%s%s", cli->prefix, environment->pipeline);
    struct error *error CLEANUP(error_cleanup) = NULL;
    const char *bytes;
    size_t length;

    *out = NULL;
    error = read_spec(cli, path, &bytes, &length);
    if (error) {
        struct diagnostic *problem;
        char *line CLEANUP(heap_cleanup) = error_line(error);

        problem = diagnostics_add(cli->problems, ERR_SPEC_INVALID, environment->mark,
                                  "the pipeline of environment '%s' cannot be read: %s", environment->name, line);
        problem->width = (int)strlen(environment->name);
        return diagnostics_error(cli->problems);
    }
    pipeline_parse(cli->arena, path, bytes, length, cli->problems, out);
    TRY(diagnostics_error(cli->problems));
    spec_check_together(cli->project, *out, cli->problems);
    check_probes(*out, cli->problems);
    return diagnostics_error(cli->problems);
}

static const char *absolute(struct arena *arena, const char *base, const char *path)
{
    if (path[0] == '/')
        return path;
    if (text_is(path, "."))
        return base;
    while (text_starts(path, "./"))
        path += 2;
    return arena_printf(arena, "%s/%s", base, path);
}

const char *project_path(const struct cli *cli, const char *path)
{
    return absolute(cli->arena, cli->root, path);
}

/* A file that cannot be read does not hide the record, where that is in its usual place. */
static void advise_record(struct cli *cli)
{
    const char *usual;

    if (!cli->root)
        return;
    usual = arena_printf(cli->arena, "%s/.penstock", cli->root);
    if (file_exists(arena_printf(cli->arena, "%s/record.db", usual)))
        next_add(cli, "what the record says, without the file", "--state %s status", usual);
}

struct error *state_need(struct cli *cli)
{
    const char *said = cli->options.values[OPTION_STATE];
    const char *environment = getenv("PENSTOCK_STATE");
    struct error *error;
    char here[PATH_MAX];

    if (cli->state)
        return NULL;
    if (!said && environment && *environment)
        said = environment;
    if (said) {
        if (!getcwd(here, sizeof(here)))
            return error_errno("cannot find the current directory");
        cli->state = absolute(cli->arena, arena_text(cli->arena, here), said);
        return check_path(cli->state);
    }
    error = project_load(cli);
    if (error) {
        advise_record(cli);
        return error;
    }
    cli->state = project_path(cli, cli->project->state);
    return NULL;
}

struct error *record_need(struct cli *cli, enum record_mode mode)
{
    struct error *error;

    TRY(state_need(cli));
    if (cli->record)
        return NULL;
    error = record_open(cli->state, mode, &cli->record);
    if (!error || error->code != ERR_NOT_FOUND)
        return error;
    error_free(error);
    next_add(cli, "the first release makes the record", "release ENVIRONMENT");
    return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no record in '%s': nothing was released yet", cli->state);
}

/* "17" and "r-17" -> "r-17"; NULL: not a release id. */
static const char *release_id(struct arena *arena, const char *typed)
{
    const char *digits = text_starts(typed, "r-") ? typed + 2 : typed;

    if (!*digits || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 18)
        return NULL;
    return arena_printf(arena, "r-%s", digits);
}

static struct error *several_live(const json_t *live)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t index;
    const json_t *row;

    json_array_foreach(live, index, row)
    {
        strbuf_printf(&list, "%s%s (%s)", index ? ", " : "", json_get_text(row, "id"),
                      json_get_text(row, "environment"));
    }
    return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "several releases are live: %s", strbuf_view(&list)),
                      "say which one");
}

/* The live release of the environment (NULL: of any), else the newest; *id NULL when there is none at all. */
static struct error *release_of(struct cli *cli, const char *environment, const char **id)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;

    *id = NULL;
    TRY(rows_live(cli->record, environment, &rows));
    if (json_array_size(rows) > 1)
        return several_live(rows);
    if (json_array_size(rows) == 0) {
        json_cleanup(&rows);
        TRY(rows_releases(cli->record, environment, 1, &rows));
    }
    if (json_array_size(rows) > 0)
        *id = arena_text(cli->arena, json_get_text(json_array_get(rows, 0), "id"));
    return NULL;
}

static struct error *no_such_release(struct cli *cli, const char *typed)
{
    next_add(cli, "list the releases", "history");
    if (!typed)
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "the record holds no release yet");
    return error_new(ERR_NOT_FOUND, KIND_PERMANENT,
                     "there is no release '%s', nor an environment of that name, in '%s'", typed, cli->state);
}

struct error *release_need(struct cli *cli, const char *typed, const json_t **out)
{
    const char *id = typed ? release_id(cli->arena, typed) : NULL;

    if (!id)
        TRY(release_of(cli, typed, &id));
    if (!id)
        return no_such_release(cli, typed);
    json_cleanup(&cli->release_row);
    TRY(rows_release(cli->record, id, &cli->release_row));
    if (!json_is_object(cli->release_row))
        return no_such_release(cli, typed ? typed : id);
    cli->about = arena_text(cli->arena, id);
    *out = cli->release_row;
    return NULL;
}

struct error *person_need(struct cli *cli, const char *environment, const char **out)
{
    const char *other = cli->options.values[OPTION_AS];
    const struct environment_spec *spec;

    TRY(control_person(cli->arena, out));
    if (!other || text_is(other, *out))
        return NULL;
    TRY(environment_need(cli, environment, &spec));
    if (!spec->allow_as)
        return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT,
                                    "you are '%s'; environment '%s' does not allow --as", *out, environment),
                          "allow_as: true in %s would", cli->project->file);
    if (!form_accepts(FORM_PERSON, other))
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is no login name", other);
    *out = other;
    return NULL;
}

struct error *person_of_release(struct cli *cli, const json_t *row, const char **out)
{
    const char *environment = arena_text(cli->arena, json_get_text(row, "environment"));
    json_t *plan CLEANUP(json_cleanup) = NULL;
    const json_t *terms;
    const char *bytes, *self;
    size_t length;

    TRY(control_person(cli->arena, &self));
    TRY(person_need(cli, environment, out));
    if (text_is(*out, self))
        return NULL;
    TRY(evidence_get(cli->record, cli->arena, json_get_text(row, "plan"), &bytes, &length));
    TRY(json_parse(bytes, length, "the plan", &plan));
    terms = json_object_get(plan, "terms");
    if (!json_is_object(terms) || json_get_bool(terms, "allow_as", false))
        return NULL;
    return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "you are '%s'; release %s does not allow --as", self,
                                json_get_text(row, "id")),
                      "environment '%s' did not when it was planned", environment);
}

const char *program_path(struct arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    return length > 0 ? arena_text_n(arena, path, (size_t)length) : "/proc/self/exe";
}

struct error *option_duration(struct cli *cli, int option, int64_t *out)
{
    const char *typed = cli->options.values[option];

    *out = 0;
    if (!typed)
        return NULL;
    if (!duration_parse(typed, out) || *out <= 0)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is no duration", typed),
                          "expected something like 90s, 10m or 1h30m");
    return NULL;
}

struct error *option_number(struct cli *cli, int option, int64_t absent, int64_t *out)
{
    const char *typed = cli->options.values[option];
    char *end;
    long long number;

    *out = absent;
    if (!typed)
        return NULL;
    errno = 0;
    number = strtoll(typed, &end, 10);
    if (errno || *end || end == typed || number < 1 || number > NUMBER_MOST)
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is no number from 1 to %d", typed, NUMBER_MOST);
    *out = number;
    return NULL;
}

struct error *option_time(struct cli *cli, int option, int64_t now_ms, int64_t *out)
{
    const char *typed = cli->options.values[option];
    int64_t ago_ms;

    *out = 0;
    if (!typed || time_parse(typed, out))
        return NULL;
    if (time_parse(arena_printf(cli->arena, "%sT00:00:00Z", typed), out))
        return NULL;
    if (!duration_parse(typed, &ago_ms))
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is no time", typed),
                          "expected something like 2026-11-01, 2026-11-01T08:00:00Z or 30d");
    *out = now_ms - ago_ms;
    return NULL;
}

struct error *option_period(struct cli *cli, int64_t now_ms, int64_t *since_ms, int64_t *until_ms)
{
    TRY(option_time(cli, OPTION_SINCE, now_ms, since_ms));
    TRY(option_time(cli, OPTION_UNTIL, now_ms, until_ms));
    if (*since_ms && *until_ms && *since_ms >= *until_ms)
        return error_new(ERR_USAGE, KIND_PERMANENT, "--since %s is not before --until %s",
                         time_text(cli->arena, *since_ms), time_text(cli->arena, *until_ms));
    return NULL;
}
