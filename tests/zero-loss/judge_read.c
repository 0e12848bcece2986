/*
 * What the client, the instances and penstock wrote down. The instances' files are requests-BOOT.log ("instance VERSION
 * BOOT", then "ID UNIX_MS") and sockets-BOOT.log ("ID LAST END").
 */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "zero-loss/judge.h"

typedef bool (*line_fn)(struct facts *facts, char *line, int instance);

static void read_lines(struct facts *facts, const char *path, line_fn function, int instance)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    if (!file) {
        facts->unreadable++;
        return;
    }
    while ((length = getline(&line, &size, file)) > 0) {
        /* A line without an end was cut off in the middle. */
        if (line[length - 1] != '\n') {
            facts->unreadable++;
            continue;
        }
        line[length - 1] = '\0';
        facts->unreadable += !function(facts, line, instance);
    }
    facts->unreadable += ferror(file) != 0;
    free(line);
    fclose(file);
}

static bool read_fact(struct facts *facts, char *line, int unused)
{
    struct record *r = &facts->record;
    struct share share = {0};
    struct closed closed = {0};
    struct span span;

    (void)unused;
    if (r->release_count == JUDGE_FACTS_MOST || r->share_count == JUDGE_FACTS_MOST ||
        r->closed_count == JUDGE_FACTS_MOST)
        return false;
    if (sscanf(line, "release %ld %ld", &span.from_ms, &span.to_ms) == 2)
        r->releases[r->release_count++] = span;
    else if (sscanf(line, "share %39s %d %ld %ld", share.version, &share.basis_points, &share.span.from_ms,
                    &share.span.to_ms) == 4)
        r->shares[r->share_count++] = share;
    else if (sscanf(line, "closed %39s %ld", closed.version, &closed.from_ms) == 2)
        r->closed[r->closed_count++] = closed;
    else
        return false;
    return true;
}

void judge_read_record(struct facts *facts, const char *path)
{
    read_lines(facts, path, read_fact, -1);
}

static struct talk_seen *talk_at(struct facts *facts, uint64_t number)
{
    while (number >= facts->talk_count) {
        uint64_t count = facts->talk_count ? facts->talk_count * 2 : 256;

        facts->talks = realloc(facts->talks, count * sizeof(*facts->talks));
        if (!facts->talks)
            abort();
        memset(facts->talks + facts->talk_count, 0, (count - facts->talk_count) * sizeof(*facts->talks));
        facts->talk_count = count;
    }
    return &facts->talks[number];
}

static bool read_talk(struct facts *facts, char *line, int unused)
{
    struct talk_seen talk = {.begun = true};
    unsigned long number;
    unsigned outcome;

    (void)unused;
    if (sscanf(line, "%lu %d %u %u %ld %ld %u", &number, &talk.instance, &talk.sent, &talk.echoed, &talk.opened_ms,
               &talk.closed_ms, &outcome) != 7 ||
        number > UINT_MAX || outcome >= OUTCOME_COUNT || talk.instance >= facts->instance_count)
        return false;
    talk.outcome = (enum outcome)outcome;
    *talk_at(facts, number) = talk;
    return true;
}

void judge_read_talks(struct facts *facts)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s.sockets", facts->client);
    read_lines(facts, path, read_talk, -1);
}

/* The number of one of our ids, "NAME-" and `infix` before it; false when it is not ours. */
static bool number_of(const struct facts *facts, const char *id, const char *infix, uint64_t *out)
{
    size_t length = strlen(facts->ledger.head->name);
    char *end;

    if (strncmp(id, facts->ledger.head->name, length) != 0 || id[length] != '-' ||
        strncmp(id + length + 1, infix, strlen(infix)) != 0)
        return false;
    id += length + 1 + strlen(infix);
    errno = 0;
    *out = strtoull(id, &end, 10);
    return end != id && *end == '\0' && errno == 0;
}

static bool is_closed(const struct facts *facts, int instance, int64_t at_ms)
{
    for (int i = 0; i < facts->record.closed_count; i++) {
        if (strcmp(facts->record.closed[i].version, facts->instances[instance].version) == 0 &&
            at_ms > facts->record.closed[i].from_ms + facts->longest_us / 1000 + 1)
            return true;
    }
    return false;
}

static bool read_request(struct facts *facts, char *line, int instance)
{
    char *blank = strchr(line, ' ');
    uint64_t number;

    if (!blank)
        return false;
    *blank = '\0';
    if (strcmp(line, "instance") == 0)
        return true;
    if (!number_of(facts, line, "", &number) || number >= facts->ledger.head->count) {
        facts->foreign++;
        return true;
    }
    if (facts->seen[number].times < UINT8_MAX)
        facts->seen[number].times++;
    facts->seen[number].instance = (int16_t)instance;
    facts->afterwards += is_closed(facts, instance, strtoll(blank + 1, NULL, 10));
    return true;
}

static bool read_server_talk(struct facts *facts, char *line, int unused)
{
    char id[128], end[16];
    unsigned last;
    uint64_t number;

    (void)unused;
    if (sscanf(line, "%127s %u %15s", id, &last, end) != 3)
        return false;
    if (!number_of(facts, id, "ws", &number) || number >= facts->talk_count || !facts->talks[number].begun) {
        facts->foreign++;
        return true;
    }
    facts->talks[number].times++;
    facts->talks[number].last = last;
    facts->talks[number].clean = strcmp(end, "clean") == 0;
    return true;
}

/* The first line of an instance's file: whose it is. */
static void read_instance(struct facts *facts, const char *path)
{
    struct ledger_instance instance = {0};
    FILE *file = fopen(path, "re");
    int known = 0;

    if (!file || fscanf(file, "instance %39s %39s", instance.version, instance.boot) != 2 ||
        facts->instance_count == LEDGER_INSTANCES) {
        facts->unreadable++;
    } else {
        while (known < facts->instance_count && strcmp(facts->instances[known].boot, instance.boot) != 0)
            known++;
        facts->instances[known] = instance;
        facts->instance_count += known == facts->instance_count;
    }
    if (file)
        fclose(file);
}

/* The instance whose file it is, by the boot id in its name; -1 when it is not known. */
static int instance_of(const struct facts *facts, const char *name)
{
    const char *boot = strchr(name, '-') + 1;

    for (int i = 0; i < facts->instance_count; i++) {
        size_t length = strlen(facts->instances[i].boot);

        if (strncmp(facts->instances[i].boot, boot, length) == 0 && strcmp(boot + length, ".log") == 0)
            return i;
    }
    return -1;
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void read_file(struct facts *facts, const char *name, const char *path)
{
    int instance;

    if (begins(name, "sockets-")) {
        read_lines(facts, path, read_server_talk, -1);
    } else if (begins(name, "requests-")) {
        read_instance(facts, path);
        instance = instance_of(facts, name);
        if (instance < 0)
            facts->unreadable++;
        else
            read_lines(facts, path, read_request, instance);
    }
}

void judge_read_store(struct facts *facts)
{
    DIR *dir = opendir(facts->store);
    struct dirent *entry;
    char path[PATH_MAX];

    if (!dir) {
        facts->unreadable++;
        return;
    }
    while ((entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", facts->store, entry->d_name);
        read_file(facts, entry->d_name, path);
    }
    closedir(dir);
}
