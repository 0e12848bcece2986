#include "io/spawn.h"

/*
 * posix_spawn shares our memory with the child until it has started the program, so a start costs the same whether we
 * are large or small. It reports only a number, so what can be known beforehand is looked up here, for the message.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/loop.h"

#define LOCK_FD_IN_CHILD 3

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

static void end_actions(posix_spawn_file_actions_t *actions)
{
    posix_spawn_file_actions_destroy(actions);
}

static void end_attributes(posix_spawnattr_t *attributes)
{
    posix_spawnattr_destroy(attributes);
}

/* The child's own PATH counts, not ours: its environment is the whole of what the pipeline declares. */
static const char *path_of(const char *const *env)
{
    for (; env && *env; env++)
        if (text_starts(*env, "PATH="))
            return *env + strlen("PATH=");
    return default_path;
}

/* Looks `name` up; only absolute directories count, so that no work directory can slip a program in. */
static struct error *find_program(const char *name, const char *path, char found[PATH_MAX])
{
    int number = ENOENT;

    for (const char *at = path; *at;) {
        size_t length = strcspn(at, ":");
        int size = snprintf(found, PATH_MAX, "%.*s/%s", (int)length, at, name);

        if (*at == '/' && size > 0 && size < PATH_MAX) {
            struct stat info;

            if (access(found, X_OK) == 0 && stat(found, &info) == 0 && S_ISREG(info.st_mode))
                return NULL;
            if (errno == EACCES)
                number = EACCES;
        }
        at += length;
        at += *at == ':';
    }
    errno = number;
    return error_errno("cannot start '%s'", name);
}

/* The text as a file without a name, which the child reads from its beginning. */
static struct error *make_input(const char *text, int *out)
{
    size_t length = strlen(text);
    int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd < 0)
        return error_errno("cannot make a file for the standard input");
    for (size_t done = 0; done < length;) {
        ssize_t wrote = pwrite(fd, text + done, length - done, (off_t)done);

        if (wrote < 0) {
            struct error *error = error_errno("cannot write the standard input");

            close(fd);
            return error;
        }
        done += (size_t)wrote;
    }
    *out = fd;
    return NULL;
}

/* None of these fail but for lack of memory, which ends us like everywhere. */
static void must(int result)
{
    MUST(result == 0);
}

static void set_actions(posix_spawn_file_actions_t *actions, const struct spawn *spawn, int input_fd)
{
    if (input_fd >= 0)
        must(posix_spawn_file_actions_adddup2(actions, input_fd, 0));
    else
        must(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0));
    if (spawn->log_fd >= 0)
        must(posix_spawn_file_actions_adddup2(actions, spawn->log_fd, 2));
    else
        must(posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0));
    must(posix_spawn_file_actions_adddup2(actions, spawn->output_fd >= 0 ? spawn->output_fd : 2, 1));
    if (spawn->lock_fd >= 0)
        must(posix_spawn_file_actions_adddup2(actions, spawn->lock_fd, LOCK_FD_IN_CHILD));
    must(posix_spawn_file_actions_addclosefrom_np(actions, spawn->lock_fd >= 0 ? LOCK_FD_IN_CHILD + 1 : 3));
    if (spawn->effect->cwd)
        must(posix_spawn_file_actions_addchdir_np(actions, spawn->effect->cwd));
}

static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;

    sigemptyset(&none);
    sigfillset(&all);
    must(posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    must(posix_spawnattr_setsigmask(attributes, &none));
    must(posix_spawnattr_setsigdefault(attributes, &all));
}

/* posix_spawn says ENOENT for a missing work directory as for a missing program. */
static struct error *start_error(const struct effect *effect, int number)
{
    struct stat info;

    if (effect->cwd && stat(effect->cwd, &info) != 0)
        return error_errno("cannot start '%s' in '%s'", effect->argv[0], effect->cwd);
    if (effect->cwd && !S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        return error_errno("cannot start '%s' in '%s'", effect->argv[0], effect->cwd);
    }
    errno = number;
    return error_errno("cannot start '%s'", effect->argv[0]);
}

struct error *spawn_program(const struct spawn *spawn, pid_t *out)
{
    static const char *const nothing[] = {NULL};
    const struct effect *effect = spawn->effect;
    const char *const *env = effect->env ? effect->env : nothing;
    posix_spawn_file_actions_t actions CLEANUP(end_actions);
    posix_spawnattr_t attributes CLEANUP(end_attributes);
    char found[PATH_MAX];
    const char *program = effect->argv[0];
    int input_fd = -1;
    int number;

    must(posix_spawn_file_actions_init(&actions));
    must(posix_spawnattr_init(&attributes));
    if (!strchr(program, '/')) {
        TRY(find_program(program, path_of(env), found));
        program = found;
    }
    if (effect->input && effect->kind == EFFECT_RUN)
        TRY(make_input(effect->input, &input_fd));
    set_actions(&actions, spawn, input_fd);
    set_attributes(&attributes);
    number = posix_spawn(out, program, &actions, &attributes, (char *const *)effect->argv, (char *const *)env);
    io_close_fd(&input_fd);
    return number == 0 ? NULL : start_error(effect, number);
}
