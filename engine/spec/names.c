#include "spec/names.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

struct name_slot {
    uint32_t hash;
    int index; /* from 1; 0: free */
};

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

/* The slot of the name, or the free one where it would go. At most half of the slots are in use. */
static struct name_slot *find_slot(const struct names *names, const char *name, uint32_t hash)
{
    size_t at = hash & names->mask;

    while (names->slots[at].index != 0 &&
           (names->slots[at].hash != hash || strcmp(names->words[names->slots[at].index - 1], name) != 0))
        at = (at + 1) & names->mask;
    return &names->slots[at];
}

void names_build(struct arena *arena, const char **words, size_t count, struct names *out)
{
    size_t slots = 4;

    while (slots < count * 2)
        slots *= 2;
    out->words = words;
    out->mask = slots - 1;
    out->slots = arena_array(arena, slots, sizeof(*out->slots));
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = words[i] == NULL ? 0 : hash_of(words[i]);
        struct name_slot *slot = words[i] == NULL ? NULL : find_slot(out, words[i], hash);

        if (slot != NULL && slot->index == 0)
            *slot = (struct name_slot){hash, (int)i + 1};
    }
}

int names_find(const struct names *names, const char *name)
{
    return find_slot(names, name, hash_of(name))->index - 1;
}
