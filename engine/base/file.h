#ifndef ENGINE_BASE_FILE_H
#define ENGINE_BASE_FILE_H

/* Whole small files and directories, blocking. For the command line's own files; effects of a release go through io. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* Reads at most the buffer's limit; a longer file is ERR_LIMIT. "-" is standard input. */
NODISCARD struct error *file_read(const char *path, struct strbuf *out);
/* The last `limit` bytes at most. A file that is not there gives an empty text. */
NODISCARD struct error *file_read_tail(const char *path, size_t limit, struct strbuf *out);
/* Temp file, fsync, rename, fsync of the directory: the old or the new bytes, never half. */
NODISCARD struct error *file_put(const char *path, const char *bytes, size_t length, unsigned mode);
/* Makes the directory and its parents (0700). Already there is success. */
NODISCARD struct error *file_make_dirs(const char *path);
/* Removes a tree without following links. Not there is success. */
NODISCARD struct error *file_remove_tree(const char *path);
bool file_exists(const char *path);

#endif
