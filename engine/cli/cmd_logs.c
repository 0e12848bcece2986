/* logs: the last lines of what instances, builds and commands wrote, and what they go on writing. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/print.h"
#include "store/record.h"
#include "view/rows.h"

#define LINES_DEFAULT 20
#define TAIL_BYTES ((size_t)4 * 1024 * 1024)
#define PIECE_BYTES 16384
#define LOOK_MS 250

/* One file that the release wrote to. */
struct log_file {
    const char *name; /* an instance, or "stage: title" */
    const char *stage;
    const char *path;
    int fd; /* while it is followed; -1 = not there yet */
};

struct log_list {
    struct log_file *files;
    size_t count, capacity;
};

static void add_file(struct cli *cli, struct log_list *list, const char *name, const char *stage, const char *path)
{
    struct log_file *file;

    if (!path || !*path)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (text_is(list->files[i].path, path))
            return;
    file = ARENA_PUSH(cli->arena, list->files, list->count, list->capacity);
    *file = (struct log_file){.name = arena_text(cli->arena, name),
                              .stage = arena_text(cli->arena, stage),
                              .path = arena_text(cli->arena, path),
                              .fd = -1};
}

/* Builds and commands: their logs stand in the plan's parameters. */
static struct error *add_steps(struct cli *cli, const json_t *release, struct log_list *list)
{
    json_t *plan CLEANUP(json_cleanup) = NULL;
    const json_t *stages;
    const char *bytes;
    size_t length;
    size_t index;
    const json_t *step;

    TRY(evidence_get(cli->record, cli->arena, json_get_text(release, "plan"), &bytes, &length));
    TRY(json_parse(bytes, length, "the plan", &plan));
    stages = json_object_get(plan, "stages");
    json_array_foreach(json_object_get(plan, "steps"), index, step)
    {
        const json_t *stage = json_array_get(stages, (size_t)json_get_int(step, "stage", 0));
        const char *verb = json_get_text(step, "verb");

        if (text_is(verb, "instance.create"))
            continue;
        add_file(cli, list,
                 arena_printf(cli->arena, "%s: %s", json_get_text(stage, "name"), json_get_text(step, "title")),
                 json_get_text(stage, "name"), json_get_text(json_object_get(step, "params"), "log"));
    }
    return NULL;
}

static struct error *add_instances(struct cli *cli, const char *release, struct log_list *list)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *row;

    TRY(rows_of(cli->record, "instances", release, &rows));
    json_array_foreach(rows, index, row)
    {
        if (!text_is(json_get_text(row, "state"), "planned"))
            add_file(cli, list, json_get_text(row, "name"), "", json_get_text(row, "log"));
    }
    return NULL;
}

/* What a runner that was left behind has said. */
static void add_runner(struct cli *cli, struct log_list *list)
{
    const char *path = arena_printf(cli->arena, "%s/logs/%s/runner.log", cli->state, cli->about);

    if (file_exists(path))
        add_file(cli, list, "runner", "", path);
}

/* Leaves those that `typed` means: a stage, a whole name, or a part of names. */
static struct error *select_files(struct cli *cli, struct log_list *list, const char *typed)
{
    struct strbuf names CLEANUP(strbuf_release) = STRBUF_INIT(0);
    bool exact = false;
    size_t kept = 0;

    if (!typed)
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        exact = exact || text_is(list->files[i].name, typed) || text_is(list->files[i].stage, typed);
        strbuf_printf(&names, "%s%s", i ? ", " : "", list->files[i].name);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct log_file *file = &list->files[i];
        bool whole = text_is(file->name, typed) || text_is(file->stage, typed);

        if (exact ? whole : strstr(file->name, typed) != NULL)
            list->files[kept++] = *file;
    }
    list->count = kept;
    if (kept > 0)
        return NULL;
    return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "%s has no log of '%s'", cli->about, typed),
                      "its logs: %s", strbuf_view(&names));
}

/* Where the last `lines` lines begin. */
static const char *tail_of(const char *text, size_t length, int64_t lines)
{
    const char *at = text + length;

    if (at > text && at[-1] == '\n')
        at--;
    for (; at > text; at--)
        if (at[-1] == '\n' && --lines == 0)
            break;
    return at;
}

static struct error *show_one(struct cli *cli, const struct log_file *file, int64_t lines, bool heading, json_t *logs)
{
    struct strbuf bytes CLEANUP(strbuf_release) = STRBUF_INIT(TAIL_BYTES);
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(2 * TAIL_BYTES);
    const char *tail;

    TRY(file_read_tail(file->path, TAIL_BYTES, &bytes));
    text_clean(&clean, strbuf_view(&bytes), bytes.length);
    tail = tail_of(strbuf_view(&clean), clean.length, lines);
    if (wants_json(cli)) {
        json_array_append_new(logs, json_pack("{s:s, s:s, s:s}", "name", file->name, "path", file->path, "text", tail));
        return NULL;
    }
    if (heading)
        print_text(cli, arena_printf(cli->arena, "==> %s <==\n", file->name));
    print_text(cli, tail);
    if (*tail && !text_ends(tail, "\n"))
        print_text(cli, "\n");
    if (!*tail)
        say(cli, "%s is %s", file->path, file_exists(file->path) ? "empty" : "not there (any more)");
    return NULL;
}

/* A log whose middle was taken out is shorter than what was read of it: what comes from here on is shown. */
static void follow_shortened(int fd)
{
    off_t at = lseek(fd, 0, SEEK_CUR);

    if (lseek(fd, 0, SEEK_END) >= at)
        (void)lseek(fd, at, SEEK_SET);
}

/* What was added since the last look. */
static void follow_one(struct cli *cli, struct log_file *file, bool heading, const struct log_file **last)
{
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char piece[PIECE_BYTES];
    ssize_t got;

    if (file->fd < 0)
        file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    follow_shortened(file->fd);
    while (file->fd >= 0 && (got = read(file->fd, piece, sizeof(piece))) > 0)
        text_clean(&clean, piece, (size_t)got);
    if (clean.length == 0)
        return;
    if (heading && *last != file)
        print_text(cli, arena_printf(cli->arena, "==> %s <==\n", file->name));
    *last = file;
    print_text(cli, strbuf_view(&clean));
}

/* Until a signal ends the process: nothing is held that would have to be given back. */
static void follow_all(struct cli *cli, struct log_list *list)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    const struct log_file *last = NULL;

    for (size_t i = 0; i < list->count; i++) {
        list->files[i].fd = open(list->files[i].path, O_RDONLY | O_CLOEXEC);
        if (list->files[i].fd >= 0)
            (void)lseek(list->files[i].fd, 0, SEEK_END);
    }
    for (;;) {
        for (size_t i = 0; i < list->count; i++)
            follow_one(cli, &list->files[i], list->count > 1, &last);
        nanosleep(&pause, NULL);
    }
}

/* One document, or one line a log. */
static void print_logs(struct cli *cli, const json_t *logs)
{
    json_t *document;
    size_t index;
    json_t *log;

    if (cli->output == OUTPUT_JSONL) {
        json_array_foreach(logs, index, log)
        {
            print_document(cli, json_incref(log));
        }
        return;
    }
    document = document_new("logs");
    json_object_set_new(document, "release", json_string(cli->about));
    json_object_set(document, "logs", (json_t *)logs);
    print_document(cli, document);
}

struct error *cmd_logs(struct cli *cli)
{
    json_t *logs CLEANUP(json_cleanup) = json_array();
    const char *const *arguments = cli->options.arguments;
    struct log_list list = {0};
    const json_t *release;
    int64_t lines;

    TRY(option_number(cli, OPTION_LINES, LINES_DEFAULT, &lines));
    if (cli->options.given[OPTION_FOLLOW] && wants_json(cli))
        return error_new(ERR_USAGE, KIND_PERMANENT, "--follow has no JSON form");
    TRY(record_need(cli, RECORD_READ));
    TRY(release_need(cli, arguments[0], &release));
    TRY(add_steps(cli, release, &list));
    TRY(add_instances(cli, cli->about, &list));
    add_runner(cli, &list);
    TRY(select_files(cli, &list, arguments[1]));
    if (list.count == 0)
        say(cli, "%s wrote no logs", cli->about);
    for (size_t i = 0; i < list.count; i++)
        TRY(show_one(cli, &list.files[i], lines, list.count > 1, logs));
    if (wants_json(cli))
        print_logs(cli, logs);
    if (cli->options.given[OPTION_FOLLOW])
        follow_all(cli, &list);
    return NULL;
}
