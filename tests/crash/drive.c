#include "crash/drive.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "crash/launch.h"

#define PROCESSES_MOST 12
#define ARGUMENTS_MOST 6

#define CODE_AT_GATE 8
/* Done, rolled back, at a gate. */
#define EXPECTED_CODES ((1U << 0) | (1U << 6) | (1U << CODE_AT_GATE))

static const struct command_line {
    const char *name;
    const char *arguments[ARGUMENTS_MOST];
} command_lines[] = {
    [NEXT_RELEASE] = {"release", {"release", "prod", "--yes", "--until-gate", "--quiet", NULL}},
    [NEXT_APPROVE] = {"approve", {"approve", "r-1", "--as", "ana", "--yes", NULL}},
    [NEXT_RESUME] = {"resume", {"resume", "r-1", "--until-gate", "--quiet", NULL}},
    [NEXT_NOTHING] = {"nothing", {NULL}},
};

/* What to do next, by what the record says: the first row of the first column. */
static const char next_sql[] =
    "SELECT CASE"
    " WHEN NOT EXISTS (SELECT 1 FROM release) THEN 0"
    " WHEN EXISTS (SELECT 1 FROM release WHERE ended_ms IS NOT NULL) THEN 3"
    " WHEN EXISTS (SELECT 1 FROM gate WHERE state = 'asked')"
    "  AND NOT EXISTS (SELECT 1 FROM decision WHERE decision = 'approve' AND refused IS NULL AND used_seq IS NULL) THEN 1"
    " ELSE 2 END";

const char *next_text(enum next next)
{
    return command_lines[next].name;
}

/* What the record asks for. */
static enum next drive_next(const struct place *place)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/record/record.db", place->state);
    enum next next = NEXT_RELEASE;
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    /* A record that was not finished being made holds no release. */
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, next_sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        next = (enum next)sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db);
    return next;
}

/* What the process said with its exit code leads on as well as what the record says, and need not be read. */
static enum next next_after(enum next did, int code)
{
    if (did == NEXT_APPROVE)
        return NEXT_RESUME;
    return code == CODE_AT_GATE ? NEXT_APPROVE : NEXT_NOTHING;
}

struct driven drive_run(const struct place *place, enum next next, const char *fault, bool plain)
{
    const char *arguments[ARGUMENTS_MOST + 4] = {"penstock", "-C", place->project};
    struct launch launch = {.arguments = arguments, .fault = fault, .output = place->output, .plain = plain};
    struct driven driven = {.then = NEXT_NOTHING};
    int status;

    for (int i = 0; command_lines[next].arguments[i]; i++)
        arguments[i + 3] = command_lines[next].arguments[i];
    status = launch_wait(&launch);
    driven.killed = fault && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!driven.killed && (WIFSIGNALED(status) || !(EXPECTED_CODES >> WEXITSTATUS(status) & 1))) {
        char *output CLEANUP(heap_cleanup) = place_read(place->output);

        driven.finding =
            heap_printf("'%s' ended with %s %d:\n%s", next_text(next), WIFSIGNALED(status) ? "signal" : "code",
                        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), output);
    }
    driven.then = driven.killed ? drive_next(place) : next_after(next, WEXITSTATUS(status));
    return driven;
}

char *drive_to_end(const struct place *place, enum next next, bool plain)
{
    for (int i = 0; i < PROCESSES_MOST && next != NEXT_NOTHING; i++) {
        struct driven driven = drive_run(place, next, NULL, plain);

        if (driven.finding)
            return driven.finding;
        next = driven.then;
    }
    return next == NEXT_NOTHING ? NULL : heap_printf("it has not ended after %d processes", PROCESSES_MOST);
}
