/*
 * Any bytes as an instance's answer, and any expression: a number that is told is finite and at least 0; everything else
 * is unknown, with a reason. The first byte is the kind, the first line the expression, the rest the body.
 */

#include "fuzz/fuzz.h"

#include <math.h>

#include "drivers/probe/extract.h"
#include "drivers/probe/json_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    char *text CLEANUP(heap_cleanup) = fuzz_text(data, size);
    char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    const char *body = end ? end + 1 : "";
    size_t length = end ? size - (size_t)(body - text) : 0;
    const char *why = NULL;
    double value = -77;
    struct extract extract;

    if (size == 0)
        return 0;
    if (end)
        *end = '\0';
    extract = (struct extract){(enum extract_kind)((unsigned char)text[0] % 4), text + 1};
    if (fuzz_fine(extract_check(&extract))) {
        if (extract_number(arena, &extract, body, length, &value, &why))
            MUST(isfinite(value) && value >= 0);
        else
            MUST(why && *why && value == -77);
    }
    if (fuzz_fine(json_path_check(extract.expression)))
        extract_identity(arena, extract.expression, body, length);
    return 0;
}
