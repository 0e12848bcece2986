#include "cli/follow.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/print.h"
#include "run/run.h"
#include "store/lease.h"
#include "view/faces.h"
#include "view/release_view.h"
#include "view/rows.h"

/* The runner's callbacks, and the clock of --timeout. */
struct following {
    struct progress *progress;
    int64_t deadline_ms; /* boot clock; 0 = none */
    bool timed_out;
    bool stopped; /* by a signal or by the clock */
};

struct progress_options follow_form(const struct cli *cli)
{
    struct progress_options options = {.program = program_words(cli),
                                       .stream = stdout,
                                       .screen = cli->out,
                                       .verbose = cli->options.given[OPTION_VERBOSE] > 0};

    /* Data is the last document; what happens on the way is for people, who are at the other stream then. */
    if (cli->output == OUTPUT_JSON) {
        options.stream = stderr;
        options.screen = cli->err;
    }
    if (cli->options.given[OPTION_QUIET])
        options.form = PROGRESS_NONE;
    else if (cli->output == OUTPUT_JSONL)
        options.form = PROGRESS_JSON;
    else
        options.form = options.screen.live ? PROGRESS_LIVE : PROGRESS_LINES;
    return options;
}

static void on_changed(void *context)
{
    struct following *own = context;

    progress_look(own->progress);
    if (own->deadline_ms && !own->timed_out && clock_boot_ms() >= own->deadline_ms) {
        /* The runner's loop takes it as a wish to leave in order, like Ctrl-C. */
        own->timed_out = true;
        kill(getpid(), SIGTERM);
    }
}

static void on_notice(void *context, const char *line)
{
    struct following *own = context;

    progress_notice(own->progress, line);
}

/* The end of looking on; a failure of it is told, but does not change how the release went. */
static void end_progress(struct cli *cli, struct progress *progress)
{
    struct error *error CLEANUP(error_cleanup) = progress_finish(progress);
    char *line CLEANUP(heap_cleanup) = NULL;

    if (!error)
        return;
    line = error_line(error);
    say(cli, "the progress could not be shown: %s", line);
}

static struct error *read_deadline(struct cli *cli, int64_t *out)
{
    int64_t timeout_ms;

    TRY(option_duration(cli, OPTION_TIMEOUT, &timeout_ms));
    *out = timeout_ms ? clock_boot_ms() + timeout_ms : 0;
    return NULL;
}

static int stopped_code(const struct following *own, const struct run_outcome *outcome)
{
    return own->timed_out ? EXIT_CODE_WAITING : EXIT_CODE_SIGNAL + outcome->signal;
}

static void say_stopped(struct cli *cli, const struct following *own, const char *release)
{
    if (own->timed_out)
        say(cli, "the time is over; release %s stays as it is, traffic too, and can be resumed", release);
    else
        say(cli, "stopped; release %s stays as it is, traffic too, and can be resumed", release);
}

static struct error *run_here(struct cli *cli, const char *release, const char *person, struct following *own)
{
    struct run_options options = {.person = person,
                                  .until_gate = cli->options.given[OPTION_UNTIL_GATE] > 0,
                                  .takeover = cli->options.given[OPTION_TAKEOVER] > 0,
                                  .changed = on_changed,
                                  .notice = on_notice,
                                  .context = own};
    struct run_outcome outcome = {0};

    TRY(run_release(cli->record, release, &options, &outcome));
    switch (outcome.result) {
    case RUN_ENDED:
        cli->exit_code = end_exit_code(outcome.end);
        break;
    case RUN_HELD:
        cli->exit_code = EXIT_CODE_FAILED;
        break;
    case RUN_AT_GATE:
        cli->exit_code = EXIT_CODE_WAITING;
        break;
    case RUN_STOPPED:
        cli->exit_code = stopped_code(own, &outcome);
        break;
    }
    own->stopped = outcome.result == RUN_STOPPED;
    return NULL;
}

/* What happened before is not news, except to a program that wants every event. */
static struct error *skip_past(struct cli *cli, const char *release, struct progress_options *form)
{
    if (form->form == PROGRESS_JSON)
        return NULL;
    return rows_last_seq(cli->record, release, &form->after_seq);
}

struct error *follow_through(struct cli *cli, const char *release, const char *person)
{
    struct progress_options form = follow_form(cli);
    struct following own = {0};
    struct error *error;

    cli->about = release;
    TRY(read_deadline(cli, &own.deadline_ms));
    TRY(skip_past(cli, release, &form));
    own.progress = progress_new(cli->record, release, &form);
    error = run_here(cli, release, person, &own);
    end_progress(cli, own.progress);
    if (own.stopped)
        say_stopped(cli, &own, release);
    if (!error)
        return NULL;
    if (error->code == ERR_LEASE_HELD)
        next_add(cli, "follow it", "watch %s", release);
    else
        next_add(cli, "go on, once that is mended", "resume %s", release);
    return error;
}

struct error *follow_run(struct cli *cli, const char *release, const char *person)
{
    TRY(follow_through(cli, release, person));
    return follow_close(cli, release);
}

struct error *follow_is_running(struct cli *cli, const char *release, const char *environment, bool *out)
{
    struct lease_holder holder = {0};
    bool found = false;
    bool locked = false;

    TRY(lease_holder(cli->record, cli->arena, environment, &holder, &found, &locked));
    *out = found && holder.alive && locked && text_is(holder.release, release);
    return NULL;
}

struct error *follow_start(struct cli *cli, const char *release, const char *environment, const char *person)
{
    if (cli->options.given[OPTION_DETACH])
        return follow_detach(cli, release, environment);
    return follow_run(cli, release, person);
}

static volatile sig_atomic_t enough; /* the signal that ends watching */

static void on_signal(int number)
{
    enough = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

enum watch_end { WATCH_ON, WATCH_ENDED, WATCH_GATE, WATCH_HELD, WATCH_TIMEOUT };

/* Does it go on? With --until-gate, a gate ends the watching; so does a hold that no runner will take away. */
static struct error *watch_state(struct cli *cli, const char *release, enum watch_end *out)
{
    json_t *row CLEANUP(json_cleanup) = NULL;
    const char *state;
    bool running;

    TRY(rows_release(cli->record, release, &row));
    state = view_text(row, "state");
    *out = WATCH_ON;
    if (text_is(state, "ended")) {
        *out = WATCH_ENDED;
    } else if (text_is(state, "held")) {
        TRY(follow_is_running(cli, release, view_text(row, "environment"), &running));
        if (!running)
            *out = WATCH_HELD;
    } else if (cli->options.given[OPTION_UNTIL_GATE] && text_is(state, "waiting")) {
        *out = WATCH_GATE;
    }
    return NULL;
}

static void pause_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};

    nanosleep(&time, NULL); /* a signal may cut it short: that is wanted */
}

static struct error *watch_on(struct cli *cli, const char *release, struct progress *progress, bool *left)
{
    int64_t deadline_ms;
    enum watch_end end = WATCH_ON;

    TRY(read_deadline(cli, &deadline_ms));
    for (;;) {
        TRY(watch_state(cli, release, &end));
        progress_look(progress);
        if (end != WATCH_ON || enough)
            break;
        if (deadline_ms && clock_boot_ms() >= deadline_ms) {
            end = WATCH_TIMEOUT;
            break;
        }
        pause_ms(PROGRESS_LOOK_MS);
    }
    if (end == WATCH_GATE || end == WATCH_TIMEOUT)
        cli->exit_code = EXIT_CODE_WAITING;
    else if (end == WATCH_HELD)
        cli->exit_code = EXIT_CODE_FAILED;
    else if (end == WATCH_ON)
        cli->exit_code = EXIT_CODE_SIGNAL + enough;
    *left = end == WATCH_TIMEOUT || end == WATCH_ON;
    return NULL;
}

/* Where it stands before the first line comes. */
static struct error *show_where(struct cli *cli, const char *release)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    TRY(release_view_read(cli->record, cli->arena, release, program_words(cli), &view));
    release_text(&view, &cli->out, &text);
    waiting_text(&view, &cli->out, &text);
    if (cli->output == OUTPUT_TEXT)
        print_wrapped(cli, strbuf_view(&text));
    return NULL;
}

struct error *follow_watch(struct cli *cli, const char *release)
{
    struct progress_options form = follow_form(cli);
    struct progress *progress;
    struct error *error;
    bool left = false;

    TRY(skip_past(cli, release, &form));
    if (form.form == PROGRESS_LINES)
        TRY(show_where(cli, release));
    if (cli->output == OUTPUT_TEXT)
        say(cli, "Ctrl-C ends the watching only; the release goes on");
    progress = progress_new(cli->record, release, &form);
    catch_signals();
    error = watch_on(cli, release, progress, &left);
    end_progress(cli, progress);
    if (error)
        return error;
    if (left)
        say(cli, "not watching any more; nothing else has changed for release %s", release);
    return follow_close(cli, release);
}

struct error *follow_close(struct cli *cli, const char *release)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *next CLEANUP(json_cleanup) = NULL;
    json_t *document;
    enum release_end end;

    TRY(release_view_read(cli->record, cli->arena, release, program_words(cli), &view));
    if (view_has_ended(&view) && cli->exit_code == EXIT_CODE_DONE && end_parse(view_text(view.release, "end"), &end))
        cli->exit_code = end_exit_code(end);
    next = view_next(&view);
    next_add_all(cli, next);
    if (cli->output == OUTPUT_JSON) {
        TRY(show_document(&view, &document));
        json_object_set_new(document, "exit_code", json_integer(cli->exit_code));
        print_document(cli, document);
        return NULL;
    }
    if (cli->output == OUTPUT_JSONL)
        return NULL;
    if (cli->options.given[OPTION_QUIET])
        release_text(&view, &cli->out, &text);
    TRY(failures_text(&view, &cli->out, &text));
    print_wrapped(cli, strbuf_view(&text));
    return NULL;
}
