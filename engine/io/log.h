#ifndef ENGINE_IO_LOG_H
#define ENGINE_IO_LOG_H

/* The files that children write their output to. */

#include "base/error.h"

struct io;

/* A log that was opened before it was asked for. */
struct expected_log {
    char *path; /* NULL = none */
    int fd;
};

/* Opens the log for appending, 0600, and makes its directory, 0700, if there is none. `path` NULL gives -1. */
NODISCARD struct error *log_open(struct io *io, const char *path, int *out);
void log_forget_expected(struct io *io);

#endif
