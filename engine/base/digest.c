#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nettle/base16.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define PIECE_BYTES ((size_t)64 * 1024)

_Static_assert(DIGEST_BYTES == SHA256_DIGEST_SIZE, "SHA-256");

struct digest digest_of(const void *bytes, size_t length)
{
    return digest_of_two(bytes, length, NULL, 0);
}

struct digest digest_of_two(const void *a, size_t a_length, const void *b, size_t b_length)
{
    struct sha256_ctx state;
    struct digest digest;

    sha256_init(&state);
    if (a_length)
        sha256_update(&state, a_length, a);
    if (b_length)
        sha256_update(&state, b_length, b);
    sha256_digest(&state, DIGEST_BYTES, digest.bytes);
    return digest;
}

void digest_hex(const struct digest *digest, char out[DIGEST_HEX])
{
    base16_encode_update(out, DIGEST_BYTES, digest->bytes);
    out[DIGEST_HEX - 1] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Lower case only: one digest has one spelling. */
_Bool digest_from_hex(const char *hex, struct digest *out)
{
    struct digest digest;

    if (strlen(hex) != DIGEST_HEX - 1)
        return 0;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        int high = hex_value(hex[2 * i]);
        int low = hex_value(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return 0;
        digest.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *out = digest;
    return 1;
}

struct error *digest_file(const char *path, struct digest *out, int64_t *out_size)
{
    struct sha256_ctx state;
    char *piece CLEANUP(heap_cleanup) = heap_alloc(PIECE_BYTES);
    struct error *error = NULL;
    int64_t size = 0;
    ssize_t got;
    int fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno("cannot open '%s'", path);
    sha256_init(&state);
    while ((got = read(fd, piece, PIECE_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue; /* GCOVR_EXCL_LINE: needs a signal in the middle of a read of a file */
        if (got < 0) {
            error = error_errno("cannot read '%s'", path);
            break;
        }
        sha256_update(&state, (size_t)got, (const uint8_t *)piece);
        size += got;
    }
    close(fd);
    if (error)
        return error;
    sha256_digest(&state, DIGEST_BYTES, out->bytes);
    *out_size = size;
    return NULL;
}

void random_name(char *out, size_t count)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < count; i++)
        out[i] = letters[arc4random_uniform(sizeof(letters) - 1)];
    out[count] = '\0';
}

void base64_add(struct strbuf *out, const void *bytes, size_t length)
{
    size_t size = BASE64_ENCODE_RAW_LENGTH(length);
    char *text CLEANUP(heap_cleanup) = heap_alloc(size);

    base64_encode_raw(text, length, bytes);
    strbuf_add(out, text, size);
}
