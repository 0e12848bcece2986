#include "crash/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#define READ_MOST ((size_t)16 * 1024 * 1024)

static const char project_file[] = "project: sweep\n"
                                   "environments:\n"
                                   "  prod:\n"
                                   "    allow_as: true\n"
                                   "    gates:\n"
                                   "      go: {people: [ana], approvals: 1, expires: 1h}\n";

void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "crash: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(2);
}

static void must(struct error *error)
{
    if (error)
        die("%s", error_line(error));
}

char *place_read(const char *file)
{
    struct strbuf text = STRBUF_INIT(READ_MOST);

    if (!file_exists(file))
        return heap_text("");
    must(file_read(file, &text));
    strbuf_char(&text, '\n');
    text.bytes[text.length - 1] = '\0';
    return strbuf_take(&text);
}

static void put(const char *directory, const char *name, const char *text)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/%s", directory, name);

    must(file_put(path, text, strlen(text), 0644));
}

static void git(const char *project, const char *const *words)
{
    const char *argv[16] = {"git", "-C", project};
    int status;
    pid_t pid;

    for (int i = 0; words[i]; i++)
        argv[i + 3] = words[i];
    pid = fork();
    if (pid == 0) {
        execvp("git", (char *const *)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("'git %s' failed in %s", words[0], project);
}

/* @LEDGER@ stands for the ledger's path. */
static char *fill(const char *pipeline, const char *ledger)
{
    static const char mark[] = "@LEDGER@";
    struct strbuf text = STRBUF_INIT(0);

    for (const char *at; (at = strstr(pipeline, mark)); pipeline = at + strlen(mark)) {
        strbuf_add(&text, pipeline, (size_t)(at - pipeline));
        strbuf_text(&text, ledger);
    }
    strbuf_text(&text, pipeline);
    return strbuf_take(&text);
}

void place_open(struct place *place, const char *pipeline)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    char *text CLEANUP(heap_cleanup) = NULL;

    place->root = heap_printf("%s/penstock-crash.XXXXXX", base);
    if (!mkdtemp(place->root))
        die("cannot make a directory in %s: %s", base, strerror(errno));
    place->project = heap_printf("%s/project", place->root);
    place->state = heap_printf("%s/state", place->root);
    place->ledger = heap_printf("%s/state/ledger", place->root);
    place->output = heap_printf("%s/output", place->root);
    place->passes = heap_printf("%s/passes", place->root);
    text = fill(pipeline, place->ledger);
    must(file_make_dirs(place->project));
    must(file_make_dirs(place->state));
    put(place->project, "penstock.yaml", project_file);
    {
        char *directory CLEANUP(heap_cleanup) = heap_printf("%s/pipelines", place->project);

        must(file_make_dirs(directory));
        put(directory, "prod.yaml", text);
    }
    git(place->project, (const char *const[]){"init", "-q", "-b", "main", NULL});
    git(place->project, (const char *const[]){"add", "-A", NULL});
    git(place->project, (const char *const[]){"commit", "-q", "-m", "one", NULL});
}

void place_close(struct place *place)
{
    place_remove(place->root);
    free(place->root);
    free(place->project);
    free(place->state);
    free(place->ledger);
    free(place->output);
    free(place->passes);
}

static void copy_file(int from_dir, int to_dir, const char *name, const struct stat *info)
{
    int from = openat(from_dir, name, O_RDONLY | O_CLOEXEC);
    int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info->st_mode & 07777);
    off_t left = info->st_size;

    if (from < 0 || to < 0)
        die("cannot copy '%s': %s", name, strerror(errno));
    while (left > 0) {
        ssize_t size = sendfile(to, from, NULL, (size_t)left);

        if (size <= 0)
            die("cannot copy '%s': %s", name, strerror(errno));
        left -= size;
    }
    close(from);
    close(to);
}

static void copy_entries(int from, int to)
{
    DIR *entries = fdopendir(from);
    const struct dirent *entry;

    if (!entries)
        die("cannot read a directory: %s", strerror(errno));
    while ((entry = readdir(entries))) {
        const char *name = entry->d_name;
        struct stat info;

        if (text_is(name, ".") || text_is(name, ".."))
            continue;
        if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            die("cannot look at '%s': %s", name, strerror(errno));
        if (S_ISREG(info.st_mode)) {
            copy_file(from, to, name, &info);
        } else if (S_ISDIR(info.st_mode)) {
            int inner_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            int inner_to = mkdirat(to, name, info.st_mode & 07777) == 0
                               ? openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                               : -1;

            if (inner_from < 0 || inner_to < 0)
                die("cannot copy '%s': %s", name, strerror(errno));
            copy_entries(inner_from, inner_to);
            close(inner_to);
        } else if (mknodat(to, name, info.st_mode, 0) != 0) {
            die("cannot copy '%s': %s", name, strerror(errno));
        }
    }
    closedir(entries);
}

void place_copy(const char *from, const char *copy)
{
    int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to_fd = mkdir(copy, 0700) == 0 ? open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (from_fd < 0 || to_fd < 0)
        die("cannot copy '%s' to '%s': %s", from, copy, strerror(errno));
    copy_entries(from_fd, to_fd);
    close(to_fd);
}

void place_remove(const char *directory)
{
    must(file_remove_tree(directory));
}

void place_restore(const struct place *place, const char *copy)
{
    place_remove(place->state);
    place_copy(copy, place->state);
}
