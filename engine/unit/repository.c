#include "unit/repository.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/text.h"
#include "unit/source.h"

/* Both only change where configuration and blobs come from; libgit2 1.5 refuses to open a repository that has them. */
static const char *extensions[] = {"worktreeconfig", "partialclone"};

static const char *last_words(void)
{
    const git_error *last = git_error_last();

    return last && last->message ? last->message : "no reason given";
}

static char *without_slash(char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    return path;
}

char *repository_path(git_repository *git)
{
    const char *path = git_repository_workdir(git);

    return without_slash(heap_text(path ? path : git_repository_path(git)));
}

/* ------------------------------------------------------------------------------------------------ why it did not open */

static struct error *foreign_owner(const char *path, const char *absolute)
{
    return error_hint(
        error_new(ERR_REPOSITORY, KIND_PERMANENT, "the git repository '%s' belongs to another user", path),
        "if you trust it: git config --global --add safe.directory %s", absolute);
}

static struct error *unknown_extension(const char *path, const char *name)
{
    if (text_is(name, "objectformat"))
        return error_new(ERR_REPOSITORY, KIND_PERMANENT,
                         "the git repository '%s' has SHA-256 object names; only SHA-1 can be read", path);
    return error_new(ERR_REPOSITORY, KIND_PERMANENT,
                     "the git repository '%s' uses the extension '%s', which is not known here", path, name);
}

static struct error *not_a_repository(const char *path)
{
    git_buf found = GIT_BUF_INIT;
    struct error *error;
    struct stat info;

    if (stat(path, &info) != 0)
        return error_new(ERR_REPOSITORY, KIND_PERMANENT, "there is no git repository '%s': %s", path, strerror(errno));
    error = error_new(ERR_REPOSITORY, KIND_PERMANENT, "'%s' is not a git repository", path);
    if (git_repository_discover(&found, path, 0, NULL) == 0) {
        git_repository *around = NULL;

        if (git_repository_open(&around, found.ptr) == 0) {
            char *root CLEANUP(heap_cleanup) = repository_path(around);

            error_hint(error, "it lies inside the repository '%s': name that one", root);
        }
        git_repository_free(around);
    } else {
        error_hint(error, "name the directory that holds '.git', or make one: git init");
    }
    git_buf_dispose(&found);
    return error;
}

static struct error *open_error(const char *path, int result)
{
    static const char extension[] = "unsupported extension name extensions.";
    char words[512];
    char *absolute CLEANUP(heap_cleanup) = realpath(path, NULL);

    snprintf(words, sizeof(words), "%s", last_words()); /* the next call of libgit2 replaces it */
    /* Without any such key libgit2 1.5 says that it did not find the key. */
    if (result == GIT_EOWNER || strstr(words, "safe.directory"))
        return foreign_owner(path, absolute ? absolute : path);
    if (text_starts(words, extension))
        return unknown_extension(path, words + strlen(extension));
    if (result == GIT_ENOTFOUND)
        return not_a_repository(path);
    return error_new(ERR_REPOSITORY, KIND_PERMANENT, "cannot open the git repository '%s': %s", path, words);
}

/* Each start reads and parses all certificates of the machine, which takes longer than a pick, and keeps them. */
static bool started;

void source_forget(void)
{
    if (started)
        git_libgit2_shutdown();
    started = false;
}

struct error *repository_start(void)
{
    if (started)
        return NULL;
    if (git_libgit2_init() < 0)
        return error_new(ERR_REPOSITORY, KIND_PERMANENT, "cannot start libgit2: %s", last_words());
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, sizeof(extensions) / sizeof(extensions[0]));
    started = true;
    return NULL;
}

struct error *repository_open(const char *path, git_repository **out)
{
    int result;

    *out = NULL;
    TRY(repository_start());
    result = git_repository_open(out, path);
    return result < 0 ? open_error(path, result) : NULL;
}

void repository_close(git_repository **git)
{
    git_repository_free(*git);
    *git = NULL;
}

void repository_sync(bool on)
{
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, (int)on);
}

/* ------------------------------------------------------------------------------------------------ later errors */

struct error *repository_error(const char *format, ...)
{
    char what[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return error_new(ERR_REPOSITORY, KIND_PERMANENT, "%s: %s", what, last_words());
}

/* Newer programs mark the remote, older ones the repository. (Not by a pattern: libgit2 1.5 leaks at each match.) */
static bool is_partial(git_repository *git)
{
    git_config *config = NULL;
    git_config_iterator *entries = NULL;
    git_config_entry *entry = NULL;
    bool partial = false;

    if (git_repository_config_snapshot(&config, git) == 0 && git_config_iterator_new(&entries, config) == 0)
        while (!partial && git_config_next(&entry, entries) == 0)
            partial = text_is(entry->name, "extensions.partialclone") ||
                      (text_starts(entry->name, "remote.") && text_ends(entry->name, ".partialclonefilter"));
    git_config_iterator_free(entries);
    git_config_free(config);
    return partial;
}

struct error *repository_missing(git_repository *git, const char *format, ...)
{
    char *path CLEANUP(heap_cleanup) = repository_path(git);
    char what[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (git_repository_is_shallow(git) == 1)
        return error_hint(error_new(ERR_REPOSITORY, KIND_PERMANENT, "%s is not in the shallow clone '%s'", what, path),
                          "git -C %s fetch --unshallow", path);
    if (is_partial(git))
        return error_hint(error_new(ERR_REPOSITORY, KIND_PERMANENT, "%s is not in the partial clone '%s'", what, path),
                          "git -C %s fetch --refetch --no-filter", path);
    return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "%s is not in the git repository '%s'", what, path);
}
