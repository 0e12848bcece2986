/*
 * The service as a pipeline speaks to it: its probes, health, checks and drain. What the pipeline's expressions would
 * find in the real answers nobody here can know, so each probe is answered by the work that its name stands for, and
 * the two functions that read numbers and identities out of answers are handed ours first (hooks.c).
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "drivers/probe/extract.h"
#include "model/hooks.h"
#include "model/sim.h"
#include "spec/pipeline.h"

/* An answer of ours begins with this; what follows is read back by us alone. */
#define ANSWER_BEGINS "{\"rehearsed\":"
#define TOO_MUCH 1000000 /* of what is watched, while the instance is sick or counts errors */

static const struct pipeline_spec *pipeline;

void service_begin(const struct pipeline_spec *spec)
{
    pipeline = spec;
}

const struct pipeline_spec *service_pipeline(void)
{
    return pipeline;
}

const char *work_kind_text(enum work_kind kind)
{
    static const char *const texts[] = {
        [WORK_ROOMS] = "rooms", [WORK_RECORDINGS] = "recordings", [WORK_QUEUE] = "queued work", [WORK_NONE] = ""};

    return texts[kind];
}

static bool is_watched(const char *probe)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        for (int k = 0; k < pipeline->stages[i].watch_count; k++) {
            if (text_is(pipeline->stages[i].watch[k].probe, probe))
                return true;
        }
    }
    return false;
}

static bool is_waited_for(const char *probe)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        for (int k = 0; k < pipeline->stages[i].drain.until_count; k++) {
            if (text_is(pipeline->stages[i].drain.until[k].probe, probe))
                return true;
        }
    }
    return false;
}

/* The first word that is in the name decides. */
static const struct {
    const char *word;
    enum work_kind kind;
} words[] = {
    {"queue", WORK_QUEUE},       {"pending", WORK_QUEUE},     {"upload", WORK_QUEUE}, {"final", WORK_QUEUE},
    {"job", WORK_QUEUE},         {"backlog", WORK_QUEUE},     {"spool", WORK_QUEUE},  {"record", WORK_RECORDINGS},
    {"egress", WORK_RECORDINGS}, {"stream", WORK_RECORDINGS}, {"error", WORK_NONE},   {"fail", WORK_NONE},
    {"latency", WORK_NONE},      {"cpu", WORK_NONE},          {"memory", WORK_NONE},  {"load", WORK_NONE},
};

enum work_kind service_probe_kind(const char *probe)
{
    enum work_kind kind = WORK_ROOMS;

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcasestr(probe, words[i].word)) {
            kind = words[i].kind;
            break;
        }
    }
    if (is_waited_for(probe))
        return kind == WORK_NONE ? WORK_QUEUE : kind;
    return is_watched(probe) ? WORK_NONE : kind;
}

bool service_has(enum work_kind kind)
{
    for (int i = 0; i < pipeline->stamps.probe_count; i++) {
        if (service_probe_kind(pipeline->stamps.probes[i].name) == kind)
            return true;
    }
    return false;
}

static int64_t number_of(const struct instance *instance, enum work_kind kind)
{
    switch (kind) {
    case WORK_ROOMS:
        return instance_rooms(instance);
    case WORK_RECORDINGS:
        return instance_recordings(instance);
    case WORK_QUEUE:
        return instance_queued(instance);
    case WORK_NONE:
        return sim.now < instance->sick_until || instance_errors(instance) ? TOO_MUCH : 0;
    }
    return 0;
}

/* "name-boots", then the path that was asked, then name=number for each probe of that path; and what checks look for. */
static void answer(const struct instance *instance, struct happening *happening, const char *path)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_printf(&out, ANSWER_BEGINS "\"%s-%d\"", instance->name, instance->boots);
    for (int i = 0; i < pipeline->stamps.probe_count; i++) {
        const struct probe_spec *probe = &pipeline->stamps.probes[i];

        if (text_is(probe->http.get, path))
            strbuf_printf(&out, ",\"%s %s\":%lld", probe_kind_text(probe->kind), probe->name,
                          (long long)number_of(instance, service_probe_kind(probe->name)));
    }
    strbuf_text(&out, "}");
    for (int i = 0; i < pipeline->stage_count; i++) {
        for (int k = 0; k < pipeline->stages[i].check_count; k++) {
            if (pipeline->stages[i].checks[k].expect.contains)
                strbuf_printf(&out, "\n%s", pipeline->stages[i].checks[k].expect.contains);
        }
    }
    happening_answer(happening, "%s", strbuf_view(&out));
}

bool __wrap_extract_number(struct arena *arena, const struct extract *extract, const char *body, size_t length,
                           double *out, const char **why)
{
    if (!pipeline || !text_starts(body, ANSWER_BEGINS))
        return __real_extract_number(arena, extract, body, length, out, why);
    for (int i = 0; i < pipeline->stamps.probe_count; i++) {
        const struct probe_spec *probe = &pipeline->stamps.probes[i];
        enum extract_kind kind;
        const char *found;

        if (!text_is(probe->expression, extract->expression) ||
            !extract_kind_parse(probe_kind_text(probe->kind), &kind) || kind != extract->kind)
            continue;
        found = strstr(body, arena_printf(arena, "\"%s %s\":", probe_kind_text(probe->kind), probe->name));
        if (!found)
            continue;
        *out = (double)strtoll(strchr(found, ':') + 1, NULL, 10);
        return true;
    }
    *why = "the model has no such number";
    return false;
}

const char *__wrap_extract_identity(struct arena *arena, const char *path, const char *body, size_t length)
{
    if (!pipeline || !text_starts(body, ANSWER_BEGINS "\""))
        return __real_extract_identity(arena, path, body, length);
    body += strlen(ANSWER_BEGINS "\"");
    return arena_text_n(arena, body, strcspn(body, "\""));
}

static bool is_request(const struct http_spec *http, const struct effect *effect, const char *path)
{
    const char *method = http->post ? "POST" : http->put ? "PUT" : "GET";
    const char *wanted = http->post ? http->post : http->put ? http->put : http->get;

    return text_is(effect->method, method) && text_is(wanted, path);
}

static bool is_action(const struct action_spec *action, const struct effect *effect, const char *path)
{
    return action->kind == ACTION_HTTP && is_request(&action->http, effect, path) &&
           text_is(action->http.body, effect->body);
}

static int64_t answer_action(struct instance *instance, struct happening *happening, bool accept)
{
    int64_t after;

    if (rooms_accept(instance, happening, accept, &after)) {
        happening->reply.status = 200;
        happening_answer(happening, "{}");
    }
    return after;
}

/* What a check wants, unless the instance fails its checks. */
static int status_of(const struct instance *instance, const struct effect *effect, const char *path)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        for (int k = 0; k < pipeline->stages[i].check_count; k++) {
            const struct check_spec *check = &pipeline->stages[i].checks[k];

            if (check->kind != CHECK_HTTP || !is_request(&check->http, effect, path) ||
                text_is(path, pipeline->stamps.health.get))
                continue;
            return instance->smoke_fails ? 500 : check->expect.status ? check->expect.status : 200;
        }
    }
    return 200;
}

static bool is_probed(const char *path)
{
    for (int i = 0; i < pipeline->stamps.probe_count; i++) {
        if (text_is(pipeline->stamps.probes[i].http.get, path))
            return true;
    }
    return false;
}

int64_t service_http(struct instance *instance, struct happening *happening, const char *path)
{
    int64_t after = 0;

    if (!pipeline)
        return rooms_http(instance, happening, path);
    if (is_action(&pipeline->stamps.drain_begin, happening->effect, path))
        return answer_action(instance, happening, false);
    if (is_action(&pipeline->stamps.drain_cancel, happening->effect, path))
        return answer_action(instance, happening, true);
    if (sim.now < instance->healthy_at) {
        happening->reply.transport = TRANSPORT_REFUSED;
        return 0;
    }
    if (is_probed(path) && !text_is(path, pipeline->stamps.health.get)) {
        if (rooms_answer_spoilt(instance, happening, &after))
            return after;
        happening->reply.status = 200;
    } else {
        happening->reply.status = instance_healthy(instance) ? status_of(instance, happening->effect, path) : 503;
    }
    answer(instance, happening, path);
    return 0;
}

/* Everything but what templates fill in is the same. */
static bool is_command(const struct action_spec *action, const char *const *argv)
{
    int i = 0;

    if (action->kind != ACTION_COMMAND)
        return false;
    for (; i < action->command.count; i++) {
        if (!argv[i] || (!strstr(action->command.items[i], "${") && !text_is(action->command.items[i], argv[i])))
            return false;
    }
    return !argv[i];
}

static struct instance *instance_of(const char *const *env)
{
    const char *port = NULL;

    for (; *env; env++) {
        if (text_starts(*env, "PENSTOCK_PORT="))
            port = strchr(*env, '=') + 1;
    }
    for (int i = 0; port && i < world.instance_count; i++) {
        if (world.instances[i]->port == atoi(port) && instance_alive(world.instances[i]))
            return world.instances[i];
    }
    return NULL;
}

/* The simulator's own: `ctl drain` and `ctl undrain`, USR1 and USR2. */
static void simulated_command(const struct effect *effect)
{
    struct instance *instance = text_is(effect->argv[0], "ctl") ? instance_of(effect->env) : NULL;

    if (instance)
        rooms_set_accepting(instance, text_is(effect->argv[1], "undrain"));
}

static bool simulated_signal(struct instance *instance, int signal)
{
    if (signal != SIGUSR1 && signal != SIGUSR2)
        return false;
    rooms_set_accepting(instance, signal == SIGUSR2);
    return true;
}

void service_command(const struct effect *effect)
{
    struct instance *instance;

    if (!pipeline) {
        simulated_command(effect);
        return;
    }
    instance = instance_of(effect->env);
    if (instance && is_command(&pipeline->stamps.drain_begin, effect->argv))
        rooms_set_accepting(instance, false);
    else if (instance && is_command(&pipeline->stamps.drain_cancel, effect->argv))
        rooms_set_accepting(instance, true);
}

bool service_signal(struct instance *instance, int signal)
{
    const struct stamps_spec *stamps = pipeline ? &pipeline->stamps : NULL;

    if (!stamps)
        return simulated_signal(instance, signal);
    if (stamps->drain_begin.kind == ACTION_SIGNAL && stamps->drain_begin.signal == signal && instance->accepting) {
        rooms_set_accepting(instance, false);
        return true;
    }
    if (stamps->drain_cancel.kind == ACTION_SIGNAL && stamps->drain_cancel.signal == signal && !instance->accepting) {
        rooms_set_accepting(instance, true);
        return true;
    }
    return false;
}

int service_stop_signal(void)
{
    return pipeline ? pipeline->stamps.stop.signal : SIGTERM;
}

void service_artifacts(struct happening *happening)
{
    static const char *const own[] = {"rooms"};
    const char *const *names = pipeline ? pipeline->unit.artifacts.items : own;
    int count = pipeline ? pipeline->unit.artifacts.count : 1;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < count; i++)
        strbuf_printf(&out,
                      "%s{\"name\":\"%s\",\"bytes\":17,\"sha256\":"
                      "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
                      i ? "," : "", names[i]);
    happening_answer(happening, "[%s]", strbuf_view(&out));
}
