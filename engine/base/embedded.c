#include "base/embedded.h"

#include "base/text.h"

const struct embedded *embedded_find(const char *path)
{
    for (size_t i = 0; i < embedded_count; i++) {
        if (text_is(embedded_files[i].path, path))
            return &embedded_files[i];
    }
    return NULL;
}

const struct embedded *embedded_next(const char *prefix, const struct embedded *after)
{
    size_t i = after ? (size_t)(after - embedded_files) + 1 : 0;

    for (; i < embedded_count; i++) {
        if (text_starts(embedded_files[i].path, prefix))
            return &embedded_files[i];
    }
    return NULL;
}
