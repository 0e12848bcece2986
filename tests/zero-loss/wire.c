#include "zero-loss/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MOST 512

void wires_open(struct wires *wires, const struct sockaddr_in *address)
{
    *wires = (struct wires){.epoll = epoll_create1(EPOLL_CLOEXEC), .address = *address};
    TAILQ_INIT(&wires->closed);
    if (wires->epoll < 0) {
        perror("epoll");
        exit(2);
    }
}

static void free_closed(struct wires *wires)
{
    struct wire *wire;

    while ((wire = TAILQ_FIRST(&wires->closed))) {
        TAILQ_REMOVE(&wires->closed, wire, link);
        free(wire);
    }
}

void wires_close(struct wires *wires)
{
    free_closed(wires);
    close(wires->epoll);
}

/* Edges are reported once, so everything that is there is taken. */
static void read_all(struct wire *wire)
{
    while (!wire->ended && !wire->failed && wire->length < sizeof(wire->in)) {
        ssize_t got = recv(wire->fd, wire->in + wire->length, sizeof(wire->in) - wire->length, 0);

        if (got > 0)
            wire->length += (size_t)got;
        else if (got == 0)
            wire->ended = true;
        else if (errno != EAGAIN && errno != EINTR)
            wire->failed = true;
        else if (errno == EAGAIN)
            return;
    }
}

static void look(struct wire *wire, uint32_t events)
{
    if (!wire->connected) {
        int error = 0;
        socklen_t length = sizeof(error);

        getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error)
            wire->failed = true;
        else if (!wire->failed && events & EPOLLOUT)
            wire->connected = true;
    }
    if (wire->connected && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        read_all(wire);
}

void wires_wait(struct wires *wires, int64_t wait_us)
{
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    struct epoll_event events[EVENTS_MOST];
    int count = epoll_pwait2(wires->epoll, events, EVENTS_MOST, &wait, NULL);

    for (int i = 0; i < count; i++) {
        struct wire *wire = events[i].data.ptr;

        if (wire->fd < 0)
            continue;
        look(wire, events[i].events);
        wire->changed(wire);
    }
    free_closed(wires);
}

bool wire_open(struct wires *wires, struct wire *wire, void (*changed)(struct wire *))
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = wire};

    wire->changed = changed;
    wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return false;
    if (connect(wire->fd, (const struct sockaddr *)&wires->address, sizeof(wires->address)) != 0 &&
        errno != EINPROGRESS)
        wire->failed = true;
    if (epoll_ctl(wires->epoll, EPOLL_CTL_ADD, wire->fd, &event) != 0) {
        close(wire->fd);
        wire->fd = -1;
        return false;
    }
    wires->count++;
    return true;
}

size_t wire_write(struct wire *wire, const char *bytes, size_t length)
{
    ssize_t wrote = wire->connected && !wire->failed ? send(wire->fd, bytes, length, MSG_NOSIGNAL) : 0;

    if (wrote < 0 && errno != EAGAIN && errno != EINTR)
        wire->failed = true;
    return wrote > 0 ? (size_t)wrote : 0;
}

void wire_take(struct wire *wire, size_t length)
{
    wire->length -= length;
    memmove(wire->in, wire->in + length, wire->length);
}

void wire_close(struct wires *wires, struct wire *wire)
{
    close(wire->fd);
    wire->fd = -1;
    wires->count--;
    TAILQ_INSERT_TAIL(&wires->closed, wire, link);
}
