#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define PIECE_BYTES ((size_t)64 * 1024)

_Static_assert(DIGEST_BYTES == crypto_hash_sha256_BYTES, "SHA-256");

static void sodium_ready(void)
{
    static _Bool ready;

    if (ready)
        return;
    MUST(sodium_init() >= 0);
    ready = 1;
}

struct digest digest_of(const void *bytes, size_t length)
{
    return digest_of_two(bytes, length, NULL, 0);
}

struct digest digest_of_two(const void *a, size_t a_length, const void *b, size_t b_length)
{
    crypto_hash_sha256_state state;
    struct digest digest;

    sodium_ready();
    crypto_hash_sha256_init(&state);
    if (a_length)
        crypto_hash_sha256_update(&state, a, a_length);
    if (b_length)
        crypto_hash_sha256_update(&state, b, b_length);
    crypto_hash_sha256_final(&state, digest.bytes);
    return digest;
}

void digest_hex(const struct digest *digest, char out[DIGEST_HEX])
{
    sodium_bin2hex(out, DIGEST_HEX, digest->bytes, DIGEST_BYTES);
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
    crypto_hash_sha256_state state;
    char *piece CLEANUP(heap_cleanup) = heap_alloc(PIECE_BYTES);
    struct error *error = NULL;
    int64_t size = 0;
    ssize_t got;
    int fd;

    sodium_ready();
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno("cannot open '%s'", path);
    crypto_hash_sha256_init(&state);
    while ((got = read(fd, piece, PIECE_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue; /* GCOVR_EXCL_LINE: needs a signal in the middle of a read of a file */
        if (got < 0) {
            error = error_errno("cannot read '%s'", path);
            break;
        }
        crypto_hash_sha256_update(&state, (const unsigned char *)piece, (size_t)got);
        size += got;
    }
    close(fd);
    if (error)
        return error;
    crypto_hash_sha256_final(&state, out->bytes);
    *out_size = size;
    return NULL;
}

void random_name(char *out, size_t count)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    sodium_ready();
    for (size_t i = 0; i < count; i++)
        out[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
    out[count] = '\0';
}

void base64_add(struct strbuf *out, const void *bytes, size_t length)
{
    size_t size = sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_ORIGINAL);
    char *text CLEANUP(heap_cleanup) = heap_alloc(size);

    strbuf_text(out, sodium_bin2base64(text, size, bytes, length, sodium_base64_VARIANT_ORIGINAL));
}
