#include "plan/ranges.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/builder.h"
#include "plan/rules.h"

static const json_t *live_of(const struct builder *b, const char *key)
{
    return b->facts->live.name ? json_object_get(b->facts->live.contract, key) : NULL;
}

bool ranges_schema_applies(const struct builder *b)
{
    return live_of(b, "schema") != NULL;
}

bool ranges_api_applies(const struct builder *b)
{
    return live_of(b, "api") != NULL;
}

/* Where a block is missing that the live unit has. */
static struct mark place_of(const struct builder *b)
{
    return b->pipeline->unit.mark.line ? b->pipeline->unit.mark : b->pipeline->environment_mark;
}

static const char *range_text(const struct builder *b, struct range range)
{
    if (range.first == range.last)
        return arena_printf(b->arena, "%lld", (long long)range.first);
    return arena_printf(b->arena, "%lld-%lld", (long long)range.first, (long long)range.last);
}

static struct range range_of(const json_t *schema, const char *key)
{
    const json_t *pair = json_object_get(schema, key);

    return (struct range){json_integer_value(json_array_get(pair, 0)), json_integer_value(json_array_get(pair, 1))};
}

static bool is_within(struct range inner, struct range outer)
{
    return inner.first >= outer.first && inner.last <= outer.last;
}

void ranges_schema(struct builder *b, struct finding *out)
{
    const struct schema_spec *ours = &b->pipeline->unit.schema;
    const char *live = b->facts->live.name;
    struct range reads = range_of(live_of(b, "schema"), "reads"), writes = range_of(live_of(b, "schema"), "writes");
    const char *can = arena_printf(b->arena, "reads %s, writes %s", range_text(b, reads), range_text(b, writes));

    out->mark = ours->given ? ours->mark : place_of(b);
    if (!ours->given) {
        out->detail = arena_printf(
            b->arena, "the live unit '%s' says which stored data it knows (%s), this one does not", live, can);
        out->hint = "add unit.schema: what the one writes the other must read while both have traffic";
    } else if (!is_within(writes, ours->reads)) {
        out->detail = arena_printf(b->arena, "the new unit reads %s, but the live unit '%s' writes %s",
                                   range_text(b, ours->reads), live, range_text(b, writes));
        out->hint = b->facts->request.kind == PLAN_ROLLBACK
                        ? "it cannot read today's data: put the fault right in a new release"
                        : "release a version in between that reads both";
    } else if (!is_within(ours->writes, reads)) {
        out->detail = arena_printf(b->arena, "the new unit writes %s, but the live unit '%s' reads %s",
                                   range_text(b, ours->writes), live, range_text(b, reads));
        out->hint = "release a version first that reads the new data and still writes the old";
    } else {
        out->met = true;
        out->detail = arena_printf(b->arena, "reads %s, writes %s; the live unit %s", range_text(b, ours->reads),
                                   range_text(b, ours->writes), can);
    }
}

static bool answers(const struct api_spec *api, const char *version)
{
    for (int i = 0; i < api->versions.count; i++) {
        if (text_is(api->versions.items[i], version))
            return true;
    }
    return false;
}

/* "1.0, 2.0": those of the live unit that the new one answers too, or (both false) that it does not; NULL: none. */
static const char *versions_text(struct builder *b, const json_t *versions, bool answered)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const json_t *version;
    size_t index;

    json_array_foreach(versions, index, version)
    {
        const char *text = json_string_value(version);

        if (answers(&b->pipeline->unit.api, text) == answered)
            strbuf_printf(&list, "%s%s", list.length ? ", " : "", text);
    }
    return list.length ? arena_text(b->arena, strbuf_view(&list)) : NULL;
}

void ranges_api(struct builder *b, struct finding *out)
{
    const struct api_spec *ours = &b->pipeline->unit.api;
    const json_t *versions = json_object_get(live_of(b, "api"), "versions");
    const char *live = b->facts->live.name;
    const char *common = versions_text(b, versions, true), *gone = versions_text(b, versions, false);

    out->mark = ours->given ? ours->mark : place_of(b);
    if (!ours->given) {
        out->detail = arena_printf(b->arena,
                                   "the live unit '%s' says which versions of the API it answers (%s), this "
                                   "one does not",
                                   live, gone);
        out->hint = "add unit.api: while both have traffic, a user may be answered by either";
    } else if (!common) {
        out->detail = arena_printf(
            b->arena, "the new unit answers no version of the API that the live unit '%s' answers (%s)", live, gone);
        out->hint = "keep one of them for one more release: while both have traffic, a user may be answered by either";
    } else if (gone && !ours->breaking && b->facts->request.kind != PLAN_ROLLBACK) {
        out->detail =
            arena_printf(b->arena, "the new unit no longer answers %s, which the live unit '%s' does", gone, live);
        out->hint = "keep it, or say in unit.api that it is known: breaking: true";
    } else {
        out->met = true;
        out->detail = arena_printf(b->arena, "%s in common%s%s", common, gone ? "; gone: " : "", gone ? gone : "");
    }
}
