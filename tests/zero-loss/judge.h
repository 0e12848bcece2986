#ifndef TESTS_ZERO_LOSS_JUDGE_H
#define TESTS_ZERO_LOSS_JUDGE_H

/*
 * What the client wrote down against what the instances wrote down and what penstock's record says, as sets. Nobody's word
 * is taken for another's.
 *
 * The record is a text, one fact a line, times in milliseconds of Unix time:
 *
 *   release FROM TO                        a release ran
 *   share VERSION BASIS_POINTS FROM TO     proved at FROM; the next change began at TO
 *   closed VERSION FROM                    its weight was proved to be 0
 */

#include <stdbool.h>
#include <stdio.h>

#include "zero-loss/ledger.h"

#define JUDGE_FACTS_MOST 64

struct span {
    int64_t from_ms, to_ms;
};

struct share {
    char version[LEDGER_TEXT_MOST];
    int basis_points;
    struct span span;
    uint64_t ours, all; /* quick requests that were decided within the span: answered by this version, and by any */
    double p;           /* of a split at least as far from the one asked for; -1 = too few to say */
};

struct closed {
    char version[LEDGER_TEXT_MOST];
    int64_t from_ms;
    uint64_t requests, talks; /* still under way on it then: what a drain is for */
};

struct record {
    struct span releases[JUDGE_FACTS_MOST];
    struct share shares[JUDGE_FACTS_MOST];
    struct closed closed[JUDGE_FACTS_MOST];
    int release_count, share_count, closed_count;
};

/* Found on the servers for one id of the client. */
struct seen {
    uint8_t times;
    int16_t instance; /* of the last one */
};

struct talk_seen {
    int instance; /* as the client says */
    unsigned sent, echoed;
    int64_t opened_ms, closed_ms;
    enum outcome outcome;
    bool begun;     /* the client wrote it down */
    unsigned times; /* in the servers' ledgers */
    unsigned last;
    bool clean;
};

struct facts {
    struct ledger ledger;
    const char *client;
    const char *store;
    struct record record;
    struct ledger_instance instances[LEDGER_INSTANCES]; /* the client's, and those that it never met */
    int instance_count;
    struct seen *seen; /* by number */
    struct talk_seen *talks;
    uint64_t talk_count;
    int64_t longest_us; /* a request was under way, at most */

    uint64_t outcomes[KIND_COUNT][OUTCOME_COUNT];
    uint64_t missing;     /* answered with 2xx, and in no instance's ledger */
    uint64_t twice;       /* in the instances' ledgers more than once */
    uint64_t elsewhere;   /* in the ledger of another instance than the one that answered */
    uint64_t unconfirmed; /* in a ledger, while the client saw no 2xx; such a request has failed already */
    uint64_t foreign;     /* in a ledger, and the client never sent it */
    uint64_t afterwards;  /* taken by a version whose weight had been proved to be 0 */
    uint64_t unreadable;  /* lines and files that make no sense: never taken for "nothing there" */
    uint64_t talks_opened, talks_lost, messages;
};

/* Reading: everything that is there, or `unreadable` counts it. */
void judge_read_record(struct facts *facts, const char *path);
void judge_read_talks(struct facts *facts);
void judge_read_store(struct facts *facts);

/* Judging; needs all that was read. */
void judge_requests(struct facts *facts);
void judge_talks(struct facts *facts);
void judge_closed(struct facts *facts);
void judge_shares(struct facts *facts);

uint64_t judge_failed(const struct facts *facts);
bool judge_share_is_wrong(const struct share *share);
/* Something of the above is not as it must be. */
bool judge_found_loss(const struct facts *facts);

void judge_tell(const struct facts *facts);
/* In a few words, what was lost. */
void judge_tell_briefly(const struct facts *facts);

#endif
