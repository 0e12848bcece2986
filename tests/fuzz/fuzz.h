#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/* What all fuzz targets share: the entry point, and texts that end where their memory ends. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An exact copy with a NUL behind it, so that a read past the end is seen. To be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = heap_alloc(size + 1);

    if (size > 0)
        memcpy(text, data, size);
    return text;
}

/* An error says something, and is freed. True: there was none. */
static inline bool fuzz_fine(struct error *error)
{
    bool fine = !error;

    MUST(fine || (error->text && *error->text));
    error_free(error);
    return fine;
}

#endif
