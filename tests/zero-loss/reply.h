#ifndef TESTS_ZERO_LOSS_REPLY_H
#define TESTS_ZERO_LOSS_REPLY_H

/*
 * One HTTP answer out of the bytes that came so far. Pure. Only what HAProxy and the rooms service send: no trailers, and
 * a body is as long as Content-Length says, or as the connection lasts.
 */

#include <stdbool.h>
#include <stddef.h>

#define REPLY_TEXT_MOST 80

enum reply_verdict { REPLY_MORE, REPLY_WHOLE, REPLY_GARBLED };

struct reply {
    int status;
    size_t length;                 /* of head and body */
    bool until_end;                /* the body ends with the connection */
    bool closes;                   /* the connection is not to be used again */
    char id[REPLY_TEXT_MOST];      /* X-Ledger-Id; empty when there is none */
    char version[REPLY_TEXT_MOST]; /* X-Rooms-Version */
    char boot[REPLY_TEXT_MOST];    /* X-Rooms-Boot */
};

/* `ended`: the other side sends nothing more. A head without a body (101, 204) is whole at its end. */
enum reply_verdict reply_read(const char *bytes, size_t length, bool ended, struct reply *out);

#endif
