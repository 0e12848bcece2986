#include "spec/scalar.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define DIGITS "0123456789"

static bool is_among(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static enum scalar_type number_type(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, DIGITS);
    size_t fraction = 0;
    bool dot = false;
    bool exponent = false;

    at += whole;
    if (*at == '.') {
        dot = true;
        at++;
        fraction = strspn(at, DIGITS);
        at += fraction;
    }
    if (whole + fraction == 0)
        return SCALAR_TEXT;
    if (*at == 'e' || *at == 'E') {
        exponent = true;
        at++;
        at += *at == '-' || *at == '+';
        if (strspn(at, DIGITS) == 0)
            return SCALAR_TEXT;
        at += strspn(at, DIGITS);
    }
    if (*at != '\0')
        return SCALAR_TEXT;
    return dot || exponent ? SCALAR_FLOAT : SCALAR_INT;
}

enum scalar_type scalar_type(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    static const char *const others[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
    const char *unsigned_text = text + (*text == '-' || *text == '+');

    if (is_among(text, nulls))
        return SCALAR_NULL;
    if (is_among(text, bools))
        return SCALAR_BOOL;
    if (strncmp(text, "0x", 2) == 0 && text[2] != '\0' && strspn(text + 2, DIGITS "abcdefABCDEF") == strlen(text + 2))
        return SCALAR_OTHER_NUMBER;
    if (strncmp(text, "0o", 2) == 0 && text[2] != '\0' && strspn(text + 2, "01234567") == strlen(text + 2))
        return SCALAR_OTHER_NUMBER;
    if (is_among(unsigned_text, others))
        return SCALAR_OTHER_NUMBER;
    return number_type(text);
}

const char *scalar_type_words(const char *text)
{
    switch (scalar_type(text)) {
    case SCALAR_BOOL:
        return "boolean";
    case SCALAR_INT:
    case SCALAR_FLOAT:
    case SCALAR_OTHER_NUMBER:
        return "number";
    case SCALAR_TEXT:
    case SCALAR_NULL:
        break;
    }
    return NULL;
}

bool scalar_is_ambiguous(const char *text)
{
    static const char *const words[] = {"yes", "no", "on", "off", "y", "n", NULL};

    for (size_t i = 0; words[i] != NULL; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

bool scalar_is_json_number(const char *text)
{
    const char *at = text + (*text == '-');
    size_t whole = strspn(at, DIGITS);

    if (whole == 0 || (whole > 1 && at[0] == '0'))
        return false;
    if (number_type(text) == SCALAR_TEXT)
        return false;
    at += whole;
    return *at != '.' || (at[1] >= '0' && at[1] <= '9');
}

/* Exactly `digits` digits at *at, in low..high; steps over them. */
static bool read_digits(const char **at, int digits, int low, int high, int *out)
{
    int value = 0;

    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

static bool read_one(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

bool scalar_clock(const char *text, int *out_minutes)
{
    const char *at = text;
    int hours, minutes;

    if (!read_digits(&at, 2, 0, 24, &hours) || !read_one(&at, ':') || !read_digits(&at, 2, 0, 59, &minutes) ||
        *at != '\0' || hours * 60 + minutes > 24 * 60)
        return false;
    *out_minutes = hours * 60 + minutes;
    return true;
}

/* "Z", "+01:00" -> seconds east of Greenwich. */
static bool read_zone(const char **at, int *out_seconds)
{
    int sign = **at == '-' ? -1 : 1;
    int hours, minutes;

    *out_seconds = 0;
    if (read_one(at, 'Z'))
        return true;
    if (!read_one(at, sign < 0 ? '-' : '+') || !read_digits(at, 2, 0, 23, &hours) || !read_one(at, ':') ||
        !read_digits(at, 2, 0, 59, &minutes))
        return false;
    *out_seconds = sign * (hours * 60 + minutes) * 60;
    return true;
}

/* "18:00", "18:00:30" */
static bool read_clock(const char **at, struct tm *tm)
{
    return read_digits(at, 2, 0, 23, &tm->tm_hour) && read_one(at, ':') && read_digits(at, 2, 0, 59, &tm->tm_min) &&
           (!read_one(at, ':') || read_digits(at, 2, 0, 59, &tm->tm_sec));
}

bool scalar_time(const char *text, int64_t *out_wall_ms)
{
    const char *at = text;
    struct tm tm = {0};
    int year, month, day, east = 0;
    time_t seconds;

    if (!read_digits(&at, 4, 1970, 9999, &year) || !read_one(&at, '-') || !read_digits(&at, 2, 1, 12, &month) ||
        !read_one(&at, '-') || !read_digits(&at, 2, 1, 31, &day))
        return false;
    if (*at != '\0' && (!read_one(&at, 'T') || !read_clock(&at, &tm) || !read_zone(&at, &east) || *at != '\0'))
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    seconds = timegm(&tm);
    /* timegm makes 1 May of 31 April, in `tm` too. */
    if (tm.tm_mday != day)
        return false;
    *out_wall_ms = ((int64_t)seconds - east) * 1000;
    return true;
}

static bool read_version(const char **at, int64_t *out)
{
    size_t length = strspn(*at, DIGITS);

    if (length == 0 || length > 18 || (length > 1 && **at == '0'))
        return false;
    *out = strtoll(*at, NULL, 10);
    *at += length;
    return true;
}

bool scalar_range(const char *text, int64_t *out_first, int64_t *out_last)
{
    const char *at = text;
    int64_t first, last;

    if (!read_version(&at, &first))
        return false;
    last = first;
    if ((*at != '\0' && (!read_one(&at, '-') || !read_version(&at, &last))) || *at != '\0' || first > last)
        return false;
    *out_first = first;
    *out_last = last;
    return true;
}
