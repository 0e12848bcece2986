#include "spec/fields.h"

#include <string.h>

#include "base/error.h"

const struct table *fields_document(enum spec_document document)
{
    switch (document) {
    case SPEC_PROJECT:
        return &project_table;
    case SPEC_PIPELINE:
        return &pipeline_table;
    }
    BUG("no such document: %d", (int)document); /* GCOVR_EXCL_LINE: a fault of ours */
}

const struct field *fields_find(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].name[0] == name[0] && strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return NULL;
}

const struct word *fields_word(const struct word *words, const char *text)
{
    for (; words->text != NULL; words++)
        if (strcmp(words->text, text) == 0)
            return words;
    return NULL;
}

bool fields_may_be_empty(const struct table *table)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].required)
            return false;
    return table->one_of != ONE_OF_EXACTLY;
}

const char *const *fields_template_names(enum template_scope scope)
{
#define RELEASE_NAMES \
    "project", "environment", "release.id", "release.commit", "release.branch", "unit.name", "unit.out", "unit.version"
#define STAMP_NAMES "stamp.name", "stamp.region", "stamp.url", "stamp.dir"
#define INSTANCE_NAMES "instance.name", "instance.address", "instance.port", "instance.dir", "instance.url"
    static const char *const none[] = {NULL};
    static const char *const release[] = {RELEASE_NAMES, NULL};
    static const char *const stamp[] = {RELEASE_NAMES, STAMP_NAMES, NULL};
    static const char *const instance[] = {RELEASE_NAMES, STAMP_NAMES, INSTANCE_NAMES, NULL};

    switch (scope) {
    case SCOPE_NONE:
    case SCOPE_LITERAL:
        return none;
    case SCOPE_RELEASE:
        return release;
    case SCOPE_STAMP:
        return stamp;
    case SCOPE_INSTANCE:
        return instance;
    }
    BUG("no such scope: %d", (int)scope); /* GCOVR_EXCL_LINE: a fault of ours */
}
