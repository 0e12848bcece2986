#include "unit/windows.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "plan/closures.h"
#include "spec/diagnostics.h"
#include "spec/project.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

static void report_zone(const struct window_spec *window, const struct error *error, struct diagnostics *problems)
{
    struct diagnostic *own = diagnostics_add(problems, ERR_SPEC_INVALID, window->zone_mark, "%s", error->text);

    own->width = text_columns(window->zone);
    own->hint = arena_text(diagnostics_arena(problems), error->hint);
    own->see = "environments.windows.zone";
}

/* Those of the windows, in their order; NULL where a zone was reported. */
static struct error *read_zones(struct arena *arena, const struct environment_spec *environment, int64_t from_ms,
                                int64_t until_ms, struct diagnostics *problems, const struct zone ***out)
{
    const struct zone **zones = arena_array(arena, (size_t)environment->window_count + 1, sizeof(struct zone *));

    for (int i = 0; i < environment->window_count; i++) {
        const struct window_spec *window = &environment->windows[i];
        struct error *error CLEANUP(error_cleanup) = zone_read(arena, window->zone, from_ms, until_ms, &zones[i]);

        if (error && error->code == ERR_NOT_FOUND) {
            report_zone(window, error, problems);
        } else if (error) {
            struct error *other = error;

            error = NULL;
            return other;
        }
    }
    *out = zones;
    return NULL;
}

static int64_t begin_of(int64_t now_ms)
{
    return now_ms / DAY_MS * DAY_MS - DAY_MS;
}

struct error *windows_check(struct arena *arena, const struct environment_spec *environment, int64_t now_ms,
                            struct diagnostics *problems)
{
    const struct zone **ignored;

    return read_zones(arena, environment, begin_of(now_ms), begin_of(now_ms) + DAY_MS, problems, &ignored);
}

struct error *windows_closures(struct arena *arena, const struct environment_spec *environment, int64_t now_ms,
                               struct diagnostics *problems, const json_t **out)
{
    int64_t from_ms = begin_of(now_ms), until_ms = from_ms + (WINDOWS_HORIZON_DAYS + 1) * DAY_MS;
    const struct zone **zones;

    *out = NULL;
    TRY(read_zones(arena, environment, from_ms, until_ms, problems, &zones));
    for (int i = 0; i < environment->window_count; i++) {
        if (!zones[i])
            return NULL;
    }
    *out = closures_of(arena, environment, zones, from_ms, until_ms);
    return NULL;
}
