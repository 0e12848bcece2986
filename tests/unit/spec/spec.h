#ifndef TESTS_UNIT_SPEC_SPEC_H
#define TESTS_UNIT_SPEC_SPEC_H

/* What the tests of the spec room share: texts in, problems out. */

#include "unit/unit.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"

/* The least that a pipeline must say; tests add their own lines behind it, so theirs begin at line 3. */
#define HEAD "pipeline: p\nenvironment: e\n"

struct read {
    struct diagnostics *problems;
    struct pipeline_spec *pipeline;
    struct project_spec *project;
};

static inline struct read read_pipeline(void **state, const char *text)
{
    struct read read = {.problems = diagnostics_new(*state)};

    pipeline_parse(*state, "p.yaml", text, strlen(text), read.problems, &read.pipeline);
    return read;
}

static inline struct read read_project(void **state, const char *text)
{
    struct read read = {.problems = diagnostics_new(*state)};

    project_parse(*state, "penstock.yaml", text, strlen(text), read.problems, &read.project);
    return read;
}

/* One place and text for each problem, as "line:column text", one a line; and the hints with "  help: ". */
static inline char *problems_text(void **state, struct diagnostics *problems, bool hints)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; diagnostics_get(problems, i) != NULL; i++) {
        const struct diagnostic *own = diagnostics_get(problems, i);

        strbuf_printf(&text, "%d:%d %s\n", own->mark.line, own->mark.column, own->text);
        if (hints && own->hint != NULL)
            strbuf_printf(&text, "  help: %s\n", own->hint);
    }
    return arena_text(*state, strbuf_view(&text));
}

/* The pipeline that begins with HEAD and ends with `lines` has exactly these problems. */
#define assert_problems(state, lines, expected) \
    assert_string_equal(problems_text((state), read_pipeline((state), HEAD lines).problems, false), (expected))
/* With the hints. */
#define assert_problems_and_hints(state, lines, expected) \
    assert_string_equal(problems_text((state), read_pipeline((state), HEAD lines).problems, true), (expected))
#define assert_no_problems(state, read) assert_string_equal(problems_text((state), (read).problems, true), "")

#endif
