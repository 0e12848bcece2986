#include "store/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define STAT_START_FIELD 22

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

int64_t holder_start(int64_t pid)
{
    FILE *file CLEANUP(close_file) = NULL;
    char path[64];
    char line[1024];
    char *at;

    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    file = fopen(path, "re");
    if (!file || !fgets(line, sizeof(line), file))
        return 0;
    /* Field 2 is the program's name in brackets, and may hold blanks and brackets itself. */
    at = strrchr(line, ')');
    for (int field = 2; at && field < STAT_START_FIELD; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : 0;
}

bool holder_is_alive(int64_t pid, int64_t start, const char *boot_id)
{
    return start > 0 && strcmp(boot_id, clock_boot_id()) == 0 && holder_start(pid) == start;
}

/* fdinfo of a descriptor lists the locks that its open file holds: "lock: 1: FLOCK ADVISORY WRITE ..." */
static bool has_flock(const char *process, const char *fd)
{
    FILE *file CLEANUP(close_file) = NULL;
    char path[512];
    char line[256];

    snprintf(path, sizeof(path), "/proc/%.64s/fdinfo/%.64s", process, fd);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "lock:", 5) == 0 && strstr(line, "FLOCK"))
            return true;
    }
    return false;
}

static bool process_holds(const char *process, const struct stat *wanted)
{
    DIR *directory CLEANUP(close_directory) = NULL;
    const struct dirent *entry;
    char path[128];

    snprintf(path, sizeof(path), "/proc/%.64s/fd", process);
    directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        struct stat found;

        if (isdigit((unsigned char)entry->d_name[0]) && fstatat(dirfd(directory), entry->d_name, &found, 0) == 0 &&
            found.st_dev == wanted->st_dev && found.st_ino == wanted->st_ino && has_flock(process, entry->d_name))
            return true;
    }
    return false;
}

size_t holder_find(const char *lock_path, int64_t *pids, size_t most)
{
    DIR *directory CLEANUP(close_directory) = opendir("/proc");
    const struct dirent *entry;
    struct stat wanted;
    size_t count = 0;

    if (!directory || stat(lock_path, &wanted) != 0)
        return 0;
    while (count < most && (entry = readdir(directory))) {
        int64_t pid = isdigit((unsigned char)entry->d_name[0]) ? strtoll(entry->d_name, NULL, 10) : 0;

        if (pid > 0 && pid != getpid() && process_holds(entry->d_name, &wanted))
            pids[count++] = pid;
    }
    return count;
}
