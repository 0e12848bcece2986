#include "view/rows.h"

#include <string.h>

#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "store/record.h"

/* False for anything that text_clean() may have to take away. */
static bool is_clean(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool c1 = *at == 0xc2; /* begins the C1 control characters, among others */

        if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f || c1)
            return false;
    }
    return true;
}

/* Much of what is written down came from outside; nothing of it may steer the terminal of who looks. */
static void clean(json_t *value)
{
    const char *key;
    size_t index;
    json_t *member;

    if (json_is_string(value) && !is_clean(json_string_value(value))) {
        struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

        text_clean(&out, json_string_value(value), strlen(json_string_value(value)));
        json_string_set(value, strbuf_view(&out));
    }
    json_object_foreach(value, key, member)
    {
        clean(member);
    }
    json_array_foreach(value, index, member)
    {
        clean(member);
    }
}

/* The rows of a query, cleaned. `params` is taken. */
static struct error *ask_rows(struct record *record, const char *query, json_t *params, json_t **out)
{
    json_t *owned CLEANUP(json_cleanup) = params;

    TRY(query_rows(record, query, owned, out));
    clean(*out);
    return NULL;
}

struct error *rows_release(struct record *record, const char *release, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "id", release);

    TRY(query_row(record, "release_show", params, out));
    clean(*out);
    return NULL;
}

struct error *rows_live(struct record *record, const char *environment, json_t **out)
{
    return ask_rows(record, "release_live", json_pack("{s:s?}", "environment", environment), out);
}

static json_t *bound(int64_t value)
{
    return value ? json_integer(value) : json_null();
}

struct error *rows_page(struct record *record, const struct rows_page *page, json_t **out)
{
    return ask_rows(record, "release_list",
                    json_pack("{s:s?, s:i, s:o, s:o, s:o}", "environment", page->environment, "most", page->limit,
                              "since_ms", bound(page->since_ms), "until_ms", bound(page->until_ms), "before",
                              bound(page->before)),
                    out);
}

struct error *rows_releases(struct record *record, const char *environment, int limit, json_t **out)
{
    return rows_page(record, &(struct rows_page){.environment = environment, .limit = limit}, out);
}

struct error *rows_reviews(struct record *record, const char *environment, json_t **out)
{
    return ask_rows(record, "reviews_due", json_pack("{s:s}", "environment", environment), out);
}

struct error *rows_status(struct record *record, json_t **out)
{
    return ask_rows(record, "status", json_object(), out);
}

struct error *rows_units(struct record *record, const char *environment, json_t **out)
{
    return ask_rows(record, "units", json_pack("{s:s, s:i}", "environment", environment, "standing", 1), out);
}

struct error *rows_shares(struct record *record, const char *environment, json_t **out)
{
    return ask_rows(record, "shares", json_pack("{s:s}", "environment", environment), out);
}

struct error *rows_events(struct record *record, const char *release, int64_t after, json_t **out)
{
    return ask_rows(
        record, "events",
        json_pack("{s:s, s:I, s:i}", "release", release, "after", (json_int_t)after, "most", ROWS_EVENTS_MOST), out);
}

struct error *rows_last_seq(struct record *record, const char *release, int64_t *out)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;

    TRY(rows_of(record, "view_last_seq", release, &rows));
    *out = json_get_int(json_array_get(rows, 0), "seq", 0);
    return NULL;
}

struct error *rows_of(struct record *record, const char *query, const char *release, json_t **out)
{
    return ask_rows(record, query, json_pack("{s:s}", "release", release), out);
}
