#include "plan/graph.h"

#include <string.h>

#include "base/memory.h"

static bool is_over(enum step_status status)
{
    return status == STEP_DONE || status == STEP_SKIPPED;
}

static bool is_active(const struct graph *graph, int step, enum step_status status)
{
    return !is_over(status) && (status != STEP_PENDING || graph->waiting[step] == 0);
}

/* Where the step is, or would be, among the active ones. */
static int place_of(const struct graph *graph, int step)
{
    int low = 0, high = graph->active_count;

    while (low < high) {
        int middle = (low + high) / 2;

        if (graph->active[middle] < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set_active(struct graph *graph, int step, bool active)
{
    int place = place_of(graph, step);
    bool is = place < graph->active_count && graph->active[place] == step;
    int *at = &graph->active[place];
    size_t behind = (size_t)(graph->active_count - place) * sizeof(*at);

    if (active && !is) {
        memmove(at + 1, at, behind);
        *at = step;
        graph->active_count++;
    } else if (!active && is) {
        memmove(at, at + 1, behind - sizeof(*at));
        graph->active_count--;
    }
}

struct graph *graph_new(struct arena *arena, const struct plan *plan)
{
    struct graph *graph = ARENA_NEW(arena, struct graph);
    size_t count = (size_t)plan->step_count;
    int edges = 0, *next;

    graph->plan = plan;
    graph->first = arena_array(arena, count + 2, sizeof(int));
    graph->waiting = arena_array(arena, count + 1, sizeof(int));
    graph->active = arena_array(arena, count + 1, sizeof(int));
    for (int i = 0; i < plan->step_count; i++) {
        graph->waiting[i] = plan->steps[i].need_count;
        graph->open[plan->steps[i].track]++;
        edges += plan->steps[i].need_count;
        for (int k = 0; k < plan->steps[i].need_count; k++)
            graph->first[plan->steps[i].needs[k] + 1]++;
        if (graph->waiting[i] == 0)
            graph->active[graph->active_count++] = i;
    }
    for (int i = 0; i < plan->step_count; i++)
        graph->first[i + 1] += graph->first[i];
    graph->dependents = arena_array(arena, (size_t)edges + 1, sizeof(int));
    next = arena_array(arena, count + 1, sizeof(int));
    for (int i = 0; i < plan->step_count; i++) {
        for (int k = 0; k < plan->steps[i].need_count; k++) {
            int need = plan->steps[i].needs[k];

            graph->dependents[graph->first[need] + next[need]++] = i;
        }
    }
    return graph;
}

void graph_changed(struct graph *graph, const struct step_state *steps, int step, enum step_status before)
{
    int change = (int)is_over(before) - (int)is_over(steps[step].status);

    set_active(graph, step, is_active(graph, step, steps[step].status));
    if (change == 0)
        return;
    graph->open[graph->plan->steps[step].track] += change;
    for (int k = graph->first[step]; k < graph->first[step + 1]; k++) {
        int dependent = graph->dependents[k];

        graph->waiting[dependent] += change;
        set_active(graph, dependent, is_active(graph, dependent, steps[dependent].status));
    }
}
