/* `needs:` must name stages that exist, and no stage may wait for itself, not even around a corner. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/names.h"
#include "spec/pipeline.h"
#include "spec/pipeline_check.h"
#include "spec/wording.h"

#define CIRCLE_SHOWN 8

enum colour { WHITE, GREY, BLACK };

struct order {
    struct arena *arena; /* of what is needed meanwhile */
    struct arena *words; /* of the messages */
    const struct pipeline_spec *pipeline;
    struct diagnostics *problems;
    struct names names;
    int **needs; /* of each stage that has `needs`: the stages it names, -1 for none */
    unsigned char *colours;
    int *path;      /* the grey stages, one waiting for the next */
    int *next_need; /* of each stage on the path: the need to follow next */
    int depth;
};

static void check_duplicates(struct order *order)
{
    for (int i = 0; i < order->pipeline->stage_count; i++) {
        const struct stage_spec *stage = &order->pipeline->stages[i];
        int first = names_find(&order->names, stage->name == NULL ? "" : stage->name);
        struct diagnostic *own = NULL;

        if (first < 0 || first == i || diagnostics_enough(order->problems))
            continue;
        own = diagnostics_add(order->problems, ERR_SPEC_INVALID, stage->mark,
                              "two stages are named %s; the first is at line %d, column %d",
                              wording_quote(order->words, stage->name), order->pipeline->stages[first].mark.line,
                              order->pipeline->stages[first].mark.column);
        own->width = (int)strlen(stage_kind_text(stage->kind));
        own->hint = "give this one a 'name:' of its own";
        own->see = arena_printf(order->words, "stages.%s.name", stage_kind_text(stage->kind));
    }
}

static void report_need(struct order *order, const struct stage_spec *stage, int index)
{
    const char *need = stage->needs.items[index];
    struct diagnostic *own = NULL;

    own = diagnostics_add(order->problems, ERR_SPEC_INVALID, stage->needs.marks[index],
                          "there is no stage %s in this pipeline", wording_quote(order->words, need));
    own->width = text_columns(need);
    own->hint =
        wording_hint(order->words, need, order->names.words, (size_t)order->pipeline->stage_count, "the stages are");
    own->see = arena_printf(order->words, "stages.%s.needs", stage_kind_text(stage->kind));
}

static void find_needs(struct order *order, int stage)
{
    const struct stage_spec *own = &order->pipeline->stages[stage];

    if (own->needs.count > 0)
        order->needs[stage] = arena_array(order->arena, (size_t)own->needs.count, sizeof(int));
    for (int i = 0; i < own->needs.count; i++) {
        const char *need = own->needs.items[i];

        order->needs[stage][i] = names_find(&order->names, need);
        if (order->needs[stage][i] < 0 && *need != '\0' && !diagnostics_enough(order->problems))
            report_need(order, own, i);
    }
}

static int need_count(const struct order *order, int stage)
{
    const struct stage_spec *own = &order->pipeline->stages[stage];

    return own->needs_given ? own->needs.count : stage > 0 ? 1 : 0;
}

/* The stage that the need points to; -1: there is none. */
static int need_at(const struct order *order, int stage, int index)
{
    const struct stage_spec *own = &order->pipeline->stages[stage];

    return own->needs_given ? order->needs[stage][index] : stage - 1;
}

/* The circle is closed by a written `needs:`, because the stages before a stage come before it. */
static void report_circle(struct order *order, int back_to)
{
    struct strbuf words CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct stage_spec *stages = order->pipeline->stages;
    struct mark mark = {NULL, 0, 0};
    struct diagnostic *own = NULL;
    int from = order->depth;
    int shown = 0;

    if (diagnostics_enough(order->problems))
        return;
    while (from > 0 && order->path[from - 1] != back_to)
        from--;
    for (int i = from - 1; i < order->depth; i++, shown++) {
        const struct stage_spec *stage = &stages[order->path[i]];

        if (stage->needs_given && mark.line == 0)
            mark = stage->needs.marks[order->next_need[i] - 1];
        if (shown < CIRCLE_SHOWN)
            strbuf_printf(&words, "%s -> ", stage->name);
        else if (shown == CIRCLE_SHOWN)
            strbuf_text(&words, "... -> ");
    }
    if (order->depth == from)
        own = diagnostics_add(order->problems, ERR_SPEC_INVALID, mark, "the stage '%s' waits for itself",
                              stages[back_to].name);
    else
        own =
            diagnostics_add(order->problems, ERR_SPEC_INVALID, mark, "the stages wait for each other in a circle: %s%s",
                            strbuf_view(&words), stages[back_to].name);
    own->hint = "each stage waits for the one before it unless 'needs' says otherwise";
    own->see = "stages";
}

static void enter(struct order *order, int stage)
{
    order->colours[stage] = GREY;
    order->path[order->depth] = stage;
    order->next_need[order->depth] = 0;
    order->depth++;
}

/* Depth first, without recursion: the way is as long as the pipeline. */
static void walk_from(struct order *order, int start)
{
    enter(order, start);
    while (order->depth > 0) {
        int stage = order->path[order->depth - 1];
        int index = order->next_need[order->depth - 1]++;
        int need = 0;

        if (index == need_count(order, stage)) {
            order->colours[stage] = BLACK;
            order->depth--;
            continue;
        }
        need = need_at(order, stage, index);
        if (need < 0)
            continue;
        if (order->colours[need] == GREY)
            report_circle(order, need);
        else if (order->colours[need] == WHITE)
            enter(order, need);
    }
}

void stage_order_check(struct arena *arena, const struct pipeline_spec *pipeline, struct diagnostics *problems)
{
    struct order order = {
        .arena = arena, .words = diagnostics_arena(problems), .pipeline = pipeline, .problems = problems};
    size_t count = (size_t)pipeline->stage_count;
    const char **words = arena_array(arena, count + 1, sizeof(*words));

    for (size_t i = 0; i < count; i++)
        words[i] = pipeline->stages[i].name;
    names_build(arena, words, count, &order.names);
    check_duplicates(&order);
    order.needs = arena_array(arena, count + 1, sizeof(*order.needs));
    for (size_t i = 0; i < count; i++)
        find_needs(&order, (int)i);
    order.colours = arena_alloc(arena, count + 1);
    order.path = arena_array(arena, count + 1, sizeof(*order.path));
    order.next_need = arena_array(arena, count + 1, sizeof(*order.next_need));
    for (size_t i = 0; i < count; i++)
        if (order.colours[i] == WHITE)
            walk_from(&order, (int)i);
}
