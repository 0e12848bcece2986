#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static int64_t clock_ms(clockid_t id)
{
    struct timespec now;

    MUST(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_boot_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

void time_add(struct strbuf *out, int64_t wall_ms)
{
    /* Rounded down, also before 1970. */
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
    struct tm tm;

    MUST(gmtime_r(&seconds, &tm));
    strbuf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                  tm.tm_min, tm.tm_sec);
}

const char *time_text(struct arena *arena, int64_t wall_ms)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    time_add(&text, wall_ms);
    return arena_text(arena, strbuf_view(&text));
}

/* Exactly `digits` digits at *at, in low..high; steps over them. */
static _Bool read_number(const char **at, int digits, int low, int high, int *out)
{
    int value = 0;

    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return 0;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

static _Bool read_char(const char **at, char wanted)
{
    return *(*at)++ == wanted;
}

/* ".5", ".123456": thousands, the rest cut off. Absent is 0. */
static _Bool read_fraction(const char **at, int *out_ms)
{
    int weight = 100;

    *out_ms = 0;
    if (**at != '.')
        return 1;
    (*at)++;
    if (**at < '0' || **at > '9')
        return 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, weight /= 10)
        *out_ms += (**at - '0') * weight;
    return 1;
}

_Bool time_parse(const char *text, int64_t *out_wall_ms)
{
    const char *at = text;
    struct tm tm = {0};
    int day;
    time_t seconds;
    int ms;

    if (!read_number(&at, 4, 1, 9999, &tm.tm_year) || !read_char(&at, '-') || !read_number(&at, 2, 1, 12, &tm.tm_mon) ||
        !read_char(&at, '-') || !read_number(&at, 2, 1, 31, &tm.tm_mday) || !read_char(&at, 'T') ||
        !read_number(&at, 2, 0, 23, &tm.tm_hour) || !read_char(&at, ':') || !read_number(&at, 2, 0, 59, &tm.tm_min) ||
        !read_char(&at, ':') || !read_number(&at, 2, 0, 59, &tm.tm_sec) || !read_fraction(&at, &ms) ||
        strcmp(at, "Z") != 0)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    day = tm.tm_mday;
    seconds = timegm(&tm);
    /* timegm makes 1 May of 31 April, in `tm` too. */
    if (tm.tm_mday != day)
        return 0;
    *out_wall_ms = (int64_t)seconds * 1000 + ms;
    return 1;
}

const char *clock_boot_id(void)
{
    static char id[64];
    static _Bool asked;
    ssize_t length;
    int fd;

    if (asked)
        return id;
    asked = 1;
    fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return id; /* GCOVR_EXCL_LINE: /proc is always mounted where tests run */
    length = read(fd, id, sizeof(id) - 1);
    close(fd);
    id[length > 0 ? strcspn(id, "\n") : 0] = '\0';
    return id;
}
