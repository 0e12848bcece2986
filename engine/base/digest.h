#ifndef ENGINE_BASE_DIGEST_H
#define ENGINE_BASE_DIGEST_H

/* SHA-256 and base64 by nettle, and random names. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct strbuf;

#define DIGEST_BYTES 32
#define DIGEST_HEX 65 /* with the NUL */

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

struct digest digest_of(const void *bytes, size_t length);
/* Of two runs of bytes, one behind the other. */
struct digest digest_of_two(const void *a, size_t a_length, const void *b, size_t b_length);
void digest_hex(const struct digest *digest, char out[DIGEST_HEX]);
_Bool digest_from_hex(const char *hex, struct digest *out);
/* Of a file's bytes, read in pieces. Blocks. */
NODISCARD struct error *digest_file(const char *path, struct digest *out, int64_t *out_size);
/* Appends the bytes in base64 (RFC 4648, padded). What has a multiple of three bytes can be gone on behind. */
void base64_add(struct strbuf *out, const void *bytes, size_t length);
/* `count` random lower-case letters and digits, then a NUL. */
void random_name(char *out, size_t count);

#endif
