/*
 * penstock-rehearse: the engine over the model, in place of io. `penstock rehearse` starts it, with what it has read and
 * checked as JSON on standard input; the document is written to standard output. Not for people.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/rehearse.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"

#define REQUEST_LIMIT_BYTES ((size_t)8 * 1024 * 1024)
#define EXIT_FAILED 1

static void on_signal(int signal)
{
    (void)signal;
    rehearse_interrupt();
}

/*
 * What an environment demands of a commit and of the calendar is about the real repository and the real time: here every
 * commit may go, at any time. Its gates stay.
 */
static void lift_rules(const struct project_spec *project)
{
    for (int i = 0; i < project->environment_count; i++) {
        struct environment_spec *environment = &project->environments[i];

        environment->branches.count = 0;
        environment->from_trunk = false;
        environment->requirement_count = environment->window_count = environment->freeze_count = 0;
        environment->changelog = NULL;
    }
}

static struct error *read_cast(struct arena *arena, const json_t *request, struct rehearsal_cast *out)
{
    struct diagnostics *problems = diagnostics_new(arena);
    const json_t *project = json_object_get(request, "project"), *pipeline = json_object_get(request, "pipeline");
    const char *project_text = json_get_text(project, "text"), *pipeline_text = json_get_text(pipeline, "text");
    const char *faults = json_get_text(request, "faults");
    struct project_spec *spec = NULL;

    MUST(project_text && pipeline_text && faults);
    project_parse(arena, json_get_text(project, "file"), project_text, strlen(project_text), problems, &spec);
    TRY(diagnostics_error(problems));
    pipeline_parse(arena, json_get_text(pipeline, "file"), pipeline_text, strlen(pipeline_text), problems,
                   &out->pipeline);
    TRY(diagnostics_error(problems));
    spec_check_together(spec, out->pipeline, problems);
    TRY(diagnostics_error(problems));
    lift_rules(spec);
    out->project = spec;
    out->environment = project_environment(spec, json_get_text(request, "environment"));
    out->requester = json_get_text(request, "requester");
    out->faults = text_is(faults, "none") ? FAULTS_NONE : text_is(faults, "many") ? FAULTS_MANY : FAULTS_SOME;
    MUST(out->environment && out->requester);
    return NULL;
}

static struct error *run(void)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(REQUEST_LIMIT_BYTES);
    json_t *request CLEANUP(json_cleanup) = NULL;
    json_t *runs CLEANUP(json_cleanup) = json_array();
    struct rehearsal_cast cast = {0};
    int64_t first, count;

    TRY(file_read("-", &text));
    TRY(json_parse(strbuf_view(&text), text.length, "the request", &request));
    TRY(read_cast(arena, request, &cast));
    first = json_get_int(request, "seed", 1);
    count = json_get_int(request, "runs", 1);
    for (int64_t seed = first; seed < first + count; seed++) {
        json_t *document = NULL;
        struct error *error = rehearse(&cast, (uint64_t)seed, &document);

        json_array_append_new(runs, document ? document : json_null());
        if (error)
            return error;
    }
    json_dumpf(runs, stdout, JSON_COMPACT);
    return NULL;
}

int main(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct error *error CLEANUP(error_cleanup) = NULL;
    json_t *said CLEANUP(json_cleanup) = NULL;

    /* Whoever started us may be killed; the record in memory must not stay. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    error = run();
    if (!error)
        return 0;
    said = json_pack("{s:s}", "error", error->text);
    json_dumpf(said, stdout, JSON_COMPACT);
    return EXIT_FAILED;
}
