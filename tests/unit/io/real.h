#ifndef TESTS_UNIT_IO_REAL_H
#define TESTS_UNIT_IO_REAL_H

/*
 * The real io with a directory of its own, and effects that are run to their reply.
 * Include it first; it brings unit.h.
 */

#include "unit/unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "io/io.h"

struct real {
    struct arena *arena;
    struct io *io;
    char *dir; /* absolute, removed after the test */
};

#define TEST_WITH_IO(f) cmocka_unit_test_setup_teardown(f, real_setup, real_teardown)

static inline int real_setup(void **state)
{
    struct real *real = heap_alloc(sizeof(*real));
    char template[] = "/tmp/penstock-io-XXXXXX";

    real->arena = arena_new();
    if (!mkdtemp(template))
        return -1;
    real->dir = heap_text(template);
    unit_assert_ok(io_open(-1, &real->io), __FILE__, __LINE__);
    *state = real;
    return 0;
}

static inline int real_teardown(void **state)
{
    struct real *real = *state;

    io_close(real->io);
    unit_assert_ok(file_remove_tree(real->dir), __FILE__, __LINE__);
    arena_free(real->arena);
    free(real->dir);
    free(real);
    return 0;
}

/* "<dir>/<name>" */
static inline const char *real_path(struct real *real, const char *name)
{
    return arena_printf(real->arena, "%s/%s", real->dir, name);
}

/* A reply that lives in the arena. */
struct kept {
    struct real *real;
    struct reply reply;
    int count;
};

static inline void real_keep(void *context, const struct reply *reply)
{
    struct kept *kept = context;

    kept->count++;
    kept->reply = *reply;
    kept->reply.text = arena_text_n(kept->real->arena, reply->text, reply->length);
    kept->reply.environment = arena_text(kept->real->arena, reply->environment);
    io_stop(kept->real->io);
}

/* Runs one effect and nothing else. */
static inline struct reply real_do(struct real *real, const struct effect *effect)
{
    struct kept kept = {.real = real};

    assert_non_null(io_start(real->io, effect, real_keep, &kept));
    assert_int_equal(kept.count, 0); /* never from within io_start() */
    io_run(real->io);
    assert_int_equal(kept.count, 1);
    return kept.reply;
}

static inline void real_stop(void *context)
{
    io_stop(context);
}

/* Lets the loop turn for a while. */
static inline void real_turn(struct real *real, int64_t ms)
{
    (void)io_timer_start(real->io, ms, real_stop, real->io);
    io_run(real->io);
}

static inline const char *real_read(struct real *real, const char *path)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(1 << 20);

    unit_assert_ok(file_read_tail(path, 1 << 20, &text), __FILE__, __LINE__);
    return arena_text(real->arena, strbuf_view(&text));
}

/* Waits until `path` holds a whole line (at most 5 s). */
static inline const char *real_await_line(struct real *real, const char *path)
{
    for (int i = 0; i < 5000; i++) {
        const char *text = real_read(real, path);

        if (strchr(text, '\n'))
            return text;
        usleep(1000);
    }
    fail_msg("nothing came in '%s'", path);
    return "";
}

/* There and not a zombie. */
static inline bool real_alive(pid_t pid)
{
    char path[64];
    char text[512] = "";
    const char *rest;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    close(fd);
    rest = strrchr(text, ')');
    return rest && rest[2] != 'Z' && rest[2] != 'X';
}

static inline bool real_dies(pid_t pid)
{
    for (int i = 0; i < 3000; i++) {
        if (!real_alive(pid))
            return true;
        usleep(1000);
    }
    return false;
}

/* A TCP socket that listens at 127.0.0.1. */
static inline int real_listen(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4096), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline int real_count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

#endif
