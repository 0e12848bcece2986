#include "base/zone.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
/* No zone changes its clocks there and back within a day. */
#define STRIDE_S ((int64_t)24 * 60 * 60)

static const char *zone_directory(void)
{
    const char *given = getenv("TZDIR");

    return given && *given ? given : ZONE_DIRECTORY;
}

/* The C library takes a zone that it cannot read for UTC, and says nothing. */
static bool is_zone_file(const char *path)
{
    char magic[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool is = fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;

    if (fd >= 0)
        close(fd);
    return is;
}

static struct error *find_file(struct arena *arena, const char *name, const char **out)
{
    const char *directory = zone_directory();

    *out = arena_printf(arena, "%s/%s", directory, name);
    if (is_zone_file(*out))
        return NULL;
    if (!is_zone_file(arena_printf(arena, "%s/Etc/UTC", directory)))
        return error_hint(error_new(ERR_IO, KIND_PERMANENT,
                                    "the system has no zone data in %s, so nobody knows the time in '%s'", directory,
                                    name),
                          "install the package tzdata");
    return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no time zone '%s'", name),
                      "the zones are the files below %s, such as Europe/Warsaw", directory);
}

static int64_t east_at(int64_t at_s)
{
    time_t seconds = (time_t)at_s;
    struct tm tm;

    MUST(localtime_r(&seconds, &tm));
    return tm.tm_gmtoff * 1000;
}

/* The first second of (low, high] at which the clocks show what they show at `high`. */
static int64_t find_change(int64_t low_s, int64_t high_s)
{
    int64_t east_ms = east_at(high_s);

    while (high_s - low_s > 1) {
        int64_t middle_s = low_s + (high_s - low_s) / 2;

        if (east_at(middle_s) == east_ms)
            high_s = middle_s;
        else
            low_s = middle_s;
    }
    return high_s;
}

static void read_spans(struct arena *arena, int64_t from_s, int64_t until_s, struct zone *zone)
{
    struct zone_span *spans = NULL;
    int capacity = 0;

    *ARENA_PUSH(arena, spans, zone->span_count, capacity) = (struct zone_span){from_s * 1000, east_at(from_s)};
    for (int64_t at_s = from_s; at_s < until_s; at_s += STRIDE_S) {
        int64_t next_s = at_s + STRIDE_S < until_s ? at_s + STRIDE_S : until_s;

        if (east_at(next_s) != east_at(at_s)) {
            int64_t change_s = find_change(at_s, next_s);

            *ARENA_PUSH(arena, spans, zone->span_count, capacity) =
                (struct zone_span){change_s * 1000, east_at(change_s)};
        }
    }
    zone->spans = spans;
}

struct error *zone_read(struct arena *arena, const char *name, int64_t from_ms, int64_t until_ms,
                        const struct zone **out)
{
    struct zone *zone = ARENA_NEW(arena, struct zone);
    const char *before = arena_text(arena, getenv("TZ"));
    const char *path = "UTC0";

    *zone = (struct zone){.name = arena_text(arena, name), .until_ms = until_ms};
    if (!text_is(name, "UTC"))
        TRY(find_file(arena, name, &path));
    setenv("TZ", text_is(name, "UTC") ? path : arena_printf(arena, ":%s", path), 1);
    tzset();
    read_spans(arena, from_ms / 1000, until_ms / 1000, zone);
    if (before)
        setenv("TZ", before, 1);
    else
        unsetenv("TZ");
    tzset();
    *out = zone;
    return NULL;
}
