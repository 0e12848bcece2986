#ifndef TESTS_CONTRACT_PUMP_H
#define TESTS_CONTRACT_PUMP_H

/*
 * A call from its beginning to its end, one effect after the other, over the real io. What the runner does for
 * a thousand calls at once, this does for one. Also: the texts of steps, and processes that are ended by pid.
 */

#include "unit/unit.h"

#include <jansson.h>
#include <signal.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "drivers/call.h"
#include "drivers/registry.h"
#include "io/io.h"

struct world {
    struct io *io;
    struct arena *arena;
    char dir[128];  /* a temporary directory of its own */
    pid_t pids[32]; /* children of the test, to be ended with it */
    size_t pid_count;
};

struct pump {
    struct call *call;
    advance_fn advance;
    enum call_status status;
    /* own */
    struct io *io;
    int *running; /* calls that have not ended, of this run */
    struct effect want;
};

static void pump_on_reply(void *context, const struct reply *reply)
{
    struct pump *pump = context;

    memset(&pump->want, 0, sizeof(pump->want));
    pump->status = pump->advance(pump->call, reply, &pump->want);
    if (pump->status == CALL_WANTS)
        io_start(pump->io, &pump->want, pump_on_reply, pump);
    else if (--*pump->running == 0)
        io_stop(pump->io);
}

/* Runs all the calls at once, each to its end; what came of them is in their `call` and `status`. */
static inline void pump_run_all(struct io *io, struct pump *pumps, int count)
{
    int running = 0;

    for (int i = 0; i < count; i++) {
        pumps[i].io = io;
        pumps[i].running = &running;
        pumps[i].status = pumps[i].advance(pumps[i].call, NULL, &pumps[i].want);
        if (pumps[i].status == CALL_WANTS) {
            running++;
            io_start(io, &pumps[i].want, pump_on_reply, &pumps[i]);
        }
    }
    if (running > 0)
        io_run(io);
}

static inline enum call_status pump_run(struct io *io, advance_fn advance, struct call *call)
{
    struct pump pump = {.call = call, .advance = advance};

    pump_run_all(io, &pump, 1);
    return pump.status;
}

/* JSON written with single quotes; a ` stands for a single quote in a text. Owned by the caller. */
static inline json_t *quoted(const char *text)
{
    char *copy = heap_text(text);
    json_error_t problem;
    json_t *json;

    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at == '`' ? '\'' : *at;
    json = json_loads(copy, JSON_DECODE_ANY, &problem);
    if (!json)
        fail_msg("bad JSON in the test: %s in %s", problem.text, copy);
    free(copy);
    return json;
}

static inline int world_setup(void **state)
{
    struct world *world = heap_alloc(sizeof(*world));

    snprintf(world->dir, sizeof(world->dir), "/tmp/penstock-contract-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->arena = arena_new();
    assert_ok(io_open(-1, &world->io));
    *state = world;
    return 0;
}

/* Remembers a process that the test started, to be ended with it. */
static inline void world_owns(struct world *world, int64_t pid)
{
    assert_true(world->pid_count < 32);
    if (pid > 1)
        world->pids[world->pid_count++] = (pid_t)pid;
}

/* Ends a child now. */
static inline void world_kills(struct world *world, int64_t pid)
{
    for (size_t i = 0; i < world->pid_count; i++) {
        if (world->pids[i] == pid) {
            kill((pid_t)pid, SIGKILL);
            waitpid((pid_t)pid, NULL, 0);
            world->pids[i] = world->pids[--world->pid_count];
            return;
        }
    }
    fail_msg("process %d is not ours", (int)pid);
}

static inline int world_teardown(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < world->pid_count; i++) {
        kill(world->pids[i], SIGKILL);
        waitpid(world->pids[i], NULL, 0);
    }
    io_close(world->io);
    arena_free(world->arena);
    error_free(file_remove_tree(world->dir));
    free(world);
    return 0;
}

/* The call's end, with detail and error to be freed by call_release. */
static inline enum call_status world_call(struct world *world, advance_fn advance, struct call *call)
{
    call->arena = world->arena;
    return pump_run(world->io, advance, call);
}

#define assert_call_done(status, call) assert_call_done_at((status), (call), __FILE__, __LINE__)

static inline void assert_call_done_at(enum call_status status, const struct call *call, const char *file, int line)
{
    char *text;

    if (status == CALL_DONE)
        return;
    text = error_line(call->error);
    print_error("call failed: %s\n%s\n", text, call->evidence ? call->evidence : "");
    free(text);
    _fail(file, line);
}

/* What a failure has to be; `text` is a pattern. */
struct failure {
    enum error_code code;
    enum error_kind kind;
    const char *text;
};

#define assert_call_failed(status, call, code, kind, text) \
    assert_call_failed_at((status), (call), &(struct failure){(code), (kind), (text)}, __FILE__, __LINE__)

static inline void assert_call_failed_at(enum call_status status, const struct call *call, const struct failure *want,
                                         const char *file, int line)
{
    _assert_int_equal(status, CALL_FAILED, file, line);
    if (!text_glob(want->text, call->error->text))
        print_error("error is: %s\n", call->error->text);
    _assert_true(text_glob(want->text, call->error->text), want->text, file, line);
    _assert_int_equal((LargestIntegralType)call->error->code, (LargestIntegralType)want->code, file, line);
    _assert_int_equal((LargestIntegralType)call->error->kind, (LargestIntegralType)want->kind, file, line);
}

#endif
