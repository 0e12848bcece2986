#include "io/loop.h"

/*
 * The doorbell: a datagram on a UNIX socket says "look into the record". What it says does not matter, and neither
 * does one that is lost: the record holds the truth, and whoever starts reads it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/address.h"

#define RINGS_A_TURN 256 /* more wait for the next turn of the loop */

struct io_bell {
    int fd;
    struct io_watch *watch;
    io_fn fn;
    void *context;
};

/* Many rings are one. */
static void on_ring(void *context, int events)
{
    struct io_bell *bell = context;
    char byte;

    (void)events;
    for (int i = 0; i < RINGS_A_TURN; i++)
        if (recv(bell->fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0)
            break;
    bell->fn(bell->context);
}

/* A socket that a dead runner left is replaced; anything else there is not ours to remove. */
static struct error *remove_old(const char *path)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return errno == ENOENT ? NULL : error_errno("cannot look at '%s'", path);
    if (!S_ISSOCK(info.st_mode))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "'%s' is in the way: it is not a socket", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return error_errno("cannot remove the old socket '%s'", path);
    return NULL;
}

/* Whoever may put another socket into its place may as well ring this one: approvers of a shared record do. */
static struct error *open_to_group(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory CLEANUP(heap_cleanup) = heap_printf("%.*s", slash ? (int)(slash - path) : 0, path);
    struct stat info;

    if (stat(directory, &info) != 0 || !(info.st_mode & S_IWGRP) || chmod(path, 0660) == 0)
        return NULL;
    return error_errno("cannot open the socket '%s' to its group", path);
}

static struct error *listen_at(const char *path, int fd)
{
    struct unix_address address;
    int result;

    /* The socket file gets the mode that the socket has when it is bound, so it is never open to others. */
    if (fchmod(fd, 0600) != 0)
        return error_errno("cannot close the socket '%s' to others", path);
    TRY(remove_old(path));
    TRY(unix_address_open(path, &address));
    result = bind(fd, (const struct sockaddr *)&address.sockaddr, address.length);
    unix_address_close(&address);
    return result == 0 ? open_to_group(path) : error_errno("cannot listen on the socket '%s'", path);
}

struct error *io_on_bell(struct io *io, const char *path, io_fn fn, void *context)
{
    struct io_bell *bell;
    struct error *error;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    MUST(!io->bell);
    if (fd < 0)
        return error_errno("cannot make a socket");
    error = listen_at(path, fd);
    if (error) {
        close(fd);
        return error;
    }
    bell = io->bell = heap_alloc(sizeof(*bell));
    bell->fd = fd;
    bell->fn = fn;
    bell->context = context;
    bell->watch = io_watch_open(io, fd, on_ring, bell);
    if (!bell->watch) {
        error = error_errno("cannot watch the socket '%s'", path);
        bell_close(io);
        return error;
    }
    io_watch_set(bell->watch, UV_READABLE);
    return NULL;
}

void bell_close(struct io *io)
{
    struct io_bell *bell = io->bell;

    if (!bell)
        return;
    io_watch_close(&bell->watch);
    io_close_fd(&bell->fd);
    free(bell);
    io->bell = NULL;
}

void bell_ring(const char *path)
{
    struct unix_address address;
    struct error *error CLEANUP(error_cleanup) = unix_address_open(path, &address);
    int fd;

    if (error)
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        /* A full queue means that it rings already. */
        (void)sendto(fd, "", 1, MSG_NOSIGNAL, (const struct sockaddr *)&address.sockaddr, address.length);
        close(fd);
    }
    unix_address_close(&address);
}
