#ifndef ENGINE_IO_LOG_H
#define ENGINE_IO_LOG_H

/* The files that children write their output to. */

#include <stddef.h>

#include "base/error.h"

struct io;

/* A log that was opened before it was asked for. */
struct expected_log {
    char *path; /* NULL = none */
    int fd;
};

/* Opens the log for appending, 0600, and makes its directory, 0700, if there is none. `path` NULL gives -1. */
NODISCARD struct error *log_open(struct io *io, const char *path, int *out);
/* A full disk costs the log, not the step; the record notices by itself. */
void log_append(int fd, const char *bytes, size_t length);
/*
 * Takes the middle out of a log that has become longer than 64 MiB: its first and its last 8 MiB stay, and a line between
 * them says so. Whoever appends to it meanwhile goes on. `fd` is of log_open(), or -1.
 */
void log_shorten(int fd);
void log_forget_expected(struct io *io);

#endif
