/*
 * rehearse: this program reads, checks and shows; what happens in between is another program's, in which the model of the
 * world stands in place of io (docs/adr/0012).
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/print.h"
#include "control/control.h"
#include "io/io.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "view/rehearsal.h"

#define PROGRAM "penstock-rehearse"
#define TIMEOUT_MS ((int64_t)24 * 60 * 60 * 1000)
#define OUTPUT_LIMIT_BYTES ((size_t)512 * 1024 * 1024)

/* An environment, or a pipeline file that need not be any environment's yet. */
static struct error *find_pipeline(struct cli *cli, const char *typed, const struct environment_spec **environment,
                                   struct pipeline_spec **pipeline)
{
    struct environment_spec *made;
    char path[PATH_MAX];

    TRY(project_load(cli));
    if (project_environment(cli->project, typed) || !file_exists(typed)) {
        TRY(environment_need(cli, typed, environment));
        return pipeline_load(cli, *environment, pipeline);
    }
    if (!realpath(typed, path))
        return error_errno("cannot find '%s'", typed);
    made = ARENA_NEW(cli->arena, struct environment_spec);
    *made = (struct environment_spec){.name = typed, .pipeline = *cli->prefix ? arena_text(cli->arena, path) : typed};
    TRY(pipeline_load(cli, made, pipeline));
    return environment_need(cli, (*pipeline)->environment, environment);
}

/* Beside this program, or where `make install` puts it. */
static struct error *find_program(struct cli *cli, const char **out)
{
    static const char *const places[] = {"", "../libexec/penstock/"};
    const char *own = program_path(cli->arena);
    const char *directory = arena_text_n(cli->arena, own, (size_t)(strrchr(own, '/') - own));

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        *out = arena_printf(cli->arena, "%s/%s" PROGRAM, directory, places[i]);
        if (file_exists(*out))
            return NULL;
    }
    return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no program '" PROGRAM "' beside '%s'", own),
                      "`make` builds it, and `make install` installs it");
}

static struct error *faults_need(struct cli *cli, const char **out)
{
    static const char *const words[] = {"none", "some", "many"};
    const char *typed = cli->options.values[OPTION_FAULTS];

    *out = typed ? typed : "some";
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (text_is(words[i], *out))
            return NULL;
    }
    return error_new(ERR_USAGE, KIND_PERMANENT, "option '--faults' takes none, some or many, not '%s'", typed);
}

/* What the other program reads. */
static struct error *request_text(struct cli *cli, const char *typed, const char **out)
{
    const struct environment_spec *environment = NULL;
    struct pipeline_spec *pipeline = NULL;
    const char *faults, *person;
    int64_t seed, runs;
    json_t *request;

    TRY(control_person(cli->arena, &person));
    TRY(faults_need(cli, &faults));
    TRY(option_number(cli, OPTION_SEED, 1, &seed));
    TRY(option_number(cli, OPTION_RUNS, 1, &runs));
    TRY(find_pipeline(cli, typed, &environment, &pipeline));
    MUST(environment && pipeline);
    request = json_pack("{s:{s:s, s:s}, s:{s:s, s:s}, s:s, s:s, s:s, s:I, s:I}", "project", "file", cli->project->file,
                        "text", cli->project->text, "pipeline", "file", pipeline->file, "text", pipeline->text,
                        "environment", environment->name, "requester", person, "faults", faults, "seed",
                        (json_int_t)seed, "runs", (json_int_t)runs);
    *out = json_canonical(cli->arena, json_in_arena(cli->arena, request));
    return NULL;
}

struct answer {
    struct io *io;
    json_t *document; /* NULL: there is none */
    int status;
};

static void on_end(void *context, const struct reply *reply)
{
    struct answer *answer = context;

    answer->status = reply->transport == TRANSPORT_OK ? reply->status : -1;
    if (reply->transport == TRANSPORT_OK && reply->text)
        error_free(json_parse(reply->text, reply->length, "the rehearsal", &answer->document));
    io_stop(answer->io);
}

static struct error *perform(struct cli *cli, const char *program, const char *request, json_t **runs)
{
    const char *const argv[] = {program, NULL}, *const env[] = {"LC_ALL=C.UTF-8", NULL};
    struct effect effect = {.kind = EFFECT_RUN,
                            .timeout_ms = TIMEOUT_MS,
                            .limit_bytes = OUTPUT_LIMIT_BYTES,
                            .argv = argv,
                            .env = env,
                            .cwd = "/",
                            .input = request,
                            .keep_output = true};
    struct answer answer = {0};

    TRY(io_open(-1, &answer.io));
    io_start(answer.io, &effect, on_end, &answer);
    io_run(answer.io);
    io_close(answer.io);
    json_in_arena(cli->arena, answer.document);
    if (answer.status == 0 && json_array_size(answer.document) > 0) {
        *runs = answer.document;
        return NULL;
    }
    if (json_get_text(answer.document, "error"))
        return error_new(ERR_IO, KIND_PERMANENT, "%s", json_get_text(answer.document, "error"));
    return error_new(ERR_BUG, KIND_PERMANENT, "the rehearsal ended with status %d", answer.status);
}

/* What the plan itself refuses is wrong with the files, as `plan` says it. */
static int exit_code(const json_t *document)
{
    const json_t *finding = json_array_get(json_object_get(document, "findings"), 0);

    if (json_get_bool(document, "good", false))
        return EXIT_CODE_DONE;
    return text_is(json_get_text(finding, "what"), "refused") ? EXIT_CODE_INVALID : EXIT_CODE_FAILED;
}

static void advise(struct cli *cli, const char *typed, const json_t *document)
{
    const char *faults = cli->options.given[OPTION_FAULTS]
                             ? arena_printf(cli->arena, " --faults %s", cli->options.values[OPTION_FAULTS])
                             : "";

    if (text_is(json_get_text(document, "kind"), "rehearsals"))
        next_add(cli, "the worst of them", "rehearse %s --seed %lld%s", typed,
                 (long long)json_get_int(document, "worst", 1), faults);
    else if (json_get_bool(document, "good", false) && cli->options.given[OPTION_RUNS] == 0)
        next_add(cli, "many seeds", "rehearse %s --runs 20%s", typed, faults);
    if (!json_get_bool(document, "good", false))
        next_add(cli, "when the file is changed", "rehearse %s%s", typed, faults);
}

struct error *cmd_rehearse(struct cli *cli)
{
    const char *typed = cli->options.arguments[0], *program, *request;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *runs = NULL, *document;
    bool many;

    TRY(request_text(cli, typed, &request));
    TRY(find_program(cli, &program));
    TRY(perform(cli, program, request, &runs));
    many = json_array_size(runs) > 1;
    document = many ? json_in_arena(cli->arena, rehearsals_sum(runs)) : json_array_get(runs, 0);
    cli->exit_code = exit_code(document);
    advise(cli, typed, document);
    if (wants_json(cli)) {
        print_document(cli, json_incref(document));
        return NULL;
    }
    if (many)
        rehearsals_text(cli->arena, document, &cli->out, &out);
    else
        rehearsal_text(cli->arena, document, cli->options.given[OPTION_VERBOSE] > 0, &cli->out, &out);
    print_text(cli, strbuf_view(&out));
    return NULL;
}
