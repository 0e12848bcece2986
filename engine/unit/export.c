#include "unit/source.h"

/*
 * A commit's tree as files. We walk the tree ourselves: no checkout, so no hooks, no filters, no index, and nothing
 * of the work tree or of the person's own settings comes in; the same commit gives the same files everywhere.
 *
 * export-ignore is judged by libgit2 over a repository made of the objects and of this commit's own .gitattributes.
 * It looks on the disk whether a path is a directory, so a directory is made before it is asked about. It does not
 * know patterns in quotes ("a b"); 'a?b' says the same.
 */

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <git2/sys/index.h>
#include <git2/sys/repository.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "unit/beneath.h"
#include "unit/handles.h"
#include "unit/repository.h"

#define ENTRIES_LIMIT 1000000
#define BYTES_LIMIT ((uint64_t)8 << 30)
#define DEPTH_LIMIT 128
#define FILE_MODE 0644
#define PROGRAM_MODE 0755
#define DIRECTORY_MODE 0755
#define LFS_POINTER_BYTES 1024 /* the specification's limit */

static const char lfs_head[] = "version https://git-lfs.github.com/spec/v1\n";

struct export
{
    git_repository *git;
    git_repository *plain; /* objects and attributes of this commit; its work tree is the staging directory */
    int root_fd;
    struct timespec times[2]; /* of the commit: as reproducible as the bytes */
    struct strbuf path;       /* of the entry at hand, from the root */
    struct arena *arena;
    const char **links; /* judged when all is there */
    size_t link_count;
    size_t link_capacity;
    size_t entries;
    uint64_t bytes;
};

/* One directory on the way. */
struct level {
    int fd;
    size_t written; /* entries in it; one that stays empty is not exported */
};

static struct error *write_tree(struct export *export, const git_tree *tree, struct level *level);

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* ------------------------------------------------------------------------------------------------ what is refused */

static struct error *check_name(const struct export *export, const char *name)
{
    if (name[0] && !strchr(name, '/') && !text_is(name, ".") && !text_is(name, "..") && strcasecmp(name, ".git") != 0)
        return NULL;
    return error_new(ERR_REPOSITORY, KIND_PERMANENT, "the commit has an entry with the unlawful name '%s'",
                     strbuf_view(&export->path));
}

static struct error *refuse_submodule(const struct export *export)
{
    return error_hint(
        error_new(ERR_REPOSITORY, KIND_PERMANENT, "submodule '%s' has no content here", strbuf_view(&export->path)),
        "put its files into the repository, or mark it 'export-ignore' in .gitattributes");
}

static struct error *check_lfs(const struct export *export, const char *bytes, size_t length)
{
    const char *path = strbuf_view(&export->path);

    if (length > LFS_POINTER_BYTES || length < strlen(lfs_head) || memcmp(bytes, lfs_head, strlen(lfs_head)) != 0)
        return NULL;
    return error_hint(
        error_new(ERR_REPOSITORY, KIND_PERMANENT, "'%s' is a git-lfs pointer and not the file itself", path),
        "git lfs migrate export --include='%s' --everything, or mark it 'export-ignore' in .gitattributes", path);
}

/* By the text alone. What it leads to through other links is judged by the kernel, in check_links(). */
static bool leads_out(const char *path, const char *target)
{
    int depth = 0;

    for (const char *at = path; *at; at++)
        depth += *at == '/';
    for (const char *at = target; *at;) {
        size_t length = strcspn(at, "/");

        if (length == 2 && at[0] == '.' && at[1] == '.')
            depth--;
        else if (length > 0 && !(length == 1 && at[0] == '.'))
            depth++;
        if (depth < 0)
            return true;
        at += length;
        at += *at == '/';
    }
    return false;
}

static struct error *check_target(const struct export *export, const char *target, size_t length)
{
    const char *path = strbuf_view(&export->path);

    if (length == 0 || length >= PATH_MAX || memchr(target, '\0', length))
        return error_new(ERR_REPOSITORY, KIND_PERMANENT, "the link '%s' has no lawful target", path);
    if (target[0] == '/')
        return error_new(ERR_REPOSITORY, KIND_PERMANENT, "the link '%s' is absolute: it leads to '%s'", path, target);
    if (leads_out(path, target))
        return error_new(ERR_REPOSITORY, KIND_PERMANENT, "the link '%s' leads out of the tree: to '%s'", path, target);
    return NULL;
}

static struct error *check_links(const struct export *export)
{
    for (size_t i = 0; i < export->link_count; i++) {
        int fd CLEANUP(close_fd) = open_beneath(export->root_fd, export->links[i], O_PATH);

        if (fd < 0 && errno == EXDEV)
            return error_new(ERR_REPOSITORY, KIND_PERMANENT, "the link '%s' leads out of the tree through other links",
                             export->links[i]);
        if (fd < 0 && errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
            return error_errno("cannot follow the link '%s'", export->links[i]);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ walking */

static struct error *push_name(struct export *export, const char *name)
{
    strbuf_printf(&export->path, "%s%s", export->path.length ? "/" : "", name);
    if (export->path.cut)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "a path in the commit is longer than %d bytes", PATH_MAX);
    return NULL;
}

static void pop_name(struct export *export, size_t length)
{
    export->path.length = length;
    export->path.bytes[length] = '\0';
}

static struct error *read_tree(const struct export *export, const git_tree_entry *entry, git_tree **out)
{
    int result = git_tree_lookup(out, export->git, git_tree_entry_id(entry));

    if (result == GIT_ENOTFOUND)
        return repository_missing(export->git, "the directory '%s'", strbuf_view(&export->path));
    if (result < 0)
        return repository_error("cannot read the directory '%s'", strbuf_view(&export->path));
    return NULL;
}

/* Before anything is written: that all directories are there, and that names and numbers are lawful. */
static struct error *survey(struct export *export, const git_tree *tree, int depth)
{
    size_t length = export->path.length;

    if (depth > DEPTH_LIMIT)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "the commit has more than %d directories in each other",
                         DEPTH_LIMIT);
    for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, i);

        if (++export->entries > ENTRIES_LIMIT)
            return error_new(ERR_LIMIT, KIND_PERMANENT, "the commit has more than %d files", ENTRIES_LIMIT);
        TRY(push_name(export, git_tree_entry_name(entry)));
        TRY(check_name(export, git_tree_entry_name(entry)));
        if (git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE) {
            git_tree *below CLEANUP(tree_cleanup) = NULL;

            TRY(read_tree(export, entry, &below));
            TRY(survey(export, below, depth + 1));
        }
        pop_name(export, length);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ attributes */

static struct error *is_ignored(const struct export *export, bool *out)
{
    const char *value = NULL;
    uint32_t flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM;
    const char *path = strbuf_view(&export->path);

    if (git_attr_get(&value, export->plain, flags, path, "export-ignore") < 0)
        return repository_error("cannot read the attributes of '%s'", path);
    *out = git_attr_value(value) == GIT_ATTR_VALUE_TRUE;
    return NULL;
}

/* A repository that knows nothing but the objects, the commit's list of files and the staging directory. */
static struct error *make_plain(struct export *export, const git_tree *tree, const char *staging)
{
    git_odb *odb = NULL;
    git_index *index = NULL;
    int result = git_repository_odb(&odb, export->git);

    if (result == 0)
        result = git_repository_wrap_odb(&export->plain, odb);
    if (result == 0)
        result = git_index_new(&index);
    if (result == 0)
        result = git_index_read_tree(index, tree);
    if (result == 0)
        result = git_repository_set_index(export->plain, index);
    if (result == 0)
        result = git_repository_set_workdir(export->plain, staging, 0);
    git_index_free(index);
    git_odb_free(odb);
    return result < 0 ? repository_error("cannot read the files of the commit") : NULL;
}

/* The person's own settings may name more attributes; they are none of the commit's business. */
static void hide_settings(bool hide)
{
    static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], hide ? "" : NULL);
}

/* ------------------------------------------------------------------------------------------------ writing */

static struct error *cannot_write(const struct export *export)
{
    return error_errno("cannot write '%s'", strbuf_view(&export->path));
}

static struct error *read_blob(struct export *export, const git_tree_entry *entry, git_blob **out)
{
    int result = git_blob_lookup(out, export->git, git_tree_entry_id(entry));

    if (result == GIT_ENOTFOUND)
        return repository_missing(export->git, "the content of '%s'", strbuf_view(&export->path));
    if (result < 0)
        return repository_error("cannot read '%s'", strbuf_view(&export->path));
    export->bytes += (uint64_t)git_blob_rawsize(*out);
    if (export->bytes > BYTES_LIMIT)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "the files of the commit are larger than 8 GiB together");
    return NULL;
}

static struct error *write_file(struct export *export, const git_tree_entry *entry, int dir_fd)
{
    git_blob *blob CLEANUP(blob_cleanup) = NULL;
    int fd CLEANUP(close_fd) = -1;
    mode_t mode = git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB_EXECUTABLE ? PROGRAM_MODE : FILE_MODE;
    const char *bytes;
    size_t left;

    TRY(read_blob(export, entry, &blob));
    bytes = git_blob_rawcontent(blob);
    left = (size_t)git_blob_rawsize(blob);
    TRY(check_lfs(export, bytes, left));
    fd = openat(dir_fd, git_tree_entry_name(entry), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot_write(export);
    while (left > 0) {
        ssize_t wrote = write(fd, bytes, left);

        if (wrote < 0 && errno != EINTR)
            return cannot_write(export);
        if (wrote > 0) {
            bytes += wrote;
            left -= (size_t)wrote;
        }
    }
    if (fchmod(fd, mode) != 0 || futimens(fd, export->times) != 0)
        return cannot_write(export);
    return NULL;
}

static struct error *write_link(struct export *export, const git_tree_entry *entry, int dir_fd)
{
    git_blob *blob CLEANUP(blob_cleanup) = NULL;
    char *target CLEANUP(heap_cleanup) = NULL;
    const char *name = git_tree_entry_name(entry);
    size_t length;

    TRY(read_blob(export, entry, &blob));
    length = (size_t)git_blob_rawsize(blob);
    if (length >= PATH_MAX)
        return check_target(export, "", 0);
    target = heap_alloc(length + 1);
    if (length)
        memcpy(target, git_blob_rawcontent(blob), length);
    TRY(check_target(export, target, length));
    if (symlinkat(target, dir_fd, name) != 0 || utimensat(dir_fd, name, export->times, AT_SYMLINK_NOFOLLOW) != 0)
        return cannot_write(export);
    *ARENA_PUSH(export->arena, export->links, export->link_count, export->link_capacity) =
        arena_text(export->arena, strbuf_view(&export->path));
    return NULL;
}

/* Made before its attributes are asked for, and removed again if it is ignored or stays empty. */
static struct error *write_directory(struct export *export, const git_tree_entry *entry, struct level *level)
{
    git_tree *tree CLEANUP(tree_cleanup) = NULL;
    const char *name = git_tree_entry_name(entry);
    int fd CLEANUP(close_fd) = -1;
    struct level below = {0};
    bool ignored;

    if (mkdirat(level->fd, name, 0700) != 0)
        return cannot_write(export);
    TRY(is_ignored(export, &ignored));
    if (!ignored) {
        fd = openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return cannot_write(export);
        below.fd = fd;
        TRY(read_tree(export, entry, &tree));
        TRY(write_tree(export, tree, &below));
        if (fchmod(fd, DIRECTORY_MODE) != 0)
            return cannot_write(export);
    }
    if (below.written > 0)
        level->written++;
    else if (unlinkat(level->fd, name, AT_REMOVEDIR) != 0)
        return cannot_write(export);
    return NULL;
}

static struct error *write_entry(struct export *export, const git_tree_entry *entry, struct level *level)
{
    git_filemode_t mode = git_tree_entry_filemode(entry);
    bool ignored;

    if (mode == GIT_FILEMODE_TREE)
        return write_directory(export, entry, level);
    TRY(is_ignored(export, &ignored));
    if (ignored)
        return NULL;
    level->written++;
    if (mode == GIT_FILEMODE_COMMIT)
        return refuse_submodule(export);
    if (mode == GIT_FILEMODE_LINK)
        return write_link(export, entry, level->fd);
    return write_file(export, entry, level->fd);
}

static struct error *write_tree(struct export *export, const git_tree *tree, struct level *level)
{
    size_t length = export->path.length;

    for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, i);

        TRY(push_name(export, git_tree_entry_name(entry)));
        TRY(write_entry(export, entry, level));
        pop_name(export, length);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ the whole */

static struct error *find_commit(git_repository *git, const char *commit, git_commit **out)
{
    git_oid id;
    int result;

    if (strlen(commit) != GIT_OID_HEXSZ || git_oid_fromstr(&id, commit) < 0)
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "'%s' is not a full commit number", commit);
    result = git_commit_lookup(out, git, &id);
    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "commit '%s'", commit);
    return result < 0 ? repository_error("cannot read the commit '%s'", commit) : NULL;
}

static struct error *write_commit(struct export *export, const char *number, const char *staging)
{
    git_commit *commit CLEANUP(commit_cleanup) = NULL;
    git_tree *tree CLEANUP(tree_cleanup) = NULL;
    struct level root = {.fd = export->root_fd};
    int result;

    TRY(find_commit(export->git, number, &commit));
    result = git_commit_tree(&tree, commit);
    if (result == GIT_ENOTFOUND)
        return repository_missing(export->git, "the tree of commit '%s'", number);
    if (result < 0)
        return repository_error("cannot read the tree of commit '%s'", number);
    export->times[0].tv_sec = export->times[1].tv_sec = git_commit_time(commit);
    TRY(survey(export, tree, 0));
    TRY(make_plain(export, tree, staging));
    TRY(write_tree(export, tree, &root));
    return check_links(export);
}

static struct error *fill(const char *repository, const char *commit, const char *staging)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    int root_fd CLEANUP(close_fd) = open(staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct export export = {.root_fd = root_fd, .arena = arena, .path = STRBUF_INIT(PATH_MAX)};
    struct error *error;

    if (root_fd < 0)
        return error_errno("cannot open '%s'", staging);
    TRY(repository_open(repository, &git));
    export.git = git;
    hide_settings(true);
    error = write_commit(&export, commit, staging);
    hide_settings(false);
    git_repository_free(export.plain);
    strbuf_release(&export.path);
    TRY(error);
    /* One flush for all files: the directory must not appear complete before its bytes are on the disk. */
    if (fchmod(root_fd, DIRECTORY_MODE) != 0 || syncfs(root_fd) != 0)
        return error_errno("cannot finish '%s'", staging);
    return NULL;
}

/* The old directory, if there is one, is there until the new one is, wherever the file system can do that. */
static struct error *put_in_place(const char *staging, const char *directory)
{
    if (renameat2(AT_FDCWD, staging, AT_FDCWD, directory, RENAME_EXCHANGE) == 0)
        return file_remove_tree(staging);
    if (errno != ENOENT)
        TRY(file_remove_tree(directory));
    if (rename(staging, directory) != 0)
        return error_errno("cannot rename '%s' to '%s'", staging, directory);
    return NULL;
}

static struct error *flush_parent(const char *directory)
{
    char *parent CLEANUP(heap_cleanup) = heap_printf("%s/..", directory);
    int fd CLEANUP(close_fd) = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return error_errno("cannot flush the directory of '%s'", directory);
    return NULL;
}

struct error *source_export(const char *repository, const char *commit, const char *directory)
{
    /* Always the same name, so that what a killed export left is cleared by the next one. */
    char *staging CLEANUP(heap_cleanup) = heap_printf("%s.new", directory);
    struct error *error;

    TRY(file_remove_tree(staging));
    TRY(file_make_dirs(staging));
    error = fill(repository, commit, staging);
    if (!error)
        error = put_in_place(staging, directory);
    if (error) {
        struct error *second = file_remove_tree(staging);

        error_free(second);
        return error;
    }
    return flush_parent(directory);
}
