#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PAUSE_FIRST_US 50
#define PAUSE_LAST_US 5000

struct error *lock_open(const char *path, int *out_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_errno("cannot open '%s'", path);
    *out_fd = fd;
    return NULL;
}

struct error *lock_try(int fd, const char *path, bool *out_held)
{
    *out_held = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (*out_held || errno == EWOULDBLOCK || errno == EINTR)
        return NULL;
    return error_errno("cannot lock '%s'", path);
}

static void pause_us(int64_t us)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = (long)us * 1000};

    nanosleep(&pause, NULL);
}

struct error *lock_wait(int fd, const char *path, int64_t limit_ms)
{
    int64_t pause = PAUSE_FIRST_US;
    int64_t deadline = -1;

    for (;;) {
        bool held;
        struct error *error;

        TRY(lock_try(fd, path, &held));
        if (held)
            return NULL;
        if (deadline < 0)
            deadline = clock_boot_ms() + limit_ms;
        if (clock_boot_ms() >= deadline) {
            error = error_new(ERR_RECORD, KIND_TRANSIENT, "another process has been writing to the record for %llds",
                              (long long)limit_ms / 1000);
            return error_hint(error, "see who holds it: fuser -v '%s'", path);
        }
        pause_us(pause);
        pause = pause * 2 > PAUSE_LAST_US ? PAUSE_LAST_US : pause * 2;
    }
}

void lock_drop(int fd)
{
    flock(fd, LOCK_UN);
}
