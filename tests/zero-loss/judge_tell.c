/*
 * The words. First what people ask for: how many, how many failed, and how sure that is.
 */

#include <stdlib.h>
#include <string.h>

#include "zero-loss/judge.h"

#define TEXTS 8

/* 321204 -> "321 204". Valid until TEXTS more were made. */
static const char *grouped(uint64_t number)
{
    static char texts[TEXTS][40];
    static int next;
    char digits[24], *out = texts[next++ % TEXTS];
    int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number), at = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[at++] = ' ';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static uint64_t all_of(const struct facts *facts, int kind)
{
    uint64_t sum = 0;

    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        sum += facts->outcomes[kind][outcome];
    return sum;
}

static void tell_requests(const struct facts *facts)
{
    uint64_t count = facts->ledger.head->count, failed = judge_failed(facts);

    printf("requests      %s sent, %s failed%s", grouped(count), grouped(failed), failed || count < 3 ? "\n" : ": ");
    if (!failed && count >= 3)
        printf("fewer than 1 in %s fail, 95 %% sure (3/N = %.2g)\n", grouped(count / 3), 3.0 / (double)count);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        uint64_t all = all_of(facts, kind);

        if (all == 0)
            continue;
        printf("  %-12s%9s sent, %s failed", kind_names[kind], grouped(all),
               grouped(all - facts->outcomes[kind][OUTCOME_OK]));
        for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
            if (outcome != OUTCOME_OK && facts->outcomes[kind][outcome])
                printf(", %s %s", grouped(facts->outcomes[kind][outcome]), outcome_names[outcome]);
        }
        putchar('\n');
    }
}

enum phase { PHASE_BEFORE, PHASE_DURING, PHASE_AFTER, PHASE_COUNT };

static enum phase phase_of(const struct facts *facts, int64_t at_us)
{
    const struct record *record = &facts->record;

    for (int i = 0; i < record->release_count; i++) {
        if (at_us >= record->releases[i].from_ms * 1000 && at_us <= record->releases[i].to_ms * 1000)
            return PHASE_DURING;
    }
    return record->release_count > 0 && at_us < record->releases[0].from_ms * 1000 ? PHASE_BEFORE : PHASE_AFTER;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static double ms(uint32_t us)
{
    return (double)us / 1000;
}

static void tell_latency(const struct facts *facts)
{
    static const char *const names[PHASE_COUNT] = {"before", "during", "after"};
    uint64_t count = facts->ledger.head->count;
    uint32_t *sorted = calloc(count + 1, sizeof(*sorted));

    if (!sorted)
        abort();
    printf("latency from the planned moment, without what was asked for, in ms\n");
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        uint64_t found = 0;

        for (uint64_t i = 0; i < count; i++) {
            const struct ledger_record *r = &facts->ledger.records[i];
            uint32_t asked_us = r->asked_ms * 1000;

            if (r->outcome == OUTCOME_OK && (int)phase_of(facts, r->due_us) == phase)
                sorted[found++] = r->latency_us > asked_us ? r->latency_us - asked_us : 0;
        }
        if (found == 0)
            continue;
        qsort(sorted, found, sizeof(*sorted), by_size);
        printf("  %-12s%9s answers, p50 %.1f, p99 %.1f, max %.1f\n", names[phase], grouped(found),
               ms(sorted[found / 2]), ms(sorted[found - 1 - found / 100]), ms(sorted[found - 1]));
    }
    free(sorted);
    if (facts->ledger.head->late_count)
        printf("  the client itself was late with %s requests, at most by %.1f ms: this machine is busy\n",
               grouped(facts->ledger.head->late_count), ms((uint32_t)facts->ledger.head->late_most_us));
}

static void tell_idle(const struct facts *facts)
{
    uint64_t used = 0, second = 0;
    uint32_t most = 0;

    for (uint64_t i = 0; i < facts->ledger.head->count; i++) {
        const struct ledger_record *r = &facts->ledger.records[i];

        used += r->idle_ms > 0;
        second += r->idle_ms >= 1000;
        most = r->idle_ms > most ? r->idle_ms : most;
    }
    printf("kept idle     %s requests on connections that had been idle, %s of them for 1 s to %.1f s\n", grouped(used),
           grouped(second), most / 1000.0);
    if (facts->ledger.head->closed_idle)
        printf("  %s connections were closed by the front door while they were idle\n",
               grouped(facts->ledger.head->closed_idle));
}

static void tell_shares(const struct facts *facts)
{
    for (int i = 0; i < facts->record.share_count; i++) {
        const struct share *share = &facts->record.shares[i];
        double percent = share->all ? 100.0 * (double)share->ours / (double)share->all : 0;

        printf("%-14s%g %% to %s: %.3f %% of %s", i ? "" : "split", share->basis_points / 100.0, share->version,
               percent, grouped(share->all));
        if (share->p < 0)
            printf(", too few to judge\n");
        else
            printf(", p %.3g%s\n", share->p, judge_share_is_wrong(share) ? ": NOT WHAT WAS ASKED FOR" : "");
    }
}

/* Only what there is: each of these lines is a loss. */
static void tell_sets(const struct facts *facts)
{
    const struct {
        uint64_t count;
        const char *what;
    } rows[] = {
        {facts->missing, "answered, and in no instance's ledger"},
        {facts->twice, "done more than once"},
        {facts->elsewhere, "done by another instance than the one that answered"},
        {facts->unconfirmed, "done, and the client does not know it"},
        {facts->foreign, "in an instance's ledger, and sent by no client"},
        {facts->afterwards, "taken by a version that was to get nothing any more"},
        {facts->unreadable, "lines or files that cannot be read"},
    };
    bool any = false;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].count)
            printf("%-14s%s %s\n", any ? "" : "ledgers", grouped(rows[i].count), rows[i].what);
        any = any || rows[i].count;
    }
    if (!any)
        printf("ledgers       client and instances agree: each request once, on the instance that answered\n");
}

static void tell_closed(const struct facts *facts)
{
    for (int i = 0; i < facts->record.closed_count; i++) {
        const struct closed *closed = &facts->record.closed[i];

        printf("%-14s%s had %s requests and %s websockets under way when its share was 0%s\n", i ? "" : "old version",
               closed->version, grouped(closed->requests), grouped(closed->talks),
               facts->afterwards ? "" : ", and got nothing after that");
    }
}

void judge_tell(const struct facts *facts)
{
    tell_requests(facts);
    tell_idle(facts);
    tell_latency(facts);
    printf("websockets    %s opened, %s messages echoed in order, %s lost\n", grouped(facts->talks_opened),
           grouped(facts->messages), grouped(facts->talks_lost));
    tell_sets(facts);
    tell_closed(facts);
    tell_shares(facts);
}

void judge_tell_briefly(const struct facts *facts)
{
    printf("%s of %s requests failed", grouped(judge_failed(facts)), grouped(facts->ledger.head->count));
    if (facts->talk_count)
        printf(", %s of %s websockets lost", grouped(facts->talks_lost), grouped(facts->talks_opened));
    putchar('\n');
}
