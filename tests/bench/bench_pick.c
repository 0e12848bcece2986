/*
 * B13: a cherry-pick in memory and the branch moved by compare-and-swap, synced; against `git cherry-pick -x` in a clean work
 * tree. 5000 and 50000 files, loose and packed. Each has a repository of its own, made of the same stream, and each round
 * picks a commit that nobody has picked. Both must make the same commit.
 */

#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "unit/branch.h"
#include "unit/pick.h"

#define ROUNDS 11
#define FIXES (2 * ROUNDS + 4) /* bench_goes_on() may ask for twice as many rounds */
#define LINES 24
#define DIRECTORY_FILES 100
#define WHEN 1767323045
#define WHO "Ada Lovelace"
#define MAIL "ada@example.org"

extern char **environ;

struct repositories {
    const char *ours;
    const char *gits;
    char release[41];
    char fixes[FIXES][41];
};

/* ------------------------------------------------------------------------------------------------ making them */

static void shell(const char *format, ...) PRINTF_LIKE(1, 2);

static void shell(const char *format, ...)
{
    char command[4000];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        bench_fail("this failed: %s", command);
}

/* A line is changed to say `word`; 0 = none. */
static void write_file(FILE *out, int number, int line, const char *word)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 1; i <= LINES; i++)
        strbuf_printf(&text, "line %d of file %d %s\n", i, number, i == line ? word : "as it was");
    fprintf(out, "M 100644 inline d%03d/f%02d.c\ndata %zu\n%s\n", number / DIRECTORY_FILES, number % DIRECTORY_FILES,
            text.length, strbuf_view(&text));
}

static void write_commit(FILE *out, const char *branch, int mark, int parent)
{
    fprintf(out, "commit refs/heads/%s\nmark :%d\nauthor Grace <grace@example.org> %d +0000\n", branch, mark,
            WHEN - 1000 + mark);
    fprintf(out, "committer Grace <grace@example.org> %d +0000\ndata 9\ncommit %2d\n", WHEN - 1000 + mark, mark % 100);
    if (parent)
        fprintf(out, "from :%d\n", parent);
}

/* One of a fix's two files was changed by the release too, elsewhere in it. */
static int fixed_file(int fix, int which, int files)
{
    return (fix * 97 + which * 41) % files;
}

static void write_stream(const char *path, int files)
{
    FILE *out = fopen(path, "we");

    BENCH_CHECK(out != NULL);
    write_commit(out, "main", 1, 0);
    for (int i = 0; i < files; i++)
        write_file(out, i, 0, "");
    write_commit(out, "release", 2, 1);
    for (int i = 0; i < FIXES; i++)
        write_file(out, fixed_file(i, 0, files), 3, "on the release");
    for (int i = 0; i < FIXES; i++) {
        char branch[32];

        snprintf(branch, sizeof(branch), "fix/%d", i);
        write_commit(out, branch, 10 + i, 1);
        for (int which = 0; which < 2; which++)
            write_file(out, fixed_file(i, which, files), LINES - 4, "mended");
    }
    BENCH_CHECK(fclose(out) == 0);
}

static void read_marks(const char *path, struct repositories *out)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *at;
    int mark, length, found = 0;
    char id[41];

    bench_must(file_read(path, &text));
    for (at = strbuf_view(&text); sscanf(at, ":%d %40s\n%n", &mark, id, &length) == 2; at += length, found++)
        if (mark == 2)
            memcpy(out->release, id, sizeof(id));
        else if (mark >= 10)
            memcpy(out->fixes[mark - 10], id, sizeof(id));
    BENCH_CHECK(found == FIXES + 2);
}

static void make_repository(const char *path, const char *stream, bool packed)
{
    shell("git init -q '%s' && cd '%s' && git config gc.auto 0 && git config maintenance.auto false &&"
          " git fast-import --quiet --export-marks='%s.marks' <'%s'",
          path, path, stream, stream);
    if (!packed)
        shell("cd '%s' && mv .git/objects/pack/*.pack .git/ && rm -f .git/objects/pack/* &&"
              " cat .git/*.pack | git unpack-objects -q && rm .git/*.pack",
              path);
    shell("cd '%s' && git checkout -q --detach release", path);
}

static void make_repositories(const char *scratch, int files, bool packed, struct repositories *out)
{
    char *stream CLEANUP(heap_cleanup) = heap_printf("%s/stream", scratch);
    char *marks CLEANUP(heap_cleanup) = heap_printf("%s.marks", stream);

    out->ours = heap_printf("%s/ours", scratch);
    out->gits = heap_printf("%s/gits", scratch);
    write_stream(stream, files);
    make_repository(out->ours, stream, packed);
    make_repository(out->gits, stream, packed);
    read_marks(marks, out);
    shell("sync -f '%s'", scratch);
}

/* ------------------------------------------------------------------------------------------------ one round */

static double time_ours(const struct repositories *repositories, int fix, char tip[41])
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    const char *commits[] = {repositories->fixes[fix]};
    const struct pick_request request = {.repository = repositories->ours,
                                         .commits = commits,
                                         .count = 1,
                                         .onto = repositories->release,
                                         .committer = {WHO, MAIL, WHEN, 0},
                                         .keep = true};
    char branch[32];
    const struct branch_change change = {
        .repository = repositories->ours, .branch = branch, .name = WHO, .mail = MAIL, .message = "pick"};
    struct pick_result result;
    double begun;

    snprintf(branch, sizeof(branch), "thrown/%d", fix);
    bench_must(branch_create(&change, repositories->release));
    begun = bench_now_ms();
    bench_must(pick_commits(arena, &request, &result));
    BENCH_CHECK(result.verdict == PICK_CLEAN);
    bench_must(branch_move(&change, repositories->release, result.tip));
    begun = bench_now_ms() - begun;
    memcpy(tip, result.tip, 41);
    return begun;
}

static double time_git(const struct repositories *repositories, int fix)
{
    char *const argv[] = {"git",         "-C", (char *)(uintptr_t)repositories->gits,
                          "cherry-pick", "-x", (char *)(uintptr_t)repositories->fixes[fix],
                          NULL};
    posix_spawn_file_actions_t actions;
    double begun;
    pid_t pid;
    int status;

    shell("cd '%s' && git reset -q --hard release", repositories->gits);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    begun = bench_now_ms();
    BENCH_CHECK(posix_spawnp(&pid, "git", &actions, NULL, argv, environ) == 0);
    BENCH_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    begun = bench_now_ms() - begun;
    posix_spawn_file_actions_destroy(&actions);
    return begun;
}

static void check_same(const struct repositories *repositories, const char tip[41])
{
    shell("test \"$(git -C '%s' rev-parse HEAD)\" = %s", repositories->gits, tip);
}

static void measure(struct bench *bench, int files, bool packed)
{
    char *scratch CLEANUP(heap_cleanup) = bench_scratch(bench->id);
    struct repositories repositories;
    char tip[41];
    int fix = 0;

    make_repositories(scratch, files, packed, &repositories);
    time_ours(&repositories, fix, tip); /* the first finds the caches cold */
    time_git(&repositories, fix++);
    while (bench_goes_on(bench, ROUNDS) && fix < FIXES) {
        bool first = bench_ours_first(bench);
        double ours = first ? time_ours(&repositories, fix, tip) : 0;
        double floor = time_git(&repositories, fix);

        if (!first)
            ours = time_ours(&repositories, fix, tip);
        check_same(&repositories, tip);
        bench_round(bench, ours, floor);
        fix++;
    }
    snprintf(bench->note, sizeof(bench->note), "git %.1f ms", bench_median(bench->floor, bench->count));
    bench_print(bench);
    free((char *)(uintptr_t)repositories.ours);
    free((char *)(uintptr_t)repositories.gits);
    bench_must(file_remove_tree(scratch));
}

int main(void)
{
    static struct bench benches[] = {
        {.id = "B13", .title = "a pick onto 5000 files, loose / git cherry-pick", .unit = "ms", .limit = 1.0},
        {.id = "B13p", .title = "the same, packed", .unit = "ms", .limit = 0.8},
        {.id = "B13l", .title = "a pick onto 50000 files, loose / git cherry-pick", .unit = "ms", .limit = 1.0},
        {.id = "B13lp", .title = "the same, packed", .unit = "ms", .limit = 0.8},
    };

    setenv("GIT_COMMITTER_NAME", WHO, 1);
    setenv("GIT_COMMITTER_EMAIL", MAIL, 1);
    setenv("GIT_COMMITTER_DATE", "1767323045 +0000", 1);
    for (int i = 0; i < 4; i++)
        measure(&benches[i], i < 2 ? 5000 : 50000, i % 2 == 1);
    return 0;
}
