#include "drivers/probe/json_path.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

#define DIGITS "0123456789"
#define INDEX_DIGITS_MOST 9

/* One step of a path: a member's name, or an element's index. */
struct part {
    const char *name; /* NULL: an index */
    size_t length;
    size_t index;
};

/* Characters that end a plain name. All else may be in one, so that foreign keys (`num_pending`, `größe`) just work. */
static bool ends_name(char c)
{
    return c == '\0' || c == '.' || c == '[' || c == ']' || c == '"' || c == '\'' || c == ' ' || c == '*';
}

static bool read_bracket(const char **at, struct part *part)
{
    const char *start = *at + 1;
    const char *end;

    if (*start == '"' || *start == '\'') {
        end = strchr(start + 1, *start);
        if (!end || end[1] != ']')
            return false;
        *part = (struct part){.name = start + 1, .length = (size_t)(end - start - 1)};
        *at = end + 2;
        return true;
    }
    part->length = strspn(start, DIGITS);
    if (part->length == 0 || part->length > INDEX_DIGITS_MOST || start[part->length] != ']')
        return false;
    part->name = NULL;
    part->index = 0;
    for (size_t i = 0; i < part->length; i++)
        part->index = part->index * 10 + (size_t)(start[i] - '0');
    *at = start + part->length + 1;
    return true;
}

/* Reads the part at *at and steps over it; false: the path is wrong there. */
static bool read_part(const char **at, struct part *part)
{
    if (**at == '[')
        return read_bracket(at, part);
    if (**at != '.')
        return false;
    *part = (struct part){.name = *at + 1};
    while (!ends_name(part->name[part->length]))
        part->length++;
    *at = part->name + part->length;
    return part->length > 0;
}

struct error *json_path_check(const char *path)
{
    const char *at = path;
    struct part part;

    if (!path || *path != '$')
        return error_hint(
            error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "path '%s' does not start with '$'", path ? path : ""),
            "write $.name.name[0]");
    for (at++; *at;) {
        const char *start = at;

        if (!read_part(&at, &part))
            return error_hint(
                error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "path '%s' is wrong from '%s' on", path, start),
                "write $.name.name[0], or $[\"a name\"] for names with other characters");
    }
    return NULL;
}

const json_t *json_path_find(const json_t *document, const char *path)
{
    const char *at = path + 1;
    struct part part;

    while (document && *at) {
        if (!read_part(&at, &part))
            return NULL;
        if (part.name) {
            char *name CLEANUP(heap_cleanup) = heap_printf("%.*s", (int)part.length, part.name);

            document = json_object_get(document, name);
        } else {
            document = json_array_get(document, part.index);
        }
    }
    return document;
}
