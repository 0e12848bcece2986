/* Any bytes as a template, with values that hold any bytes too: nothing unknown is filled in, nothing is half done. */

#include "fuzz/fuzz.h"

#include "base/template.h"
#include "base/text.h"

static const struct mark nowhere = {"text", 1, 1};

struct world {
    const char *value;
    int names;
};

static const char *look_up(const void *context, const char *name)
{
    const struct world *world = context;

    if (text_is(name, "unit.name"))
        return world->value;
    return text_is(name, "n") ? "7" : NULL;
}

static struct error *count(void *context, const char *name, int offset)
{
    struct world *world = context;

    MUST(name && offset >= 0);
    world->names++;
    return NULL;
}

/* The template, and behind the first line's end the value of ${unit.name}. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    char *text CLEANUP(heap_cleanup) = fuzz_text(data, size);
    char *end = strchr(text, '\n');
    struct world world = {end ? end + 1 : "", 0};
    bool good;

    if (end)
        *end = '\0';
    good = fuzz_fine(template_names(text, nowhere, count, &world));
    for (int i = 0; i < 2; i++) {
        const struct template_values values = {i ? TEMPLATE_HAPROXY : TEMPLATE_ARGV, look_up, &world};
        const char *out = NULL;

        if (!fuzz_fine(template_expand(arena, &values, text, nowhere, &out)))
            continue;
        MUST(good && out);
        MUST(world.names || strlen(out) <= strlen(text));
    }
    return 0;
}
