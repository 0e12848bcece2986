#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define DURATION_LIMIT_MS ((int64_t)3650 * 24 * 60 * 60 * 1000) /* ten years */

bool text_is(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t suffix_length = strlen(suffix);

    return length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

/* Only the last '*' can need another try: what the ones before it took is already right. So the time is bounded. */
bool text_glob(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *retry = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool text_is_plain_url(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~?&=:@!*+%";

    return text[0] == '/' && strlen(text) < 1000 && strspn(text, allowed) == strlen(text);
}

/* From the largest; in a duration each comes at most once, in this order. */
static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {
    {"d", 24 * 60 * 60 * 1000}, {"h", 60 * 60 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1},
};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

/* Digits at *at; false when there are none or the value passes `limit`. */
static bool read_digits(const char **at, int64_t limit, int64_t *out)
{
    int64_t value = 0;

    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (**at - '0');
        if (value > limit)
            return false;
    }
    *out = value;
    return true;
}

bool duration_parse(const char *text, int64_t *out_ms)
{
    const char *at = text;
    int64_t sum = 0;
    size_t next = 0;

    if (!*text)
        return false;
    while (*at) {
        size_t length;
        int64_t value;

        if (!read_digits(&at, DURATION_LIMIT_MS, &value))
            return false;
        length = strspn(at, "dhms");
        while (next < UNIT_COUNT && !(strlen(units[next].name) == length && memcmp(at, units[next].name, length) == 0))
            next++;
        /* The limits keep the product far from overflow. */
        if (next == UNIT_COUNT || value > DURATION_LIMIT_MS / units[next].ms)
            return false;
        sum += value * units[next].ms;
        at += length;
        next++;
    }
    if (sum > DURATION_LIMIT_MS)
        return false;
    *out_ms = sum;
    return true;
}

const char *text_spaced(struct arena *arena, const char *word)
{
    char *words = arena_text(arena, word);

    for (char *at = words; *at; at++)
        if (*at == '_')
            *at = ' ';
    return words;
}

const char *duration_text(struct arena *arena, int64_t ms)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    /* Unsigned, since the smallest number has no positive twin. */
    uint64_t left = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;

    if (ms == 0)
        return "0s";
    if (ms < 0)
        strbuf_char(&text, '-');
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        uint64_t unit = (uint64_t)units[i].ms;

        if (left >= unit)
            strbuf_printf(&text, "%llu%s", (unsigned long long)(left / unit), units[i].name);
        left %= unit;
    }
    return arena_text(arena, strbuf_view(&text));
}

bool share_parse(const char *text, int *out_basis_points)
{
    const char *at = text;
    int64_t whole;
    int hundredths = 0;

    if (!read_digits(&at, SHARE_ALL / 100, &whole))
        return false;
    if (*at == '.') {
        int weight = 10;

        at++;
        if (*at < '0' || *at > '9')
            return false;
        for (; *at >= '0' && *at <= '9'; at++, weight /= 10) {
            if (weight == 0)
                return false;
            hundredths += (*at - '0') * weight;
        }
    }
    if (!text_is(at, "%") || whole * 100 + hundredths > SHARE_ALL)
        return false;
    *out_basis_points = (int)whole * 100 + hundredths;
    return true;
}

const char *share_text(struct arena *arena, int basis_points)
{
    const char *sign = basis_points < 0 ? "-" : "";
    int whole = abs(basis_points / 100);
    int hundredths = abs(basis_points % 100);

    if (hundredths == 0)
        return arena_printf(arena, "%s%d%%", sign, whole);
    if (hundredths % 10 == 0)
        return arena_printf(arena, "%s%d.%d%%", sign, whole, hundredths / 10);
    return arena_printf(arena, "%s%d.%02d%%", sign, whole, hundredths);
}

enum edit_cost {
    COST_SWAP = 0,
    COST_SUBSTITUTE = 2,
    COST_INSERT = 1,
    COST_DELETE = 4,
    COST_FLOOR = 7,
};

static int lower(int a, int b)
{
    return a < b ? a : b;
}

/* What it costs to make `typed` into `wanted` (Damerau-Levenshtein, three rows are enough). */
static int edit_distance(const char *typed, const char *wanted)
{
    int wanted_length = (int)strlen(wanted);
    int *rows CLEANUP(heap_cleanup) = heap_alloc(3 * ((size_t)wanted_length + 1) * sizeof(int));
    int *before = rows;
    int *above = rows + wanted_length + 1;
    int *row = above + wanted_length + 1;

    for (int j = 0; j <= wanted_length; j++)
        above[j] = j * COST_INSERT;
    for (int i = 0; typed[i]; i++) {
        int *free_row = before;

        row[0] = (i + 1) * COST_DELETE;
        for (int j = 0; j < wanted_length; j++) {
            int cost = above[j] + (typed[i] == wanted[j] ? 0 : COST_SUBSTITUTE);

            if (i > 0 && j > 0 && typed[i - 1] == wanted[j] && typed[i] == wanted[j - 1] && typed[i] != wanted[j])
                cost = lower(cost, before[j - 1] + COST_SWAP);
            cost = lower(cost, above[j + 1] + COST_DELETE);
            row[j + 1] = lower(cost, row[j] + COST_INSERT);
        }
        before = above;
        above = row;
        row = free_row;
    }
    return above[wanted_length];
}

/* The cost when no character is kept. A short word may be "near" to that, and is still not what was meant. */
static int rewrite_distance(const char *typed, const char *wanted)
{
    int typed_length = (int)strlen(typed);
    int wanted_length = (int)strlen(wanted);
    int common = lower(typed_length, wanted_length);

    return common * COST_SUBSTITUTE + (wanted_length - common) * COST_INSERT + (typed_length - common) * COST_DELETE;
}

/*
 * Nearly everything is near to a very short word. One character means only what begins with it; of two none may be wrong
 * (swapped, or with others between them), of three one.
 */
static bool is_guesswork(const char *typed, const char *wanted, int distance)
{
    static const int most[] = {-1, -1, 0, COST_SUBSTITUTE};
    int length = (int)strlen(typed);
    int wrong = distance - ((int)strlen(wanted) - length) * COST_INSERT;

    return length < (int)(sizeof(most) / sizeof(*most)) && wrong > most[length];
}

const char *text_nearest(const char *typed, const char *const *candidates)
{
    const char *nearest = NULL;
    int nearest_cost = COST_FLOOR;

    for (; *candidates; candidates++) {
        /* As git counts: 0 is kept for words that begin as typed, so the others are one further off. */
        int cost = edit_distance(typed, *candidates) + 1;

        if (cost > rewrite_distance(typed, *candidates))
            continue;
        if (*typed && text_starts(*candidates, typed))
            cost = 0;
        else if (is_guesswork(typed, *candidates, cost - 1))
            continue;
        if (cost < nearest_cost) {
            nearest = *candidates;
            nearest_cost = cost;
        }
    }
    return nearest;
}
