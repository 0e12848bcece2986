#include "io/log.h"

/*
 * Making a file takes the kernel as long as all that the engine itself does between two commands. So the next log is
 * made while a child runs (io_expect_log()), when there is nothing else to do. One that is not needed after all stays,
 * empty: another runner may have taken over, and it could be the one that its child writes to.
 *
 * Children write their errors to their logs themselves, so that one which outlives its runner is not silenced. What
 * nobody stands in the way of has to be shortened afterwards: a limit that the kernel enforces (RLIMIT_FSIZE) would
 * end the child, and hold for every file that it writes.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "io/loop.h"

#define LOG_MOST_BYTES ((off_t)64 * 1024 * 1024)
#define LOG_KEPT_BYTES ((off_t)8 * 1024 * 1024) /* of each end */
#define LINE_BYTES 4096                         /* what is kept begins with a whole line, unless that is longer */
#define PIECE_BYTES ((size_t)256 * 1024)

static const char shortened[] = "\n[penstock: this log was longer than 64 MiB; its middle was taken out here]\n";

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

void log_append(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(fd, bytes, length);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return;
        bytes += wrote;
        length -= (size_t)wrote;
    }
}

/* How much of a line there is left at `from`. */
static off_t rest_of_line(int fd, off_t from)
{
    char text[LINE_BYTES];
    ssize_t got = pread(fd, text, sizeof(text), from);
    const char *end = got > 0 ? memchr(text, '\n', (size_t)got) : NULL;

    return end ? end + 1 - text : 0;
}

/*
 * Copies what stands from `from` on, up to the end, wherever that is by now, over the middle. Where the copy ends; 0: it
 * failed. Who writes as quickly as we do is not followed for ever.
 */
static off_t move_end(int fd, off_t from)
{
    char *piece CLEANUP(heap_cleanup) = heap_alloc(PIECE_BYTES);
    off_t to = LOG_KEPT_BYTES + (off_t)sizeof(shortened) - 1;
    ssize_t got = 1;

    if (pwrite(fd, shortened, sizeof(shortened) - 1, LOG_KEPT_BYTES) != sizeof(shortened) - 1)
        return 0;
    from += rest_of_line(fd, from);
    while (to < 3 * LOG_KEPT_BYTES && (got = pread(fd, piece, PIECE_BYTES, from)) > 0) {
        if (pwrite(fd, piece, (size_t)got, to) != got)
            return 0;
        from += got;
        to += got;
    }
    return got < 0 ? 0 : to;
}

/*
 * The size is asked for by lseek(), which leaves no trace: after fstat() the next write would give the file a finer time,
 * with the cost that log_open() tells of.
 *
 * Others append all the while: so the end is in its place before the file is cut behind it, and what comes next follows
 * it. What is written between the last look at the end and the cut is lost, a moment of a flood; nothing is once the child
 * has ended.
 */
void log_shorten(int fd)
{
    char path[32];
    off_t end;
    off_t size = lseek(fd, 0, SEEK_END);

    if (size <= LOG_MOST_BYTES)
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY); /* one that does not append */
    if (fd < 0)
        return;
    end = move_end(fd, size - LOG_KEPT_BYTES);
    if (end > 0)
        (void)!ftruncate(fd, end);
    close(fd);
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
