/* Any bytes as a stored plan: what is accepted is the very text that plan_encode() writes, and can be shown and begun. */

#include "fuzz/fuzz.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "plan/machine.h"
#include "plan/plan.h"
#include "plan/planner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct strbuf shown CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *text CLEANUP(heap_cleanup) = fuzz_text(data, size);
    struct machine_state state;
    struct event event;
    struct plan *plan = NULL;

    if (!fuzz_fine(plan_decode(arena, text, size, &plan)))
        return 0;
    MUST(strlen(plan->text) == size && memcmp(plan->text, text, size) == 0);
    plan_render(plan, &shown);
    machine_init(&state, arena, plan);
    machine_next(&state, (struct machine_now){1, 1}, &event);
    return 0;
}
