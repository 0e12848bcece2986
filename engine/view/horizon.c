#include "view/horizon.h"

#include "base/json.h"
#include "base/memory.h"
#include "store/record.h"

static json_t *warm(struct arena *arena, const json_t *row)
{
    const char *unit = json_get_text(row, "old_unit"), *release = json_get_text(row, "release");

    return json_pack("{s:b, s:s, s:s, s:O, s:o, s:o}", "warm", 1, "unit", unit, "release", release, "commit",
                     json_object_get(row, "old_commit"), "text",
                     json_string(arena_printf(arena, "to %s, which stands, until its first stamp is destroyed", unit)),
                     "command", json_string(arena_printf(arena, "rollback %s", release)));
}

static json_t *cold(struct arena *arena, const char *environment, const json_t *row)
{
    const char *release = json_get_text(row, "earlier"), *commit = json_get_text(row, "earlier_commit");

    return json_pack("{s:b, s:n, s:s, s:s, s:o, s:o}", "warm", 0, "unit", "release", release, "commit", commit, "text",
                     json_string(arena_printf(arena, "to %.7s of %s, by a new release", commit, release)), "command",
                     json_string(arena_printf(arena, "rollback %s", environment)));
}

struct error *horizon_read(struct record *record, struct arena *arena, const char *environment, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "environment", environment);
    json_t *row CLEANUP(json_cleanup) = NULL;

    TRY(query_row(record, "horizon", params, &row));
    if (json_get_text(row, "release"))
        *out = warm(arena, row);
    else if (json_get_text(row, "earlier"))
        *out = cold(arena, environment, row);
    else
        *out = json_null();
    return NULL;
}
