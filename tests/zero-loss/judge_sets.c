/*
 * The set algebra, and the split. A quick request that was sent after a change of weights was proved, and answered before
 * the next one began, was decided by the weights between them: HAProxy chooses a server for each request, also for those
 * on a kept connection (option http-server-close), so none of these is bound to a version. Websockets are, and are left
 * out.
 */

#include <math.h>
#include <string.h>

#include "zero-loss/judge.h"

#define P_LEAST 0.001
#define EXPECTED_LEAST 5.0
#define BASIS_POINTS 10000

static int64_t done_us(const struct ledger_record *record)
{
    return record->due_us + record->latency_us;
}

static bool is_of(const struct facts *facts, int instance, const char *version)
{
    return instance >= 0 && strcmp(facts->instances[instance].version, version) == 0;
}

void judge_requests(struct facts *facts)
{
    for (uint64_t i = 0; i < facts->ledger.head->count; i++) {
        const struct ledger_record *record = &facts->ledger.records[i];
        const struct seen *seen = &facts->seen[i];
        bool ok = record->outcome == OUTCOME_OK;

        facts->outcomes[record->kind][record->outcome]++;
        facts->missing += ok && seen->times == 0;
        facts->twice += seen->times > 1;
        facts->unconfirmed += !ok && seen->times > 0;
        facts->elsewhere += ok && seen->times == 1 && seen->instance != record->instance;
    }
}

static bool talk_is_whole(const struct talk_seen *talk)
{
    return talk->outcome == OUTCOME_OK && talk->sent == talk->echoed && talk->times == 1 && talk->last == talk->sent &&
           talk->clean;
}

void judge_talks(struct facts *facts)
{
    for (uint64_t i = 0; i < facts->talk_count; i++) {
        const struct talk_seen *talk = &facts->talks[i];

        if (!talk->begun)
            continue;
        facts->talks_opened += talk->instance >= 0;
        facts->messages += talk->echoed;
        facts->talks_lost += !talk_is_whole(talk);
    }
}

/* What was sent after the proof, by the client's clock, belongs to others; so do websockets opened a little later. */
void judge_closed(struct facts *facts)
{
    for (int c = 0; c < facts->record.closed_count; c++) {
        struct closed *closed = &facts->record.closed[c];

        for (uint64_t i = 0; i < facts->ledger.head->count; i++) {
            const struct ledger_record *record = &facts->ledger.records[i];
            bool later = record->sent_us > (closed->from_ms + 1) * 1000;

            if (!is_of(facts, record->instance, closed->version))
                continue;
            facts->afterwards += later;
            closed->requests += !later && done_us(record) > closed->from_ms * 1000;
        }
        for (uint64_t i = 0; i < facts->talk_count; i++) {
            const struct talk_seen *talk = &facts->talks[i];
            bool later = talk->opened_ms > closed->from_ms + facts->longest_us / 1000 + 1;

            if (!talk->begun || !is_of(facts, talk->instance, closed->version))
                continue;
            facts->afterwards += later;
            closed->talks += !later && talk->closed_ms > closed->from_ms;
        }
    }
}

static double p_of(uint64_t ours, uint64_t all, int basis_points)
{
    double expected = (double)all * basis_points / BASIS_POINTS;
    double rest = (double)all - expected;
    double off = (double)ours - expected;

    if (basis_points == 0 || basis_points == BASIS_POINTS)
        return off == 0 ? 1 : 0;
    if (expected < EXPECTED_LEAST || rest < EXPECTED_LEAST)
        return -1;
    /* Chi-square with one degree of freedom. */
    return erfc(sqrt((off * off / expected + off * off / rest) / 2));
}

void judge_shares(struct facts *facts)
{
    for (int s = 0; s < facts->record.share_count; s++) {
        struct share *share = &facts->record.shares[s];

        for (uint64_t i = 0; i < facts->ledger.head->count; i++) {
            const struct ledger_record *record = &facts->ledger.records[i];

            if (record->outcome != OUTCOME_OK || record->asked_ms > 0 ||
                record->sent_us <= (share->span.from_ms + 1) * 1000 || done_us(record) > share->span.to_ms * 1000)
                continue;
            share->all++;
            share->ours += is_of(facts, record->instance, share->version);
        }
        share->p = p_of(share->ours, share->all, share->basis_points);
    }
}

bool judge_share_is_wrong(const struct share *share)
{
    return share->p >= 0 && share->p <= P_LEAST;
}

uint64_t judge_failed(const struct facts *facts)
{
    uint64_t sum = 0;

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            sum += outcome == OUTCOME_OK ? 0 : facts->outcomes[kind][outcome];
    }
    return sum;
}

bool judge_found_loss(const struct facts *facts)
{
    bool wrong = false;

    for (int i = 0; i < facts->record.share_count; i++)
        wrong = wrong || judge_share_is_wrong(&facts->record.shares[i]);
    return wrong || facts->ledger.head->count == 0 ||
           judge_failed(facts) + facts->missing + facts->twice + facts->elsewhere + facts->unconfirmed +
                   facts->foreign + facts->afterwards + facts->unreadable + facts->talks_lost >
               0;
}
