#ifndef TESTS_ZERO_LOSS_LEDGER_H
#define TESTS_ZERO_LOSS_LEDGER_H

/*
 * The client's ledger: one record for each request, by its number, in a file that is mapped while it is written. What is
 * not in it did not happen; a record that was begun and has no outcome is a request that nobody answered.
 *
 * Beside it, in a text file (.sockets), one line for each websocket that was begun:
 * "NUMBER INSTANCE SENT ECHOED OPENED_MS CLOSED_MS OUTCOME"; INSTANCE is -1 and OPENED_MS 0 for one that was not opened.
 *
 * Programs that use it end with 2 and a line on stderr when a file cannot be had.
 */

#include <stdint.h>

#include "zero-loss/schedule.h"

#define LEDGER_INSTANCES 128
#define LEDGER_NAME_MOST 24
#define LEDGER_TEXT_MOST 40

enum outcome {
    OUTCOME_NONE,    /* no answer */
    OUTCOME_OK,      /* 2xx, and it was the answer to this request; of a websocket: closed by us, after the last echo */
    OUTCOME_STATUS,  /* another status */
    OUTCOME_REFUSED, /* no connection */
    OUTCOME_CUT,     /* the connection ended before the whole answer; of a websocket: before we closed it */
    OUTCOME_GARBLED, /* bytes that are no answer, or the answer to another request; of a websocket: a gap */
    OUTCOME_COUNT
};

extern const char *const outcome_names[OUTCOME_COUNT];

struct ledger_record {
    int64_t due_us;      /* Unix time, as planned */
    int64_t sent_us;     /* Unix time of the first byte; 0 = nothing was sent */
    uint32_t latency_us; /* from due_us to the last byte of the answer */
    uint32_t asked_ms;   /* of it were asked for */
    uint32_t idle_ms;    /* how long its connection had been idle */
    uint16_t status;
    int16_t instance; /* in the head's list; -1 = the answer does not say */
    uint8_t kind;
    uint8_t outcome;
};

struct ledger_instance {
    char boot[LEDGER_TEXT_MOST];
    char version[LEDGER_TEXT_MOST];
};

struct ledger_head {
    char magic[8];
    char name[LEDGER_NAME_MOST]; /* ids are NAME-NUMBER */
    uint64_t count;              /* requests that were begun */
    uint64_t closed_idle;        /* connections that the front door closed while nothing was under way on them */
    int64_t late_most_us;        /* how far the client itself fell behind its plan, at most */
    uint64_t late_count;         /* requests that left more than 100 ms after their moment */
    int32_t instance_count;
    struct ledger_instance instances[LEDGER_INSTANCES];
};

struct ledger {
    struct ledger_head *head;
    struct ledger_record *records; /* by number */
    uint64_t capacity;
    int fd;
};

/* Room for `capacity` records; the disk holds only what is touched. */
void ledger_create(struct ledger *ledger, const char *path, const char *name, uint64_t capacity);
void ledger_open(struct ledger *ledger, const char *path);
/* Cuts the file to what was begun. */
void ledger_close(struct ledger *ledger);
/* The index of an instance, taken into the list when it is new; -1 without a boot id or when the list is full. */
int ledger_instance_of(struct ledger *ledger, const char *boot, const char *version);

#endif
