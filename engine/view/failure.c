/* Why a release failed, with the failed process's own last words: the cause first, then what followed from it. */

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "store/record.h"
#include "view/release_view.h"
#include "view/rows.h"

#define LOG_LINES 20
#define LOG_BYTES ((size_t)64 * 1024)
#define LINE_MOST 500
#define EVIDENCE_BYTES ((size_t)16 * 1024)
/* How the runner's evidence parts what was answered from what was logged. */
#define ANSWER_HEADING "last health answer: "
#define LOG_HEADING "last lines of its log:\n"

/* The last lines of the text, cleaned; a list, perhaps empty. */
static json_t *last_lines(const char *text, size_t length)
{
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *lines = json_array();
    const char *bytes;
    size_t end;

    text_clean(&clean, text, length);
    bytes = strbuf_view(&clean);
    end = clean.length;
    while (end > 0 && json_array_size(lines) < LOG_LINES) {
        size_t begin;

        if (bytes[end - 1] == '\n')
            end--;
        begin = end;
        while (begin > 0 && bytes[begin - 1] != '\n')
            begin--;
        json_array_insert_new(lines, 0, json_stringn(bytes + begin, end - begin > LINE_MOST ? LINE_MOST : end - begin));
        end = begin;
    }
    return lines;
}

/* The release's plan as JSON, or NULL: without it only the logs of builds and commands are not found. */
static json_t *read_plan(const struct release_view *view)
{
    struct error *error CLEANUP(error_cleanup) = NULL;
    json_t *plan = NULL;
    const char *bytes;
    size_t length;

    error = evidence_get(view->record, view->arena, view_text(view->release, "plan"), &bytes, &length);
    if (!error)
        error = json_parse(bytes, length, "the plan", &plan);
    return plan;
}

static const json_t *instance_named(const struct release_view *view, const char *name)
{
    size_t index;
    const json_t *row;

    json_array_foreach(view->instances, index, row)
    {
        if (text_is(view_text(row, "name"), name))
            return row;
    }
    return NULL;
}

static bool is_fetched(const json_t *env)
{
    size_t index;
    const json_t *entry;

    json_array_foreach(env, index, entry)
    {
        if (!text_is(json_get_text(entry, "source"), "literal"))
            return true;
    }
    return false;
}

/*
 * Were its instances given secrets? Any of them may print what it was given. The values are kept nowhere, so that nothing
 * here could take them out again; what the runner kept as evidence is without them.
 */
static bool has_secrets(const json_t *plan)
{
    size_t index;
    const json_t *step;

    json_array_foreach(json_object_get(plan, "steps"), index, step)
    {
        if (text_is(json_get_text(step, "verb"), "instance.create") &&
            is_fetched(json_object_get(json_object_get(step, "params"), "env")))
            return true;
    }
    return false;
}

/* Of a command or a build; NULL: the step has no log of its own. */
static const char *own_log(const json_t *plan, const json_t *step)
{
    const json_t *planned = json_array_get(json_object_get(plan, "steps"), (size_t)json_get_int(step, "ordinal", -1));

    return json_get_text(json_object_get(planned, "params"), "log");
}

/* Where the step's process wrote to: its own log, or its instance's. NULL: there is none. */
static const char *log_path(const struct release_view *view, const json_t *plan, const json_t *step)
{
    const char *own = own_log(plan, step);
    const json_t *instance = instance_named(view, view_text(step, "target"));

    if (own)
        return own;
    return instance ? json_get_text(instance, "log") : NULL;
}

static struct error *log_of(const char *path, json_t **out)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(LOG_BYTES);
    struct error *error;

    *out = json_null();
    if (!path)
        return NULL;
    error = file_read_tail(path, LOG_BYTES, &text);
    if (error) {
        /* The log is a help; that it cannot be read must not hide the failure itself. */
        char *line CLEANUP(heap_cleanup) = error_line(error);

        *out = json_pack("{s:s, s:[], s:s}", "path", path, "lines", "problem", line);
        error_free(error);
        return NULL;
    }
    *out = json_pack("{s:s, s:o}", "path", path, "lines", last_lines(strbuf_view(&text), text.length));
    return NULL;
}

/* What the outcome rested on, when it is text: the last answer, and below it the log as it was then. NULL: nothing. */
static struct error *evidence_text(const struct release_view *view, const json_t *row, const char **out)
{
    const char *digest = json_get_text(row, "evidence");
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(EVIDENCE_BYTES);
    const char *bytes;
    size_t length;

    *out = NULL;
    if (!digest || !*digest)
        return NULL;
    TRY(evidence_get(view->record, view->arena, digest, &bytes, &length));
    text_clean(&clean, bytes, length);
    *out = arena_text(view->arena, strbuf_view(&clean));
    return NULL;
}

/* The answer without the log; NULL when there is none. */
static const char *answer_of(struct arena *arena, const char *evidence)
{
    const char *log = evidence ? strstr(evidence, LOG_HEADING) : NULL;

    if (!evidence || log == evidence)
        return NULL;
    if (text_starts(evidence, ANSWER_HEADING))
        evidence += strlen(ANSWER_HEADING);
    return log ? arena_text_n(arena, evidence, (size_t)(log - evidence)) : evidence;
}

/* The log that the evidence kept; NULL: none. Of a command, a build or a start the evidence is nothing but that. */
static const char *kept_log(const json_t *plan, const json_t *step, const char *evidence)
{
    const char *at = evidence ? strstr(evidence, LOG_HEADING) : NULL;

    if (own_log(plan, step) || text_is(view_text(step, "verb"), "instance.create"))
        return evidence;
    return at ? at + strlen(LOG_HEADING) : NULL;
}

/* It stands in for a file that is gone. */
static void keep_lines(json_t *log, const char *kept)
{
    if (kept && json_is_object(log) && json_array_size(json_object_get(log, "lines")) == 0)
        json_object_set_new(log, "lines", last_lines(kept, strlen(kept)));
}

/* A log of an instance that was given secrets: only `penstock logs` shows it, to who asks for it. */
static void withhold(const struct release_view *view, const json_t *plan, json_t *log)
{
    const char *path = json_get_text(log, "path");
    size_t index;
    const json_t *row;

    if (!path || !has_secrets(plan))
        return;
    json_array_foreach(view->instances, index, row)
    {
        if (!text_is(view_text(row, "log"), path))
            continue;
        json_object_set_new(log, "lines", json_array());
        json_object_set_new(log, "withheld", json_true());
        return;
    }
}

static struct error *step_failure(const struct release_view *view, const json_t *plan, const json_t *step, json_t **out)
{
    const json_t *error = json_object_get(step, "error");
    const char *evidence;
    const char *kept;
    json_t *log;

    TRY(evidence_text(view, step, &evidence));
    TRY(log_of(log_path(view, plan, step), &log));
    withhold(view, plan, log);
    kept = kept_log(plan, step, evidence);
    keep_lines(log, kept);
    *out =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:I, s:I, s:s?, s:o}", "step",
                  (json_int_t)json_get_int(step, "ordinal", -1), "stage", view_text(step, "stage"), "title",
                  view_text(step, "title"), "target", view_text(step, "target"), "code", view_text(error, "code"),
                  "text", json_get_text(error, "text") ? json_get_text(error, "text") : view_text(step, "reason"),
                  "hint", json_get_text(error, "hint"), "state", view_text(step, "state"), "attempt",
                  (json_int_t)json_get_int(step, "attempt", 0), "at_ms", (json_int_t)json_get_int(step, "ended_ms", 0),
                  "health", kept == evidence ? NULL : answer_of(view->arena, evidence), "log", log);
    return NULL;
}

/* Before the others: what failed earlier. */
static void insert_by_time(json_t *list, json_t *failure)
{
    size_t at = json_array_size(list);

    while (at > 0 && json_get_int(json_array_get(list, at - 1), "at_ms", 0) > json_get_int(failure, "at_ms", 0))
        at--;
    json_array_insert_new(list, at, failure);
}

/* An instance that was lost or fell sick is a cause without a step; it may be destroyed by now, and its log stays. */
static struct error *instance_failures(const struct release_view *view, json_t **plan, json_t *list)
{
    json_t *alarms CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *row;

    TRY(rows_of(view->record, "alarms", view->id, &alarms));
    json_array_foreach(alarms, index, row)
    {
        const char *name = view_text(row, "instance");
        bool lost = text_is(view_text(row, "kind"), "instance.lost");
        json_t *log;

        TRY(log_of(json_get_text(row, "log"), &log));
        if (!*plan)
            *plan = read_plan(view);
        withhold(view, *plan, log);
        insert_by_time(
            list,
            json_pack("{s:n, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:i, s:I, s:s?, s:o}", "step", "stage", "", "title",
                      arena_printf(view->arena, "instance %s %s", name, lost ? "was lost" : "got sick"), "target", name,
                      "code", error_code_id(ERR_UNHEALTHY), "text",
                      lost ? arena_printf(view->arena, "instance '%s' ended without being asked", name)
                           : view_text(row, "reason"),
                      "hint", "state", lost ? "lost" : "sick", "attempt", 0, "at_ms",
                      (json_int_t)json_get_int(row, "at_ms", 0), "health", json_get_text(row, "answer"), "log", log));
    }
    return NULL;
}

struct error *view_failures(const struct release_view *view, json_t **out)
{
    json_t *list CLEANUP(json_cleanup) = json_array();
    json_t *plan CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *step;

    json_array_foreach(view->steps, index, step)
    {
        const char *state = view_text(step, "state");
        json_t *failure;

        if (!text_is(state, "failed") && !text_is(state, "doubt"))
            continue;
        if (!plan)
            plan = read_plan(view);
        TRY(step_failure(view, plan, step, &failure));
        insert_by_time(list, failure);
    }
    TRY(instance_failures(view, &plan, list));
    *out = json_incref(list);
    return NULL;
}
