#ifndef ENGINE_SPEC_FIELDS_PARTS_H
#define ENGINE_SPEC_FIELDS_PARTS_H

/* The parts of the pipeline's table that stand in files of their own, and what they share. Private to fields_*.c. */

#include "spec/fields.h"

#define MOST_MS(days) ((int64_t)(days)*24 * 60 * 60 * 1000)
#define LONGEST_MS MOST_MS(365)

extern const struct table unit_table;    /* fields_pipeline.c */
extern const struct table stamps_table;  /* fields_stamps.c */
extern const struct table traffic_table; /* fields_pipeline.c */
extern const struct kind stage_kinds[];  /* fields_stages.c */

extern const struct table window_table; /* fields_rules.c, as the next ones */
extern const struct table freeze_table;
extern const struct table requirement_table;
extern const struct table overrides_table;
extern const struct table short_lived_table;
extern const struct table hotfix_table;
extern const struct table person_table;

extern const struct table expect_table;  /* fields_stages.c */
extern const struct word signal_words[]; /* fields_stamps.c */

#endif
