#include "drivers/unit.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "drivers/registry.h"

#define FILES_TIMEOUT_MS 60000
#define COLLECT_LIMIT_BYTES ((size_t)4 * 1024 * 1024)

enum unit_phase { UNIT_BEGIN, UNIT_CLEARED, UNIT_MADE, UNIT_RUNNING };

struct unit_call {
    enum unit_phase phase;
    size_t done;       /* of a list */
    struct call inner; /* the build command */
};

static struct unit_call *own_of(struct call *call)
{
    if (!call->scratch)
        call->scratch = ARENA_NEW(call->arena, struct unit_call);
    return call->scratch;
}

static void want_self(struct call *call, struct effect *want, const char *const *arguments, const char *input)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
    const char **argv = arena_array(call->arena, 8, sizeof(*argv));

    argv[0] = call->self;
    for (int i = 0; arguments[i]; i++)
        argv[i + 1] = arguments[i];
    *want = (struct effect){.kind = EFFECT_RUN,
                            .timeout_ms = json_get_int(call->params, "timeout_ms", 30 * 60 * 1000),
                            .limit_bytes = COLLECT_LIMIT_BYTES,
                            .argv = argv,
                            .env = env,
                            .cwd = "/",
                            .input = input,
                            .keep_output = true};
}

/* The child is penstock itself: its output says what went wrong and what helps, as JSON. */
static enum call_status self_failed(struct call *call, const struct reply *reply, const char *what)
{
    json_t *said = NULL;
    const char *text = NULL, *hint = NULL;

    if (reply->timed_out)
        return call_failed(call, error_new(ERR_TIMEOUT, KIND_PERMANENT, "%s did not end in time", what));
    if (reply->text) {
        error_free(json_parse(reply->text, reply->length, "its answer", &said));
        json_in_arena(call->arena, said);
        text = json_get_text(said, "text");
        hint = json_get_text(said, "hint");
    }
    if (!text)
        text = arena_printf(call->arena, "it ended with exit code %d", reply->status);
    if (!hint)
        return call_failed(call, error_new(ERR_REPOSITORY, KIND_PERMANENT, "%s failed: %s", what, text));
    return call_failed(call,
                       error_hint(error_new(ERR_REPOSITORY, KIND_PERMANENT, "%s failed: %s", what, text), "%s", hint));
}

enum call_status unit_export(struct call *call, const struct reply *last, struct effect *want)
{
    struct unit_call *own = own_of(call);

    if (own->phase == UNIT_BEGIN) {
        const char *arguments[] = {"__export", json_get_text(call->params, "repository"),
                                   json_get_text(call->params, "commit"), json_get_text(call->params, "directory"),
                                   NULL};

        want_self(call, want, arguments, NULL);
        own->phase = UNIT_RUNNING;
        return CALL_WANTS;
    }
    CALL_TRY(call, reply_error(last, "the export"));
    if (last->status != 0)
        return self_failed(call, last, "the export");
    return call_done(call, json_pack("{s:s}", "directory", json_get_text(call->params, "directory")), NULL);
}

enum call_status unit_build(struct call *call, const struct reply *last, struct effect *want)
{
    struct unit_call *own = own_of(call);
    enum call_status status;

    switch (own->phase) {
    case UNIT_BEGIN:
        *want = (struct effect){
            .kind = EFFECT_REMOVE_TREE, .timeout_ms = FILES_TIMEOUT_MS, .path = json_get_text(call->params, "out")};
        own->phase = UNIT_CLEARED;
        return CALL_WANTS;
    case UNIT_CLEARED:
        CALL_TRY(call, reply_error(last, "clearing the output directory"));
        *want = (struct effect){
            .kind = EFFECT_MAKE_DIR, .timeout_ms = FILES_TIMEOUT_MS, .path = json_get_text(call->params, "out")};
        own->phase = UNIT_MADE;
        return CALL_WANTS;
    case UNIT_MADE:
        CALL_TRY(call, reply_error(last, "making the output directory"));
        own->inner = *call;
        own->inner.scratch = NULL;
        own->phase = UNIT_RUNNING;
        last = NULL;
        break;
    case UNIT_RUNNING:
        break;
    }
    status = registry_command("command")->run(&own->inner, last, want);
    call->detail = own->inner.detail;
    call->evidence = own->inner.evidence;
    call->error = own->inner.error;
    return status;
}

enum call_status unit_collect(struct call *call, const struct reply *last, struct effect *want)
{
    const json_t *names = json_object_get(call->params, "artifacts");
    struct unit_call *own = own_of(call);
    json_t *artifacts = NULL;

    if (json_array_size(names) == 0)
        return call_done(call, json_pack("{s:[]}", "artifacts"), NULL);
    if (own->phase == UNIT_BEGIN) {
        const char *arguments[] = {"__collect", json_get_text(call->params, "out"), NULL};

        want_self(call, want, arguments, json_canonical(call->arena, names));
        own->phase = UNIT_RUNNING;
        return CALL_WANTS;
    }
    CALL_TRY(call, reply_error(last, "collecting the artifacts"));
    if (last->status != 0)
        return self_failed(call, last, "collecting the artifacts");
    CALL_TRY(call, json_parse(last->text, last->length, "the list of artifacts", &artifacts));
    return call_done(call, json_pack("{s:o}", "artifacts", artifacts), NULL);
}

enum call_status unit_remove(struct call *call, const struct reply *last, struct effect *want)
{
    struct unit_call *own = own_of(call);
    const json_t *directories = json_object_get(call->params, "directories");

    if (last)
        CALL_TRY(call, reply_error(last, "removing the unit's files"));
    if (own->done == json_array_size(directories))
        return call_done(call, NULL, NULL);
    *want = (struct effect){.kind = EFFECT_REMOVE_TREE,
                            .timeout_ms = FILES_TIMEOUT_MS,
                            .path = json_string_value(json_array_get(directories, own->done++))};
    return CALL_WANTS;
}
