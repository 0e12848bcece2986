#include "view/rows.h"

#include "base/json.h"
#include "store/record.h"

struct error *rows_release(struct record *record, const char *release, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "id", release);

    return query_row(record, "release_show", params, out);
}

struct error *rows_live(struct record *record, const char *environment, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s?}", "environment", environment);

    return query_rows(record, "release_live", params, out);
}

struct error *rows_releases(struct record *record, const char *environment, int limit, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s?, s:i}", "environment", environment, "most", limit);

    return query_rows(record, "release_list", params, out);
}

struct error *rows_status(struct record *record, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_object();

    return query_rows(record, "status", params, out);
}

struct error *rows_units(struct record *record, const char *environment, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s, s:i}", "environment", environment, "standing", 1);

    return query_rows(record, "units", params, out);
}

struct error *rows_shares(struct record *record, const char *environment, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "environment", environment);

    return query_rows(record, "shares", params, out);
}

struct error *rows_events(struct record *record, const char *release, int64_t after, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) =
        json_pack("{s:s, s:I, s:i}", "release", release, "after", (json_int_t)after, "most", ROWS_EVENTS_MOST);

    return query_rows(record, "events", params, out);
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
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "release", release);

    return query_rows(record, query, params, out);
}
