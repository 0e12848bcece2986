#ifndef TESTS_ZERO_LOSS_FRAME_H
#define TESTS_ZERO_LOSS_FRAME_H

/* Short websocket frames (RFC 6455), as a client writes and reads them. Pure. */

#include <stddef.h>
#include <stdint.h>

#define FRAME_PAYLOAD_MOST 125
#define FRAME_BYTES_MOST (FRAME_PAYLOAD_MOST + 6)

enum frame_kind { FRAME_TEXT = 1, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

struct frame {
    int kind;
    const char *payload; /* in the bytes that were read */
    size_t payload_length;
    size_t length; /* of all of it */
};

enum frame_verdict { FRAME_MORE, FRAME_WHOLE, FRAME_GARBLED };

/* Returns how many bytes were written to `out` (FRAME_BYTES_MOST); a client's frames are masked. */
size_t frame_write(enum frame_kind kind, const char *payload, size_t length, uint32_t mask, char *out);
/* A whole frame that is not fragmented, and short: everything that an echo sends. */
enum frame_verdict frame_read(const char *bytes, size_t length, struct frame *out);

#endif
