#ifndef ENGINE_SPEC_LADDER_H
#define ENGINE_SPEC_LADDER_H

/* What every ladder of shares must be, wherever it is written: it only goes up, and it ends at 100%. */

#include "spec/pipeline.h"

void ladder_check(const struct shift_step_spec *steps, int count, enum error_code code, struct diagnostics *problems);

#endif
