#include "crash/drive.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"

#define PROCESS_SECONDS 20
#define PROCESSES_MOST 12
#define ARGUMENTS_MOST 6

/* Exit codes: done, rolled back, at a gate. */
#define EXPECTED_CODES ((1U << 0) | (1U << 6) | (1U << 8))

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

enum next drive_next(const struct place *place)
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

static _Noreturn void be_penstock(const struct place *place, enum next next, const char *fault)
{
    const char *argv[ARGUMENTS_MOST + 4] = {"penstock", "-C", place->project};
    int output = open(place->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int count = 3;

    for (int i = 0; command_lines[next].arguments[i]; i++)
        argv[count++] = command_lines[next].arguments[i];
    if (dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(127);
    if (fault)
        setenv("PENSTOCK_FAULT", fault, 1);
    else
        unsetenv("PENSTOCK_FAULT");
    alarm(PROCESS_SECONDS);
    exit(cli_main(count, (char **)argv));
}

bool drive_run(const struct place *place, enum next next, const char *fault, char **finding)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        be_penstock(place, next, fault);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("cannot start a process");
    if (fault && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    if (WIFSIGNALED(status) || !(EXPECTED_CODES >> WEXITSTATUS(status) & 1)) {
        char *output CLEANUP(heap_cleanup) = place_read(place->output);

        *finding = heap_printf("'%s' ended with %s %d:\n%s", next_text(next), WIFSIGNALED(status) ? "signal" : "code",
                               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), output);
    }
    return false;
}

bool drive_to_end(const struct place *place, char **finding)
{
    for (int i = 0; i < PROCESSES_MOST; i++) {
        enum next next = drive_next(place);

        if (next == NEXT_NOTHING)
            return true;
        drive_run(place, next, NULL, finding);
        if (*finding)
            return false;
    }
    *finding = heap_printf("it has not ended after %d processes", PROCESSES_MOST);
    return false;
}
