/* Leaving a runner behind: this very program, in a session of its own, with its output in a file of the state directory. */

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/load.h"
#include "cli/print.h"
#include "io/io.h"
#include "store/lease.h"

#define START_MS 10000
#define LOOKS 100
#define LOOK_MS 100
#define LOG_BYTES ((size_t)4096)

struct starting {
    struct io *io;
    struct arena *arena;
    struct process_identity process;
    const char *problem; /* why it did not start; NULL = it did */
};

static void on_started(void *context, const struct reply *reply)
{
    struct starting *own = context;

    if (reply->transport == TRANSPORT_OK)
        own->process = reply->process;
    else
        own->problem = arena_text(own->arena, reply->text ? reply->text : "no reason is known");
    io_stop(own->io);
}

static struct error *start(struct cli *cli, const char *const *argv, const char *log, struct starting *own)
{
    struct effect effect = {.kind = EFFECT_START,
                            .timeout_ms = START_MS,
                            .argv = argv,
                            .env = (const char *const *)environ,
                            .cwd = "/",
                            .log = log};

    own->arena = cli->arena;
    TRY(io_open(-1, &own->io));
    io_start(own->io, &effect, on_started, own);
    io_run(own->io);
    io_close(own->io);
    if (own->problem)
        return error_new(ERR_IO, KIND_PERMANENT, "the runner cannot be started: %s", own->problem);
    return NULL;
}

/* It runs once it holds the lease. If it went before that, its own words say why. */
static struct error *wait_for_lease(struct cli *cli, const char *release, const char *environment, const char *log)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    struct strbuf words CLEANUP(strbuf_release) = STRBUF_INIT(LOG_BYTES);
    const json_t *row;
    bool running = false;

    for (int i = 0; i < LOOKS; i++) {
        TRY(follow_is_running(cli, release, environment, &running));
        if (running)
            return NULL;
        TRY(release_need(cli, release, &row));
        if (text_is(json_get_text(row, "state"), "ended"))
            return NULL;
        nanosleep(&pause, NULL);
    }
    TRY(file_read_tail(log, LOG_BYTES, &words));
    return error_hint(error_new(ERR_IO, KIND_TRANSIENT, "the runner of %s did not take up its work: %s", release,
                                strbuf_view(&words)),
                      "its log is %s", log);
}

struct error *follow_detach(struct cli *cli, const char *release, const char *environment)
{
    struct starting own = {0};
    const char *directory = arena_printf(cli->arena, "%s/logs/%s", cli->state, release);
    const char *log = arena_printf(cli->arena, "%s/runner.log", directory);
    const char *argv[16];
    int count = 0;
    json_t *document;

    cli->about = release;
    argv[count++] = program_path(cli->arena);
    argv[count++] = "--state";
    argv[count++] = cli->state;
    argv[count++] = "--no-input";
    argv[count++] = "--color=never";
    argv[count++] = "resume";
    argv[count++] = release;
    if (cli->options.given[OPTION_UNTIL_GATE])
        argv[count++] = "--until-gate";
    if (cli->options.given[OPTION_TAKEOVER])
        argv[count++] = "--takeover";
    argv[count] = NULL;
    next_add(cli, "follow it", "watch %s", release);
    TRY(file_make_dirs(directory));
    TRY(start(cli, argv, log, &own));
    TRY(wait_for_lease(cli, release, environment, log));
    if (wants_json(cli)) {
        document = document_new("detached");
        json_object_set_new(document, "release", json_string(release));
        json_object_set_new(document, "environment", json_string(environment));
        json_object_set_new(document, "pid", json_integer(own.process.pid));
        json_object_set_new(document, "log", json_string(log));
        json_object_set_new(document, "next", json_incref(cli->next));
        print_document(cli, document);
        return NULL;
    }
    print_text(cli, arena_printf(cli->arena, "%s\n", release));
    say(cli, "release %s runs in the background (pid %d); its log is %s", release, (int)own.process.pid, log);
    return NULL;
}
