/*
 * The fast crash sweep: a release of commands is killed with SIGKILL at each fault point that it passes, and gone on
 * with; then, for each of these, killed once more at each fault point that the recovery passes. Every ending must be the
 * undisturbed one (crash/ending.h).
 *
 *   crash PROGRAM       each pass once, then all pairs; PROGRAM is the penstock with fault points
 *     --singles         each pass once
 *     --sample N        only each N-th pass, of the first and of the second kill
 *     --plain N         each N-th cycle by starting the program the plain way (50); the others fork it (crash/launch.h)
 *     --show            prints the undisturbed ending too
 *
 * Ends with 1 at the first difference, and says which passes lead to it. All of it runs on one core: the sweep, the
 * processes that are killed, and their children. What it says of cycles a second is of that core.
 */

#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "crash/drive.h"
#include "crash/ending.h"
#include "crash/launch.h"
#include "crash/place.h"

#define PLAIN_EVERY 50
#define PROCESSES_MOST 16
#define NAME_MOST 64

/* Behind the build stands a gate: what follows it is then swept without building again each time. */
static const char pipeline_forward[] =
    "pipeline: prod\n"
    "environment: prod\n"
    "stages:\n"
    "  - build\n"
    "  - gate: go\n"
    "  - command: {name: one, run: [/bin/sh, -c, 'echo one >>\"$$0\"', \"@LEDGER@\"], repeatable: true}\n"
    "  - command: {name: two, run: [/bin/sh, -c, 'echo two >>\"$$0\"', \"@LEDGER@\"], repeatable: true, needs: [gate]}\n"
    "  - command:\n"
    "      name: three\n"
    "      needs: [one, two]\n"
    "      run: [/bin/sh, -c, 'echo three >>\"$$0\"', \"@LEDGER@\"]\n"
    "      repeatable: true\n";

static const char pipeline_back[] = "pipeline: prod\n"
                                    "environment: prod\n"
                                    "stages:\n"
                                    "  - build\n"
                                    "  - gate: go\n"
                                    "  - command:\n"
                                    "      name: one\n"
                                    "      run: [/bin/sh, -c, 'echo one >>\"$$0\"', \"@LEDGER@\"]\n"
                                    "      undo: [/bin/sh, -c, 'echo undo-one >>\"$$0\"', \"@LEDGER@\"]\n"
                                    "      repeatable: true\n"
                                    "  - command: {name: two, run: [/bin/false], repeatable: true, retries: 0}\n";

/* One process of a way to the end: what the state was before it, and the fault points that it passed. */
struct leg {
    enum next next;
    char *before; /* a copy of the state */
    char **passes;
    int pass_count;
};

struct way {
    struct leg legs[PROCESSES_MOST];
    int count;
};

struct sweep {
    const char *name;
    struct place place;
    char *wanted;   /* the undisturbed ending */
    char *kills[2]; /* where it was killed so far, for people */
    int depth;      /* kills under way */
    int most;       /* 1 = singles, 2 = pairs too */
    int sample;
    int plain_every; /* cycles */
    bool plain;      /* this one */
    bool show;
    int copies;     /* made so far: their numbers */
    long passes;    /* of the undisturbed way */
    long cycles[3]; /* by the number of kills */
    long plain_cycles;
    long unreached; /* the pass did not come: the way differs from run to run */
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of this process and of those that it waited for. */
static double processor_s(void)
{
    double sum = 0;

    for (int i = 0; i < 2; i++) {
        struct rusage usage;

        getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &usage);
        sum += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    return sum;
}

static _Noreturn void report(struct sweep *s, const char *what)
{
    char *output CLEANUP(heap_cleanup) = place_read(s->place.output);

    printf("%s: killed at %s%s%s: %s\n--- the last process said\n%s", s->name, s->depth ? s->kills[0] : "nothing",
           s->depth > 1 ? ", then at " : "", s->depth > 1 ? s->kills[1] : "", what, output);
    printf("--- kept: %s\n", s->place.root);
    exit(1);
}

static void split_lines(char *text, struct leg *leg)
{
    int capacity = 0;

    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');

        if (leg->pass_count == capacity) {
            capacity = capacity ? capacity * 2 : NAME_MOST;
            leg->passes = heap_realloc(leg->passes, (size_t)capacity * sizeof(*leg->passes));
        }
        if (end)
            *end = '\0';
        leg->passes[leg->pass_count++] = heap_text(line);
        line = end ? end + 1 : line + strlen(line);
    }
}

/* Compares; the first ending is what all others must be. */
static void check_ending(struct sweep *s)
{
    char *finding CLEANUP(heap_cleanup) = NULL;
    char *ending CLEANUP(heap_cleanup) = ending_read(&s->place, &finding);

    if (finding)
        report(s, finding);
    if (!s->wanted) {
        s->wanted = heap_text(ending);
    } else if (!text_is(s->wanted, ending)) {
        char *lines CLEANUP(heap_cleanup) = ending_difference(s->wanted, ending);
        char *what CLEANUP(heap_cleanup) = heap_printf("it ended otherwise\n%s", lines);

        report(s, what);
    }
}

/* No effect begins while the commit of its intent is under way: then it would be there before its intent is durable. */
static void check_order(struct sweep *s, const struct leg *leg)
{
    bool open = false;

    for (int i = 0; i < leg->pass_count; i++) {
        if (text_is(leg->passes[i], "commit.before") || text_is(leg->passes[i], "commit.after"))
            open = text_is(leg->passes[i], "commit.before");
        else if (open && text_is(leg->passes[i], "effect.before"))
            report(s, "an effect began before its intent was committed");
    }
}

/* From the state as it is to the end; keeps what is needed to go the same way again. */
static void trace(struct sweep *s, enum next next, struct way *way)
{
    char *fault CLEANUP(heap_cleanup) = heap_printf("count:%s", s->place.passes);

    while (next != NEXT_NOTHING) {
        struct leg *leg = &way->legs[way->count++];
        char *text CLEANUP(heap_cleanup) = NULL;
        struct driven driven;

        if (way->count == PROCESSES_MOST)
            report(s, "it does not end");
        leg->next = next;
        leg->before = heap_printf("%s/copy-%d", s->place.root, s->copies++);
        place_copy(s->place.state, leg->before);
        remove(s->place.passes);
        driven = drive_run(&s->place, next, fault, s->plain);
        if (driven.finding)
            report(s, driven.finding);
        text = place_read(s->place.passes);
        split_lines(text, leg);
        check_order(s, leg);
        next = driven.then;
    }
    check_ending(s);
}

static void forget(struct way *way)
{
    for (int i = 0; i < way->count; i++) {
        struct leg *leg = &way->legs[i];

        place_remove(leg->before);
        for (int k = 0; k < leg->pass_count; k++)
            free(leg->passes[k]);
        free(leg->passes);
        free(leg->before);
    }
}

static void sweep_way(struct sweep *s, const struct way *way);

/* The state is that which the last kill left. */
static void recover(struct sweep *s, enum next next)
{
    s->cycles[s->depth]++;
    if (s->depth < s->most) {
        struct way way = {.count = 0};

        trace(s, next, &way);
        sweep_way(s, &way);
        forget(&way);
    } else {
        char *finding CLEANUP(heap_cleanup) = drive_to_end(&s->place, next, s->plain);

        if (finding)
            report(s, finding);
        check_ending(s);
    }
}

/* The n-th pass of its name in this process. */
static char *fault_at(const struct leg *leg, int pass)
{
    int n = 0;

    for (int i = 0; i <= pass; i++)
        n += text_is(leg->passes[i], leg->passes[pass]);
    return heap_printf("%s:%d", leg->passes[pass], n);
}

static void kill_at(struct sweep *s, const struct leg *leg, int pass, int number)
{
    char *fault CLEANUP(heap_cleanup) = fault_at(leg, pass);
    struct driven driven;

    s->kills[s->depth++] = heap_printf("pass %d (%s of '%s')", number, fault, next_text(leg->next));
    s->plain = (s->cycles[1] + s->cycles[2]) % s->plain_every == 0;
    s->plain_cycles += s->plain;
    place_restore(&s->place, leg->before);
    driven = drive_run(&s->place, leg->next, fault, s->plain);
    s->unreached += !driven.killed;
    if (driven.finding)
        report(s, driven.finding);
    recover(s, driven.then);
    free(s->kills[--s->depth]);
}

static void sweep_way(struct sweep *s, const struct way *way)
{
    int number = 0;

    for (int i = 0; i < way->count; i++) {
        for (int pass = 0; pass < way->legs[i].pass_count; pass++) {
            number++;
            if (number % s->sample == 0)
                kill_at(s, &way->legs[i], pass, number);
        }
    }
}

static void audit(const struct sweep *s, const char *program)
{
    char *command CLEANUP(heap_cleanup) =
        heap_printf("'%s' -C '%s' audit verify >'%s' 2>&1", program, s->place.project, s->place.output);

    if (system(command) != 0)
        die("audit failed: %s", place_read(s->place.output));
}

static void tell(const struct sweep *s, int processes, double took, double spent)
{
    long cycles = s->cycles[1] + s->cycles[2];

    printf("%-12s %3ld fault passes in %d processes; killed once: %ld, twice: %ld, not reached: %ld\n", s->name,
           s->passes, processes, s->cycles[1], s->cycles[2], s->unreached);
    printf("%-12s %ld cycles on one core, %ld of them started the plain way: %.1f s, %.0f cycles/s "
           "(%.1f s of processor time: %.0f)\n",
           "", cycles, s->plain_cycles, took, (double)cycles / took, spent, (double)cycles / spent);
    fflush(stdout);
}

static void sweep(struct sweep *s, const char *pipeline, const char *program)
{
    struct way way = {.count = 0};
    char *record CLEANUP(heap_cleanup) = NULL;
    double begun, spent = processor_s();

    place_open(&s->place, pipeline);
    record = heap_printf("%s/record", s->place.state);
    setenv("PENSTOCK_STATE", record, 1);
    begun = now_s();
    launch_open(program);
    trace(s, NEXT_RELEASE, &way);
    for (int i = 0; i < way.count; i++)
        s->passes += way.legs[i].pass_count;
    if (s->show)
        printf("--- %s: the ending that all others must have\n%s", s->name, s->wanted);
    sweep_way(s, &way);
    launch_close();
    tell(s, way.count, now_s() - begun, processor_s() - spent);
    audit(s, program);
    forget(&way);
    free(s->wanted);
    place_close(&s->place);
}

static void set_environment(void)
{
    static const char *const values[][2] = {
        {"GIT_CONFIG_GLOBAL", "/dev/null"},
        {"GIT_CONFIG_SYSTEM", "/dev/null"},
        {"GIT_AUTHOR_NAME", "tester"},
        {"GIT_AUTHOR_EMAIL", "tester@example.org"},
        {"GIT_COMMITTER_NAME", "tester"},
        {"GIT_COMMITTER_EMAIL", "tester@example.org"},
        {"GIT_AUTHOR_DATE", "@1700000000 +0000"},
        {"GIT_COMMITTER_DATE", "@1700000000 +0000"},
        {"TERM", "dumb"},
        {"LC_ALL", "C.UTF-8"},
    };
    static const char *const away[] = {"PENSTOCK_FAULT", "PENSTOCK_NO_INPUT", "CI", "CLICOLOR_FORCE", "FORCE_COLOR"};

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        setenv(values[i][0], values[i][1], 1);
    for (size_t i = 0; i < sizeof(away) / sizeof(*away); i++)
        unsetenv(away[i]);
}

/* Ten thousand times it parses the schema of a record; nothing here has threads, or asks how much memory that takes. */
static void set_up_sqlite(void)
{
    if (sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 512, 2000) != SQLITE_OK)
        die("cannot set up SQLite");
}

/*
 * libgit2 parses all certificates of the machine when it starts, a quarter of the time of a process that asks a repository
 * something, and nothing here speaks TLS. Who may have a mount table of his own, as root, does without them.
 */
static void hide_certificates(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return;
    (void)mount("/dev/null", "/etc/ssl/certs/ca-certificates.crt", NULL, MS_BIND, NULL);
}

static void stay_on_one_core(void)
{
    int core = sched_getcpu();
    cpu_set_t cores;

    CPU_ZERO(&cores);
    CPU_SET((size_t)core, &cores);
    if (core < 0 || sched_setaffinity(0, sizeof(cores), &cores) != 0)
        die("cannot stay on one core");
}

int main(int argc, char **argv)
{
    struct sweep forward = {.name = "forward", .most = 2, .sample = 1, .plain_every = PLAIN_EVERY};
    struct sweep back;
    const char *program = NULL;

    for (int i = 1; i < argc; i++) {
        if (text_is(argv[i], "--singles"))
            forward.most = 1;
        else if (text_is(argv[i], "--show"))
            forward.show = true;
        else if (text_is(argv[i], "--sample") && i + 1 < argc && atoi(argv[i + 1]) > 0)
            forward.sample = atoi(argv[++i]);
        else if (text_is(argv[i], "--plain") && i + 1 < argc && atoi(argv[i + 1]) > 0)
            forward.plain_every = atoi(argv[++i]);
        else if (!program && *argv[i] != '-')
            program = argv[i];
        else
            die("usage: crash [--singles] [--sample N] [--plain N] [--show] PROGRAM");
    }
    if (!program)
        die("which program?");
    back = forward;
    back.name = "rolled back";
    set_environment();
    stay_on_one_core();
    hide_certificates();
    set_up_sqlite();
    sweep(&forward, pipeline_forward, program);
    sweep(&back, pipeline_back, program);
    return 0;
}
