#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/text.h"

#define PIECE_BYTES ((size_t)16 * 1024)

static void fd_cleanup(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Reads up to `limit` bytes; `out_more` says that there was one more. */
static struct error *read_all(int fd, const char *path, size_t limit, struct strbuf *out, bool *out_more)
{
    char *piece CLEANUP(heap_cleanup) = heap_alloc(PIECE_BYTES);

    *out_more = false;
    for (;;) {
        ssize_t got = read(fd, piece, PIECE_BYTES);
        size_t left = limit - out->length;

        if (got < 0 && errno == EINTR)
            continue; /* GCOVR_EXCL_LINE: needs a signal in the middle of a read of a file */
        if (got < 0)
            return error_errno("cannot read '%s'", path);
        if (got == 0)
            return NULL;
        if ((size_t)got > left) {
            strbuf_add(out, piece, left);
            *out_more = true;
            return NULL;
        }
        strbuf_add(out, piece, (size_t)got);
    }
}

struct error *file_read(const char *path, struct strbuf *out)
{
    size_t limit = out->limit ? out->limit : STRBUF_DEFAULT_LIMIT;
    bool standard_input = text_is(path, "-");
    const char *name = standard_input ? "standard input" : path;
    int opened CLEANUP(fd_cleanup) = -1;
    bool more;

    strbuf_reset(out);
    if (!standard_input) {
        opened = open(path, O_RDONLY | O_CLOEXEC);
        if (opened < 0)
            return error_errno("cannot open '%s'", path);
    }
    TRY(read_all(standard_input ? STDIN_FILENO : opened, name, limit, out, &more));
    if (more)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "'%s' is larger than the %zu bytes allowed", name, limit);
    return NULL;
}

struct error *file_read_tail(const char *path, size_t limit, struct strbuf *out)
{
    int fd CLEANUP(fd_cleanup) = open(path, O_RDONLY | O_CLOEXEC);
    struct stat seen;
    bool more;

    strbuf_reset(out);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0)
        return error_errno("cannot open '%s'", path);
    if (fstat(fd, &seen) == 0 && seen.st_size > (off_t)limit)
        (void)lseek(fd, seen.st_size - (off_t)limit, SEEK_SET);
    /* The file may grow meanwhile; what came after the look is left out. */
    return read_all(fd, path, limit, out, &more);
}

static struct error *write_all(int fd, const char *path, const char *bytes, size_t length)
{
    while (length) {
        ssize_t put = write(fd, bytes, length);

        if (put < 0 && errno == EINTR)
            continue; /* GCOVR_EXCL_LINE: needs a signal in the middle of a write to a file */
        if (put < 0)
            return error_errno("cannot write '%s'", path);
        bytes += put;
        length -= (size_t)put;
    }
    return NULL;
}

/* "" stands for the root: what is before the first '/'. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return heap_text(".");
    return slash == path ? heap_text("/") : heap_printf("%.*s", (int)(slash - path), path);
}

static struct error *sync_directory_of(const char *path)
{
    char *directory CLEANUP(heap_cleanup) = directory_of(path);
    int fd CLEANUP(fd_cleanup) = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return error_errno("cannot sync directory '%s'", directory); /* GCOVR_EXCL_LINE: needs a broken disk */
    return NULL;
}

static struct error *put_new(const char *temporary, const char *path, const char *bytes, size_t length, unsigned mode)
{
    int fd CLEANUP(fd_cleanup) = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_errno("cannot write '%s'", path);
    TRY(write_all(fd, path, bytes, length));
    /* The mode comes after the bytes and whatever the umask is. */
    if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
        return error_errno("cannot sync '%s'", path); /* GCOVR_EXCL_LINE: needs a broken disk */
    if (rename(temporary, path) != 0)
        return error_errno("cannot replace '%s'", path);
    return sync_directory_of(path);
}

struct error *file_put(const char *path, const char *bytes, size_t length, unsigned mode)
{
    char name[9];
    char *temporary CLEANUP(heap_cleanup) = NULL;
    struct error *error;

    random_name(name, sizeof(name) - 1);
    temporary = heap_printf("%s.%s.tmp", path, name);
    error = put_new(temporary, path, bytes, length, mode);
    if (error)
        (void)unlink(temporary);
    return error;
}

static struct error *make_dir(const char *path)
{
    struct stat seen;
    int number;

    if (mkdir(path, 0700) == 0)
        return NULL;
    number = errno;
    if (number == EEXIST && stat(path, &seen) == 0 && S_ISDIR(seen.st_mode))
        return NULL;
    errno = number;
    return error_errno("cannot make directory '%s'", path);
}

struct error *file_make_dirs(const char *path)
{
    char *part CLEANUP(heap_cleanup) = heap_text(path);
    struct stat seen;

    if (stat(path, &seen) == 0 && S_ISDIR(seen.st_mode))
        return NULL;
    for (char *slash = part + 1; *part && (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        TRY(make_dir(part));
        *slash = '/';
    }
    return make_dir(path);
}

static struct error *remove_entry(int parent, const char *name, const char *path);

static struct error *remove_entries(int fd, const char *path)
{
    struct error *error = NULL;
    struct dirent *entry;
    DIR *directory = fdopendir(fd); /* takes fd over, which is an open directory: it can lack memory only */

    MUST(directory);
    while (!error && (entry = readdir(directory))) {
        char *inner CLEANUP(heap_cleanup) = NULL;

        if (text_is(entry->d_name, ".") || text_is(entry->d_name, ".."))
            continue;
        inner = heap_printf("%s/%s", path, entry->d_name);
        error = remove_entry(dirfd(directory), entry->d_name, inner);
    }
    closedir(directory);
    return error;
}

/* Removes `name` in the open directory `parent`; `path` is for messages. Links are removed, never followed. */
static struct error *remove_entry(int parent, const char *name, const char *path)
{
    int fd;

    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return NULL;
    if (errno != EISDIR && errno != EPERM)
        return error_errno("cannot remove '%s'", path);
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno("cannot remove '%s'", path);
    /* Package caches make their directories read-only; ours to remove all the same. */
    (void)fchmod(fd, 0700);
    TRY(remove_entries(fd, path));
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return error_errno("cannot remove '%s'", path);
    return NULL;
}

struct error *file_remove_tree(const char *path)
{
    return remove_entry(AT_FDCWD, path, path);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
