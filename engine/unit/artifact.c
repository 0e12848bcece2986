#include "unit/artifact.h"

/*
 * Artifacts are looked at through descriptors that cannot lead out of `out`, and are named by digest. A directory's
 * digest is the SHA-256 of one line for each entry, in the order of their paths' bytes, each ended by a NUL:
 *
 *     d 755 bin                                   a directory
 *     f 755 <64 hex digits> bin/rooms             a file, with its permissions
 *     l <target> -> bin/rooms-latest              a link, by its text
 *     l <bytes of target>:<target> -> <path>      one that could be read in two ways
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "unit/beneath.h"

#define ENTRIES_LIMIT 1000000
#define DEPTH_LIMIT 128
#define ARROW " -> "

struct entry {
    const char *path; /* below the artifact */
    const char *line;
};

struct collection {
    struct arena *arena;
    int out_fd;
    const char *name; /* of the artifact */
    struct entry *entries;
    size_t count;
    size_t capacity;
    int64_t bytes;
};

static struct error *collect_directory(struct collection *collection, int fd, const char *path, int depth);

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

/* "<artifact>/<path>", or the artifact itself. */
static const char *full_path(const struct collection *collection, const char *path)
{
    return path[0] ? arena_printf(collection->arena, "%s/%s", collection->name, path) : collection->name;
}

static struct error *leads_out(const char *path)
{
    return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' leads out of the directory for artifacts", path);
}

/* Relative, and down only; the kernel would refuse the rest too, but with fewer words. */
static struct error *check_name(const char *name)
{
    if (!name || !name[0])
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "an artifact has no name");
    if (name[0] == '/')
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT,
                         "artifact '%s' is absolute; it must lie in the directory for artifacts", name);
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "/");

        if (length == 2 && at[0] == '.' && at[1] == '.')
            return leads_out(name);
        at += length;
        at += *at == '/';
    }
    return NULL;
}

static void push(struct collection *collection, const char *path, const char *line)
{
    struct entry *entry = ARENA_PUSH(collection->arena, collection->entries, collection->count, collection->capacity);

    entry->path = path;
    entry->line = line;
}

/* By its descriptor, so that the bytes are those of the file that was judged. */
static struct error *digest_fd(int fd, const char *path, char hex[DIGEST_HEX], int64_t *out_size)
{
    struct digest digest;
    char own[64];

    snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    TRY_AS(digest_file(own, &digest, out_size), "while reading '%s'", path);
    digest_hex(&digest, hex);
    return NULL;
}

static struct error *collect_file(struct collection *collection, int fd, const char *path, mode_t mode)
{
    char hex[DIGEST_HEX];
    int64_t size = 0;

    TRY(digest_fd(fd, full_path(collection, path), hex, &size));
    collection->bytes += size;
    push(collection, path, arena_printf(collection->arena, "f %03o %s %s", mode & 0777, hex, path));
    return NULL;
}

static struct error *collect_link(struct collection *collection, int dir_fd, const char *name, const char *path)
{
    const char *full = full_path(collection, path);
    int fd CLEANUP(close_fd) = open_beneath(collection->out_fd, full, O_PATH);
    char target[PATH_MAX];
    const char *text;
    ssize_t length;

    if (fd < 0 && errno == EXDEV)
        return leads_out(full);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return error_new(ERR_CHECK_FAILED, KIND_PERMANENT, "the link '%s' leads to nothing", full);
    if (fd < 0)
        return error_errno("cannot follow the link '%s'", full);
    length = readlinkat(dir_fd, name, target, sizeof(target) - 1);
    if (length < 0)
        return error_errno("cannot read the link '%s'", full);
    target[length] = '\0';
    text = arena_printf(collection->arena, "%s" ARROW "%s", target, path);
    if (strstr(strstr(text, ARROW) + 1, ARROW))
        text = arena_printf(collection->arena, "%zd:%s", length, text);
    push(collection, path, arena_printf(collection->arena, "l %s", text));
    return NULL;
}

static struct error *collect_entry(struct collection *collection, int dir_fd, const char *name, const char *path,
                                   int depth)
{
    const char *full = full_path(collection, path);
    int fd CLEANUP(close_fd) = -1;
    struct stat info;

    if (collection->count >= ENTRIES_LIMIT)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "artifact '%s' has more than %d files", collection->name,
                         ENTRIES_LIMIT);
    if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return error_errno("cannot look at '%s'", full);
    if (S_ISLNK(info.st_mode))
        return collect_link(collection, dir_fd, name, path);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' is neither a file nor a directory", full);
    fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        return error_errno("cannot open '%s'", full);
    if (S_ISREG(info.st_mode))
        return collect_file(collection, fd, path, info.st_mode);
    push(collection, path, arena_printf(collection->arena, "d %03o %s", info.st_mode & 0777, path));
    return collect_directory(collection, fd, path, depth + 1);
}

/* `fd` stays the caller's. */
static struct error *collect_directory(struct collection *collection, int fd, const char *path, int depth)
{
    int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    DIR *dir CLEANUP(close_dir) = own_fd >= 0 ? fdopendir(own_fd) : NULL;
    struct dirent *entry;

    if (!dir)
        return error_errno("cannot read the directory '%s'", full_path(collection, path));
    if (depth > DEPTH_LIMIT)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "artifact '%s' has more than %d directories in each other",
                         collection->name, DEPTH_LIMIT);
    for (errno = 0; (entry = readdir(dir)); errno = 0) {
        const char *name = entry->d_name;

        if (text_is(name, ".") || text_is(name, ".."))
            continue;
        TRY(collect_entry(collection, fd, name,
                          path[0] ? arena_printf(collection->arena, "%s/%s", path, name)
                                  : arena_text(collection->arena, name),
                          depth));
    }
    return errno ? error_errno("cannot read the directory '%s'", full_path(collection, path)) : NULL;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void digest_entries(struct collection *collection, char hex[DIGEST_HEX])
{
    struct strbuf lines CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
    struct digest digest;

    if (collection->count)
        qsort(collection->entries, collection->count, sizeof(*collection->entries), by_path);
    for (size_t i = 0; i < collection->count; i++)
        strbuf_add(&lines, collection->entries[i].line, strlen(collection->entries[i].line) + 1);
    digest = digest_of(strbuf_view(&lines), lines.length);
    digest_hex(&digest, hex);
}

static struct error *not_there(const char *name)
{
    return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "the build left no artifact '%s'", name),
                      "the build must put it below ${unit.out}, or 'artifacts' must not name it");
}

static struct error *collect_one(int out_fd, const char *name, json_t *result)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct collection collection = {.arena = arena, .out_fd = out_fd, .name = name};
    int fd CLEANUP(close_fd) = -1;
    char hex[DIGEST_HEX];
    struct stat info;

    TRY(check_name(name));
    fd = open_beneath(out_fd, name, O_RDONLY | O_NONBLOCK);
    if (fd < 0 && errno == EXDEV)
        return leads_out(name);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return not_there(name);
    if (fd < 0 || fstat(fd, &info) != 0)
        return error_errno("cannot open artifact '%s'", name);
    if (S_ISREG(info.st_mode)) {
        TRY(digest_fd(fd, name, hex, &collection.bytes));
    } else if (S_ISDIR(info.st_mode)) {
        TRY(collect_directory(&collection, fd, "", 0));
        digest_entries(&collection, hex);
    } else {
        return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' is neither a file nor a directory", name);
    }
    json_array_append_new(
        result, json_pack("{s:s, s:I, s:s}", "name", name, "bytes", (json_int_t)collection.bytes, "sha256", hex));
    return NULL;
}

struct error *artifact_collect(const char *out, const json_t *names, json_t **result)
{
    int out_fd CLEANUP(close_fd) = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    json_t *found = NULL;
    const json_t *name;
    size_t i;

    *result = NULL;
    if (out_fd < 0)
        return error_errno("cannot open the directory for artifacts '%s'", out);
    found = json_array();
    json_array_foreach((json_t *)names, i, name)
    {
        struct error *error = collect_one(out_fd, json_string_value(name), found);

        if (error) {
            json_decref(found);
            return error;
        }
    }
    *result = found;
    return NULL;
}
