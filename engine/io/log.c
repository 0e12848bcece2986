#include "io/log.h"

/*
 * Making a file takes the kernel as long as all that the engine itself does between two commands. So the next log is
 * made while a child runs (io_expect_log()), when there is nothing else to do. One that is not needed after all stays,
 * empty: another runner may have taken over, and it could be the one that its child writes to.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "io/loop.h"

static int open_file(const char *path, int flags)
{
    return open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | flags, 0600);
}

static struct error *make_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory CLEANUP(heap_cleanup) = NULL;

    if (!slash || slash == path)
        return NULL;
    directory = heap_printf("%.*s", (int)(slash - path), path);
    return file_make_dirs(directory);
}

/*
 * The directory is there for all logs of a release but the first. So it is not looked at before: besides the time that
 * takes, Linux gives a directory that was looked at a finer time at its next change, and with it every file that is
 * written after; then each sync of the record writes an inode too.
 */
struct error *log_open(struct io *io, const char *path, int *out)
{
    *out = -1;
    if (!path)
        return NULL;
    if (io->expected_log.path && text_is(io->expected_log.path, path)) {
        *out = io->expected_log.fd;
        io->expected_log.fd = -1;
        log_forget_expected(io);
        return NULL;
    }
    *out = open_file(path, O_CREAT);
    if (*out < 0 && errno == ENOENT) {
        TRY(make_directory_of(path));
        *out = open_file(path, O_CREAT);
    }
    if (*out < 0)
        return error_errno("cannot open the log '%s'", path);
    return NULL;
}

void log_forget_expected(struct io *io)
{
    io_close_fd(&io->expected_log.fd);
    heap_cleanup(&io->expected_log.path);
}

void io_expect_log(struct io *io, const char *path)
{
    int fd;

    if (!path || (io->expected_log.path && text_is(io->expected_log.path, path)))
        return;
    /* Only a new file: one that is there is opened quickly, and may be another by the time that it is wanted. */
    fd = open_file(path, O_CREAT | O_EXCL);
    if (fd < 0)
        return;
    log_forget_expected(io);
    io->expected_log.path = heap_text(path);
    io->expected_log.fd = fd;
}
