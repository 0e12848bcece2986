/*
 * Takes memory from a fuzz target. While it reads an input, its allocations are refused one after the other: a fork gets
 * NULL for this one, and another fork for this one and all that follow; the reader itself goes on with what it asked for.
 * Of allocations with the same calls on the stack the first is refused, or, with STARVE=every, each.
 *
 * Each fork must end as base/memory.h says, with one sentence and exit code 70: never by a signal, and never as if nothing
 * had been. Only libc may do without; qsort() then sorts in place. Linked with replay.c, whose calls of the target come
 * here first:
 *
 *   build/tests/fuzz/starve_yaml [DIRECTORY...]
 */

#include "fuzz/fuzz.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WENT_ON 42
#define SENTENCE "penstock: out of memory\n"

/* Where malloc and its like are when these here stand before them. */
#ifdef __SANITIZE_ADDRESS__
#define BEHIND(name) __interceptor_##name
#else
#define BEHIND(name) __libc_##name
#endif
void *BEHIND(malloc)(size_t size);
void *BEHIND(calloc)(size_t count, size_t size);
void *BEHIND(realloc)(void *old, size_t size);

int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool reading; /* the target is at work, so allocations count */
static bool in_fork;
static bool for_good; /* in the fork: nothing is given any more */
static bool by_libc;  /* in the fork: it was libc itself that asked */
static bool every;
static unsigned long allocations, refusals;

/* The calls that stood on the stack of an allocation so far. */
static struct {
    uint64_t hash[1 << 16];
    size_t count;
} tried;

static bool way_is_new(void)
{
    void *frames[40];
    int count = backtrace(frames, 40);
    uint64_t hash = 14695981039346656037u;
    size_t at;

    for (int i = 0; i < count; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
    hash |= !hash;
    for (at = hash % (1 << 16); tried.hash[at]; at = (at + 1) % (1 << 16)) {
        if (tried.hash[at] == hash)
            return false;
    }
    MUST(++tried.count < (1 << 15));
    tried.hash[at] = hash;
    return true;
}

static bool is_libc(const void *caller)
{
    Dl_info where;

    return dladdr(caller, &where) && where.dli_fname && strstr(where.dli_fname, "/libc.so");
}

static void judge(int status, const char *said)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 70 && strcmp(said, SENTENCE) == 0)
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == WENT_ON && !*said)
        return;
    fprintf(stderr, "allocation %lu was refused, and the reader %s %d, saying:\n%s\n", allocations,
            WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
    exit(1);
}

/* True in the fork. */
static bool try_without(bool all)
{
    char said[1000];
    size_t length = 0;
    ssize_t got;
    int fds[2], status;
    pid_t pid;

    MUST(pipe(fds) == 0 && (pid = fork()) >= 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        in_fork = true;
        for_good = all;
        return true;
    }
    close(fds[1]);
    while ((got = read(fds[0], said + length, sizeof(said) - 1 - length)) > 0)
        length += (size_t)got;
    close(fds[0]);
    said[length] = '\0';
    MUST(waitpid(pid, &status, 0) == pid);
    judge(status, said);
    return false;
}

static bool is_refused(const void *caller)
{
    bool refused;

    if (in_fork)
        return for_good;
    reading = false;
    allocations++;
    refused = (every || way_is_new()) && (refusals++, try_without(false) || try_without(true));
    if (refused)
        by_libc = is_libc(caller);
    reading = true;
    if (refused)
        errno = ENOMEM;
    return refused;
}

/* The sanitizers' own beginning asks for memory too. */
#define AS_IT_IS __attribute__((no_sanitize("address", "undefined")))

AS_IT_IS void *malloc(size_t size)
{
    return reading && is_refused(__builtin_return_address(0)) ? NULL : BEHIND(malloc)(size);
}

AS_IT_IS void *calloc(size_t count, size_t size)
{
    return reading && is_refused(__builtin_return_address(0)) ? NULL : BEHIND(calloc)(count, size);
}

AS_IT_IS void *realloc(void *old, size_t size)
{
    return reading && is_refused(__builtin_return_address(0)) ? NULL : BEHIND(realloc)(old, size);
}

#ifdef __SANITIZE_ADDRESS__
/* Who ends for lack of memory leaves what he has to the kernel. Leaks are what replay_<target> looks for. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}
#endif

static void end(void)
{
    reading = false;
    if (!in_fork)
        printf("# %lu allocations, %lu refused\n", allocations, refusals);
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;

    if (!begun) {
        void *first[1];

        begun = true;
        every = getenv("STARVE") && strcmp(getenv("STARVE"), "every") == 0;
        backtrace(first, 1); /* the first one loads a library */
        atexit(end);
    }
    fflush(NULL);
    reading = true;
    __real_LLVMFuzzerTestOneInput(data, size);
    reading = false;
    if (!in_fork)
        return 0;
    if (!by_libc)
        fputs("went on without the memory", stderr);
    exit(WENT_ON);
}
