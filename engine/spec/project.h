#ifndef ENGINE_SPEC_PROJECT_H
#define ENGINE_SPEC_PROJECT_H

/*
 * penstock.yaml, checked and located: what is true of the project and its environments. Owned by those who run them.
 * A pipeline cannot weaken what its environment demands.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/pipeline.h"

enum expiry_action { EXPIRY_REJECT, EXPIRY_HOLD };

struct gate_spec {
    const char *name;
    struct text_list people;      /* login names; empty = anyone who may write the record */
    int approvals;                /* different people, default 1 */
    bool bar_requester;           /* barred: [requester] */
    int64_t expires_ms;           /* default 24h */
    enum expiry_action on_expiry; /* default hold */
    struct mark mark;
};

struct environment_spec {
    const char *name;
    const char *pipeline; /* path of its pipeline file; default pipelines/<name>.yaml */
    bool allow_as;        /* decisions may be given in another person's name with --as; default false */
    struct gate_spec *gates;
    int gate_count;
    struct mark mark;
};

struct project_spec {
    const char *file;
    const char *project;
    const char *state;      /* directory of the record, relative to the file; default .penstock */
    const char *repository; /* git repository, relative to the file; default "." */
    struct environment_spec *environments;
    int environment_count;
    const char *text;
};

const struct environment_spec *project_environment(const struct project_spec *project, const char *name);
const struct gate_spec *environment_gate(const struct environment_spec *environment, const char *name);

/* As pipeline_parse. */
void project_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                   struct diagnostics *problems, struct project_spec **out);

/* Checks that need both files: gates that exist, the environment's name. Adds to `problems`. */
void spec_check_together(const struct project_spec *project, const struct pipeline_spec *pipeline,
                         struct diagnostics *problems);

#endif
