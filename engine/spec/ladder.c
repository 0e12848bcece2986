#include "spec/ladder.h"

#include "base/text.h"
#include "spec/diagnostics.h"

void ladder_check(const struct shift_step_spec *steps, int count, enum error_code code, struct diagnostics *problems)
{
    struct arena *arena = diagnostics_arena(problems);
    int before = 0;

    for (int i = 0; i < count; i++) {
        const struct shift_step_spec *step = &steps[i];

        if (step->share < before)
            diagnostics_add(problems, code, step->mark, "share goes down from %s to %s", share_text(arena, before),
                            share_text(arena, step->share))
                ->hint = "a ladder only goes up; going back is what rollback is for";
        else if (step->share == before)
            diagnostics_add(problems, code, step->mark, "share stays at %s", share_text(arena, step->share))->hint =
                "give the step a higher share, or a longer `hold` to the one before";
        before = step->share;
    }
    if (before != SHARE_ALL && count)
        diagnostics_add(problems, code, steps[count - 1].mark, "the last share is %s, not 100%%",
                        share_text(arena, before))
            ->hint = "the ladder must end at 100%, or old stamps could never be drained";
}
