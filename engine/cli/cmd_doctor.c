/* doctor: looks at everything that a release needs on this machine, changes nothing, and says what helps. */

#include <arpa/inet.h>
#include <errno.h>
#include <fts.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/print.h"
#include "drivers/child.h"
#include "drivers/traffic/haproxy_reply.h"
#include "io/io.h"
#include "plan/facts.h"
#include "spec/diagnostics.h"
#include "spec/project.h"
#include "unit/source.h"

#define LOOK_MS 5000
#define DOOR_MOST_BYTES ((size_t)8 * 1024 * 1024)
#define MIB ((uint64_t)1024 * 1024)
#define DISK_LEAST_MIB 200
#define DISK_LITTLE_MIB 2048
#define LOGS_MANY_MIB 1024
#define YEAR_2024_MS INT64_C(1704067200000)

enum finding { FINDING_OK, FINDING_WARNING, FINDING_FAILED };

static const char *const finding_texts[] = {"ok", "warning", "failed"};
static const enum mark_kind finding_marks[] = {MARK_DONE, MARK_WARN, MARK_FAILED};

struct examination {
    struct cli *cli;
    json_t *checks;
    bool failed;
};

/* `fix` is a command or a sentence; NULL = nothing to do. */
static void found(struct examination *own, enum finding finding, const char *name, const char *text, const char *fix)
{
    json_array_append_new(own->checks, json_pack("{s:s, s:s, s:s, s:s?}", "name", name, "state", finding_texts[finding],
                                                 "text", text, "fix", fix));
    own->failed = own->failed || finding == FINDING_FAILED;
    if (wants_json(own->cli))
        return;
    print_wrapped(own->cli, arena_printf(own->cli->arena, "%s %s: %s\n",
                                         screen_mark(&own->cli->out, finding_marks[finding]), name, text));
    if (fix)
        print_text(own->cli, arena_printf(own->cli->arena, "    %s\n", fix));
}

/* A finding from an error, which is freed. */
static void found_error(struct examination *own, const char *name, struct error *error)
{
    char *line CLEANUP(heap_cleanup) = error_line(error);
    const struct error *at = error;

    while (at->cause && !at->hint)
        at = at->cause;
    found(own, FINDING_FAILED, name, line, at->hint ? placed_words(own->cli, at->hint) : NULL);
    error_free(error);
}

/* One effect, and what came of it. */
struct looking {
    struct io *io;
    struct arena *arena;
    enum transport_result transport;
    int status;
    const char *text;
};

static void on_reply(void *context, const struct reply *reply)
{
    struct looking *own = context;

    own->transport = reply->transport;
    own->status = reply->status;
    own->text = arena_text_n(own->arena, reply->text ? reply->text : "", reply->text ? reply->length : 0);
    io_stop(own->io);
}

static struct error *look_at(struct cli *cli, const struct effect *effect, struct looking *out)
{
    *out = (struct looking){.arena = cli->arena, .text = ""};
    TRY(io_open(-1, &out->io));
    io_start(out->io, effect, on_reply, out);
    io_run(out->io);
    io_close(out->io);
    return NULL;
}

static void check_repository(struct examination *own)
{
    struct cli *cli = own->cli;
    const char *path = project_path(cli, cli->project->repository);
    struct source_commit commit = {0};
    struct error *error = source_resolve(cli->arena, path, NULL, &commit);

    if (error)
        found_error(own, "repository", error);
    else if (file_exists(arena_printf(cli->arena, "%s/.git/shallow", path)))
        found(own, FINDING_WARNING, "repository",
              arena_printf(cli->arena, "%s is a shallow clone: older commits cannot be released", path),
              arena_printf(cli->arena, "git -C '%s' fetch --unshallow", path));
    else
        found(own, FINDING_OK, "repository",
              arena_printf(cli->arena, "%s is at %s %s", path, commit.short_id, commit.subject), NULL);
}

/* The directory itself, or the nearest above it that is there. */
static const char *existing(struct arena *arena, const char *path)
{
    char *at = arena_text(arena, path);

    while (!file_exists(at)) {
        char *slash = strrchr(at, '/');

        if (!slash || slash == at)
            return "/";
        *slash = '\0';
    }
    return at;
}

static void check_record(struct examination *own)
{
    struct cli *cli = own->cli;
    struct error *error = record_open(cli->state, RECORD_READ, &cli->record);
    int64_t rows = 0;

    if (error && error->code == ERR_NOT_FOUND) {
        error_free(error);
        found(own, FINDING_OK, "record",
              arena_printf(cli->arena, "none in %s yet; the first release makes it", cli->state), NULL);
        return;
    }
    if (!error)
        error = journal_verify(cli->record, &rows);
    if (error)
        found_error(own, "record", error);
    else
        found(own, FINDING_OK, "record",
              arena_printf(cli->arena, "%s is whole: %lld rows", cli->state, (long long)rows), NULL);
}

static void check_state_directory(struct examination *own)
{
    struct cli *cli = own->cli;
    const char *path = existing(cli->arena, cli->state);

    if (access(path, W_OK | X_OK) != 0)
        found(own, FINDING_FAILED, "state directory", arena_printf(cli->arena, "%s may not be written to", path),
              arena_printf(cli->arena, "sudo chown $(id -u) '%s'", path));
    else
        found(own, FINDING_OK, "state directory", arena_printf(cli->arena, "%s can be written to", path), NULL);
}

static void check_disk(struct examination *own)
{
    struct arena *arena = own->cli->arena;
    const char *path = existing(arena, own->cli->state);
    struct statvfs file_system;
    uint64_t free_mib;
    enum finding finding;

    if (statvfs(path, &file_system) != 0) {
        found(own, FINDING_WARNING, "disk", arena_printf(arena, "%s: %s", path, strerror(errno)), NULL);
        return;
    }
    free_mib = (uint64_t)file_system.f_bavail * file_system.f_frsize / MIB;
    finding = free_mib < DISK_LEAST_MIB ? FINDING_FAILED : free_mib < DISK_LITTLE_MIB ? FINDING_WARNING : FINDING_OK;
    found(own, finding, "disk", arena_printf(arena, "%llu MiB are free at %s", (unsigned long long)free_mib, path),
          finding == FINDING_OK ? NULL : arena_printf(arena, "du -xh '%s' | sort -h | tail", path));
}

/* Commands' logs are kept short; an instance's grows as long as it lives, and nobody else looks at it. */
static void check_logs(struct examination *own)
{
    struct arena *arena = own->cli->arena;
    const char *path = arena_printf(arena, "%s/logs", own->cli->state);
    char *const roots[] = {arena_text(arena, path), NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL, NULL);
    const char *longest = NULL;
    uint64_t most = 0, sum = 0;
    const FTSENT *entry;

    while (walk && (entry = fts_read(walk))) {
        uint64_t size = entry->fts_info == FTS_F ? (uint64_t)entry->fts_statp->st_size : 0;

        sum += size;
        if (size > most) {
            most = size;
            longest = arena_text(arena, entry->fts_path);
        }
    }
    if (walk)
        fts_close(walk);
    if (sum >= LOGS_MANY_MIB * MIB)
        found(own, FINDING_WARNING, "logs",
              arena_printf(arena, "%llu MiB in %s", (unsigned long long)(sum / MIB), path),
              arena_printf(arena, "the longest may be emptied while it is written to: truncate -s 0 '%s'", longest));
}

static void check_clock(struct examination *own)
{
    struct timex state = {0};

    if (clock_wall_ms() < YEAR_2024_MS || !*clock_boot_id())
        found(own, FINDING_FAILED, "clock",
              arena_printf(own->cli->arena, "it shows %s", time_text(own->cli->arena, clock_wall_ms())),
              "sudo timedatectl set-ntp true");
    else if (adjtimex(&state) == TIME_ERROR)
        found(own, FINDING_WARNING, "clock",
              arena_printf(own->cli->arena, "%s; nothing keeps it in step with others",
                           time_text(own->cli->arena, clock_wall_ms())),
              "sudo timedatectl set-ntp true");
    else
        found(own, FINDING_OK, "clock", time_text(own->cli->arena, clock_wall_ms()), NULL);
}

/* "HAProxy version 2.6.12-1 2022/..." -> "2.6.12-1" */
static const char *version_of(struct arena *arena, const char *text)
{
    const char *at = strstr(text, "ersion");

    if (!at)
        return "unknown";
    at += strlen("ersion");
    at += strspn(at, ": ");
    return arena_text_n(arena, at, strcspn(at, " \n"));
}

static void check_haproxy(struct examination *own)
{
    static const char *const argv[] = {"haproxy", "-v", NULL};
    static const char *const env[] = {CHILD_PATH, NULL};
    struct effect effect = {.kind = EFFECT_RUN,
                            .timeout_ms = LOOK_MS,
                            .argv = argv,
                            .env = env,
                            .cwd = "/",

                            .keep_output = true};
    struct looking looking;
    struct error *error = look_at(own->cli, &effect, &looking);

    if (error)
        found_error(own, "haproxy", error);
    else if (looking.transport != TRANSPORT_OK || looking.status != 0)
        found(own, FINDING_FAILED, "haproxy", "the program is not there", "sudo apt-get install haproxy");
    else
        found(own, FINDING_OK, "haproxy",
              arena_printf(own->cli->arena, "version %s", version_of(own->cli->arena, looking.text)), NULL);
}

/* A pool in which the live unit has traffic by the record, and nobody by the front door; NULL: there is none. */
static const char *unserved_pool(struct examination *own, const char *environment, const struct haproxy_seen *seen)
{
    struct facts facts = {0};
    const json_t *pool;
    size_t i;

    if (!own->cli->record)
        return NULL;
    error_free(facts_read(own->cli->record, own->cli->arena, environment, &facts));
    json_array_foreach(facts.pools, i, pool)
    {
        bool served = false;

        for (size_t k = 0; k < seen->server_count; k++)
            served = served || (text_is(seen->servers[k].pool, json_string_value(pool)) &&
                                seen->servers[k].state == HAPROXY_READY && seen->servers[k].weight > 0);
        if (!served)
            return json_string_value(pool);
    }
    return NULL;
}

static void check_socket(struct examination *own, const char *environment, const char *socket_path)
{
    struct arena *arena = own->cli->arena;
    const char *name = arena_printf(arena, "front door of %s", environment);
    const char *question = arena_printf(arena, "%s\n", haproxy_question(arena, NULL, false));
    struct effect effect = {.kind = EFFECT_LINE,
                            .timeout_ms = LOOK_MS,
                            .limit_bytes = DOOR_MOST_BYTES,
                            .path = socket_path,
                            .text = question};
    struct haproxy_seen seen = {0};
    struct looking looking;
    struct error *error = look_at(own->cli, &effect, &looking);
    const char *pool;

    if (!error && looking.transport == TRANSPORT_OK)
        error = haproxy_read_seen(arena, looking.text, strlen(looking.text), &seen);
    pool = error ? NULL : unserved_pool(own, environment, &seen);
    if (error)
        found_error(own, name, error);
    else if (looking.transport != TRANSPORT_OK)
        found(own, FINDING_FAILED, name, arena_printf(arena, "HAProxy does not answer at %s", socket_path),
              arena_printf(arena, "add to its global section: stats socket %s level admin", socket_path));
    else if (pool)
        found(own, FINDING_FAILED, name,
              arena_printf(arena, "HAProxy has nobody who serves pool '%s': it forgets servers when it is reloaded",
                           pool),
              arena_printf(arena, "penstock release %s", environment));
    else
        found(own, FINDING_OK, name,
              arena_printf(arena, "HAProxy %s answers at %s", seen.version ? seen.version : "", socket_path), NULL);
}

/* 0: free; else why it cannot be bound. */
static int try_bind(const char *bind_text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(bind_text, ':');
    char host[64] = "";
    int one = 1;
    int result;
    int fd;

    if (!colon || (size_t)(colon - bind_text) >= sizeof(host))
        return 0; /* of another form: HAProxy says more about it than we could */
    memcpy(host, bind_text, (size_t)(colon - bind_text));
    address.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return 0;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    result = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    close(fd);
    return result;
}

/* The environment's own managed front door is the one that may have the port. */
static bool is_ours(struct examination *own, const char *environment, const char *bind_text)
{
    struct facts facts = {0};
    struct error *error;

    if (!own->cli->record)
        return false;
    error = facts_read(own->cli->record, own->cli->arena, environment, &facts);
    error_free(error);
    return !error && facts.door && text_is(json_get_text(facts.door, "bind"), bind_text);
}

static void check_port(struct examination *own, const char *environment, const char *bind_text)
{
    struct arena *arena = own->cli->arena;
    const char *name = arena_printf(arena, "front door of %s", environment);
    int problem = try_bind(bind_text);

    if (problem == 0)
        found(own, FINDING_OK, name, arena_printf(arena, "%s is free", bind_text), NULL);
    else if (problem == EADDRINUSE && is_ours(own, environment, bind_text))
        found(own, FINDING_OK, name, arena_printf(arena, "%s is served by its own HAProxy", bind_text), NULL);
    else
        found(own, FINDING_FAILED, name, arena_printf(arena, "%s: %s", bind_text, strerror(problem)),
              problem == EADDRINUSE ? arena_printf(arena, "ss -ltnp 'sport = :%s'", strrchr(bind_text, ':') + 1)
                                    : NULL);
}

/* The files, and what the front doors that they name need. */
static struct error *check_environments(struct examination *own)
{
    struct cli *cli = own->cli;
    bool managed = false;
    struct pipeline_spec **pipelines =
        arena_array(cli->arena, (size_t)cli->project->environment_count + 1, sizeof(struct pipeline_spec *));

    for (int i = 0; i < cli->project->environment_count; i++)
        error_free(pipeline_load(cli, &cli->project->environments[i], &pipelines[i]));
    TRY(diagnostics_error(cli->problems));
    found(own, FINDING_OK, "files",
          arena_printf(cli->arena, "%s and %d pipeline%s are valid", cli->project->file,
                       cli->project->environment_count, cli->project->environment_count == 1 ? "" : "s"),
          NULL);
    for (int i = 0; i < cli->project->environment_count; i++)
        managed = managed || pipelines[i]->traffic.managed_bind;
    if (managed)
        check_haproxy(own);
    for (int i = 0; i < cli->project->environment_count; i++) {
        const char *name = cli->project->environments[i].name;

        if (pipelines[i]->traffic.managed_bind)
            check_port(own, name, pipelines[i]->traffic.managed_bind);
        else if (pipelines[i]->traffic.socket)
            check_socket(own, name, project_path(cli, pipelines[i]->traffic.socket));
    }
    return NULL;
}

static struct error *examine(struct examination *own)
{
    TRY(project_load(own->cli));
    TRY(state_need(own->cli));
    check_repository(own);
    check_state_directory(own);
    check_record(own);
    check_disk(own);
    check_logs(own);
    check_clock(own);
    return check_environments(own);
}

struct error *cmd_doctor(struct cli *cli)
{
    json_t *checks CLEANUP(json_cleanup) = json_array();
    struct examination own = {.cli = cli, .checks = checks};
    json_t *document;

    TRY(examine(&own));
    if (own.failed)
        cli->exit_code = EXIT_CODE_FAILED;
    else
        next_add(cli, "see what a release would do", "plan %s", cli->project->environments[0].name);
    if (!wants_json(cli))
        return NULL;
    document = document_new("doctor");
    json_object_set_new(document, "healthy", json_boolean(!own.failed));
    json_object_set(document, "checks", checks);
    print_document(cli, document);
    return NULL;
}
