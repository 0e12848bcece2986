/*
 *   simulate --seeds N [--from K]     N seeds, each several releases; stops at the first that breaks something
 *   simulate --seed K --verbose       one seed, with its transcript; --talkative: with every question and answer
 *   simulate --seed K --shrink        which faults does it need to break?
 *   simulate --mutations              puts faults into the engine: each must be found
 *   --tap                             as a test program prints: with --mutations both they and the seeds
 *   --off FAULT, --only FAULT         without it; with nothing but those
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/event.h"
#include "simulation/check.h"
#include "simulation/sim.h"
#include "store/record.h"

#define MUTATION_SEEDS 1000

static struct {
    uint64_t from, count;
    bool shrink, mutations, tap;
    char directory[256];
    double limit_s;
} options = {.from = 1, .count = 100};

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(struct error *error)
{
    if (!error)
        return;
    fprintf(stderr, "simulate: %s\n", error->text);
    exit(2);
}

static void clean(void)
{
    char command[512];

    if (!*options.directory)
        return;
    snprintf(command, sizeof(command), "rm -rf '%s'", options.directory);
    if (system(command) != 0)
        fprintf(stderr, "simulate: cannot remove '%s'\n", options.directory);
}

/* A record with the schema and a constant id; each seed gets a copy. */
static void make_template(void)
{
    char state[300], path[340], made[340];
    struct record *record;
    sqlite3 *db;

    snprintf(options.directory, sizeof(options.directory), "/dev/shm/penstock-simulation.XXXXXX");
    if (!mkdtemp(options.directory)) {
        perror("simulate: /dev/shm");
        exit(2);
    }
    snprintf(state, sizeof(state), "%s/state", options.directory);
    snprintf(made, sizeof(made), "%s/record.db", state);
    snprintf(path, sizeof(path), "%s/template.db", options.directory);
    die(record_open(state, RECORD_CREATE, &record));
    record_close(record);
    if (sqlite3_open(made, &db) != SQLITE_OK ||
        sqlite3_exec(db, "UPDATE meta SET record = 'sim', created_ms = 1; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
                     NULL) != SQLITE_OK ||
        sqlite3_close(db) != SQLITE_OK || rename(made, path) != 0) {
        fprintf(stderr, "simulate: cannot make the template\n");
        exit(2);
    }
}

static bool one(uint64_t seed)
{
    char state[300];

    snprintf(state, sizeof(state), "%s/state", options.directory);
    return story_run(seed, state);
}

/* In a process of its own, so that a BUG() of the engine ends only that. */
static bool apart(uint64_t seed)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(2);
        _exit(one(seed) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void print_line(const char *line)
{
    puts(line);
}

static void transcript(uint64_t seed)
{
    printf("\n---- seed %llu ----\n", (unsigned long long)seed);
    sim.tell = print_line;
    (void)one(seed);
    sim.tell = NULL;
}

static void print_counts(uint64_t done, double took)
{
    printf(
        "%llu seeds, %lld releases in %.1f s (%.0f a second); %lld resumed, %lld kills, %lld held, %lld decisions, %lld "
        "destroys, %lld commits, %lld compared\n",
        (unsigned long long)done, (long long)story_counts.releases, took, (double)story_counts.releases / took,
        (long long)story_counts.resumes, (long long)kills_total(), (long long)story_counts.held,
        (long long)people_decisions(), (long long)story_counts.destroys, (long long)commits_total(),
        (long long)story_counts.compared);
    printf("ends:");
    for (int i = END_SUCCEEDED; i <= END_EXPIRED; i++)
        printf(" %s %lld", end_text((enum release_end)i), (long long)story_counts.ends[i]);
    printf("\nfaults:");
    for (int i = 0; i < FAULT_COUNT; i++)
        printf(" %s %lld", fault_text((enum fault)i), (long long)fault_count((enum fault)i));
    printf("\n");
}

static int shrink(uint64_t seed)
{
    if (apart(seed)) {
        printf("seed %llu breaks nothing\n", (unsigned long long)seed);
        return 0;
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FAULT_COUNT; i++) {
            uint64_t before = faults_off;

            faults_off |= 1ull << i;
            if (apart(seed))
                faults_off = before;
        }
    }
    printf("seed %llu breaks something with these alone:", (unsigned long long)seed);
    for (int i = 0; i < FAULT_COUNT; i++)
        printf("%s%s", faults_off >> i & 1 ? "" : " ", faults_off >> i & 1 ? "" : fault_text((enum fault)i));
    printf("\n");
    return 1;
}

static int seeds(void)
{
    double began = seconds();
    uint64_t done = 0;

    for (uint64_t seed = options.from; done < options.count; seed++, done++) {
        if (one(seed))
            continue;
        printf("seed %llu: %s\n", (unsigned long long)seed, sim.violation);
        if (options.shrink)
            return shrink(seed);
        if (!sim.tell)
            transcript(seed);
        printf("\nseed %llu: %s\n", (unsigned long long)seed, sim.violation);
        printf("again: simulate --seed %llu --verbose; what it needs: simulate --seed %llu --shrink\n",
               (unsigned long long)seed, (unsigned long long)seed);
        print_counts(done, seconds() - began);
        return 1;
    }
    print_counts(done, seconds() - began);
    return 0;
}

/* Says through the pipe which seed found it, and what was found. */
static void hunt(int pipe_end)
{
    for (uint64_t seed = options.from; seed < options.from + MUTATION_SEEDS; seed++) {
        char line[1200];

        if (one(seed))
            continue;
        snprintf(line, sizeof(line), "%llu %s", (unsigned long long)seed, sim.violation);
        if (write(pipe_end, line, strlen(line) + 1) < 0)
            _exit(2);
        _exit(1);
    }
    _exit(0);
}

/* Runs until a seed finds the mutation; false: none did. *line is which, and what it saw. */
static bool is_found(const struct mutation *each, char line[1200])
{
    int ends[2], status = 0;
    pid_t child;

    *line = '\0';
    if (pipe(ends) != 0)
        return false;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        mutation = each->name;
        if (each->faults)
            faults_only = each->faults;
        hunt(ends[1]);
    }
    close(ends[1]);
    if (read(ends[0], line, 1199) < 0)
        line[0] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static int all_mutations(void)
{
    int missed = 0;

    for (const struct mutation *each = mutations; each->name; each++) {
        char line[1200] = "";

        if (is_found(each, line)) {
            printf("%-24s found by seed %s\n", each->name, *line ? line : "a BUG()");
        } else {
            printf("%-24s NOT FOUND in %d seeds (%s)\n", each->name, MUTATION_SEEDS, each->what);
            missed++;
        }
        fflush(stdout);
    }
    return missed ? 1 : 0;
}

/* For run-tests: the seeds are one test, and each mutation is one. */
static int as_tests(void)
{
    int count = 1, number = 1, code;

    for (const struct mutation *each = mutations; options.mutations && each->name; each++)
        count++;
    printf("1..%d\n", count);
    code = seeds();
    printf("%sok 1 - %llu seeds\n", code ? "not " : "", (unsigned long long)options.count);
    for (const struct mutation *each = mutations; options.mutations && each->name; each++) {
        char line[1200];
        bool found = is_found(each, line);

        printf("%sok %d - finds %s%s%s\n", found ? "" : "not ", ++number, each->name, *line ? ": seed " : "", line);
        code = found ? code : 1;
    }
    return code;
}

static uint64_t fault_bit(const char *name)
{
    enum fault fault;

    if (fault_parse(name, &fault))
        return 1ull << fault;
    fprintf(stderr, "simulate: no fault '%s'; there are:", name);
    for (int i = 0; i < FAULT_COUNT; i++)
        fprintf(stderr, " %s", fault_text((enum fault)i));
    fprintf(stderr, "\n");
    exit(2);
}

static void read_options(int count, char **words)
{
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : "";

        if (text_is(words[i], "--verbose")) {
            sim.tell = print_line;
            continue;
        }
        if (text_is(words[i], "--talkative")) {
            sim.tell = print_line;
            sim.talkative = true;
            continue;
        }
        if (text_is(words[i], "--tap")) {
            options.tap = true;
            continue;
        }
        if (text_is(words[i], "--shrink")) {
            options.shrink = true;
            continue;
        }
        if (text_is(words[i], "--mutations")) {
            options.mutations = true;
            continue;
        }
        i++;
        if (text_is(words[i - 1], "--seeds")) {
            options.count = strtoull(value, NULL, 10);
        } else if (text_is(words[i - 1], "--from")) {
            options.from = strtoull(value, NULL, 10);
        } else if (text_is(words[i - 1], "--seed")) {
            options.from = strtoull(value, NULL, 10);
            options.count = 1;
        } else if (text_is(words[i - 1], "--off")) {
            faults_off |= fault_bit(value);
        } else if (text_is(words[i - 1], "--only")) {
            faults_only |= fault_bit(value);
        } else if (text_is(words[i - 1], "--mutate")) {
            mutation = value;
        } else {
            fprintf(stderr, "usage: simulate [--seeds N] [--from K] [--seed K] [--verbose] [--talkative]\n"
                            "                [--shrink] [--mutations] [--tap]\n"
                            "                [--off FAULT]... [--only FAULT]... [--mutate NAME]\n");
            exit(2);
        }
    }
}

int main(int count, char **words)
{
    int code;

    read_options(count, words);
    make_template();
    code = options.tap                            ? as_tests()
           : options.mutations                    ? all_mutations()
           : options.shrink && options.count == 1 ? shrink(options.from)
                                                  : seeds();
    clean();
    return code;
}
