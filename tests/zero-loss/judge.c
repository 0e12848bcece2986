/*
 * judge: was anything lost? Prints what it found; ends with 0 if nothing was lost, with 1 if something was or if there
 * was nothing to judge, with 2 when it cannot work.
 *
 *   judge --client LEDGER --store DIR [--record FILE] [--briefly]
 */

#include <stdlib.h>
#include <string.h>

#include "zero-loss/judge.h"

static _Noreturn void usage(const char *wrong)
{
    fprintf(stderr, "judge: %s\nusage: judge --client LEDGER --store DIR [--record FILE] [--briefly]\n", wrong);
    exit(2);
}

static void read_all(struct facts *facts, const char *record)
{
    const struct ledger_head *head;

    ledger_open(&facts->ledger, facts->client);
    head = facts->ledger.head;
    memcpy(facts->instances, head->instances, sizeof(facts->instances));
    facts->instance_count = head->instance_count;
    facts->seen = calloc(head->count + 1, sizeof(*facts->seen));
    if (!facts->seen)
        abort();
    for (uint64_t i = 0; i < head->count; i++) {
        const struct ledger_record *r = &facts->ledger.records[i];
        int64_t under_way_us = r->sent_us ? r->due_us + r->latency_us - r->sent_us : 0;

        if (r->kind >= KIND_COUNT || r->outcome >= OUTCOME_COUNT || r->instance >= facts->instance_count) {
            fprintf(stderr, "%s: is damaged\n", facts->client);
            exit(2);
        }
        if (under_way_us > facts->longest_us)
            facts->longest_us = under_way_us;
    }
    if (record)
        judge_read_record(facts, record);
    judge_read_talks(facts);
    judge_read_store(facts);
}

int main(int argc, char **argv)
{
    static struct facts facts;
    const char *record = NULL;
    bool briefly = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--briefly") == 0)
            briefly = true;
        else if (i + 1 == argc)
            usage(argv[i]);
        else if (strcmp(argv[i], "--client") == 0)
            facts.client = argv[++i];
        else if (strcmp(argv[i], "--store") == 0)
            facts.store = argv[++i];
        else if (strcmp(argv[i], "--record") == 0)
            record = argv[++i];
        else
            usage(argv[i]);
    }
    if (!facts.client || !facts.store)
        usage("--client and --store are needed");
    read_all(&facts, record);
    judge_requests(&facts);
    judge_talks(&facts);
    judge_closed(&facts);
    judge_shares(&facts);
    if (briefly)
        judge_tell_briefly(&facts);
    else
        judge_tell(&facts);
    free(facts.seen);
    free(facts.talks);
    return judge_found_loss(&facts) ? 1 : 0;
}
