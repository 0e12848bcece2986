#include "zero-loss/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "zloss-1"

const char *const outcome_names[OUTCOME_COUNT] = {"unanswered",    "ok",  "refused by status",
                                                  "not connected", "cut", "garbled"};

static _Noreturn void give_up(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(2);
}

static size_t bytes_of(uint64_t records)
{
    return sizeof(struct ledger_head) + records * sizeof(struct ledger_record);
}

static void map(struct ledger *ledger, const char *path, int protection)
{
    void *at = mmap(NULL, bytes_of(ledger->capacity), protection, MAP_SHARED, ledger->fd, 0);

    if (at == MAP_FAILED)
        give_up(path, strerror(errno));
    ledger->head = at;
    ledger->records = (struct ledger_record *)((char *)at + sizeof(struct ledger_head));
}

void ledger_create(struct ledger *ledger, const char *path, const char *name, uint64_t capacity)
{
    *ledger = (struct ledger){.capacity = capacity};
    ledger->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (ledger->fd < 0 || ftruncate(ledger->fd, (off_t)bytes_of(capacity)) != 0)
        give_up(path, strerror(errno));
    map(ledger, path, PROT_READ | PROT_WRITE);
    memcpy(ledger->head->magic, MAGIC, sizeof(MAGIC));
    snprintf(ledger->head->name, sizeof(ledger->head->name), "%s", name);
}

void ledger_open(struct ledger *ledger, const char *path)
{
    struct stat about;

    *ledger = (struct ledger){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (ledger->fd < 0 || fstat(ledger->fd, &about) != 0)
        give_up(path, strerror(errno));
    if ((size_t)about.st_size < bytes_of(0))
        give_up(path, "is no ledger");
    ledger->capacity = ((size_t)about.st_size - bytes_of(0)) / sizeof(struct ledger_record);
    map(ledger, path, PROT_READ);
    if (memcmp(ledger->head->magic, MAGIC, sizeof(MAGIC)) != 0 || ledger->head->count > ledger->capacity)
        give_up(path, "is no ledger");
}

void ledger_close(struct ledger *ledger)
{
    uint64_t count = ledger->head->count;

    munmap(ledger->head, bytes_of(ledger->capacity));
    if (ftruncate(ledger->fd, (off_t)bytes_of(count)) != 0)
        give_up("ledger", strerror(errno));
    close(ledger->fd);
}

int ledger_instance_of(struct ledger *ledger, const char *boot, const char *version)
{
    struct ledger_head *head = ledger->head;

    if (!*boot)
        return -1;
    for (int i = 0; i < head->instance_count; i++) {
        if (strcmp(head->instances[i].boot, boot) == 0)
            return i;
    }
    if (head->instance_count == LEDGER_INSTANCES)
        return -1;
    snprintf(head->instances[head->instance_count].boot, LEDGER_TEXT_MOST, "%s", boot);
    snprintf(head->instances[head->instance_count].version, LEDGER_TEXT_MOST, "%s", version);
    return head->instance_count++;
}
