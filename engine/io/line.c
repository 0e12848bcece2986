#include "io/loop.h"

/*
 * A UNIX stream socket: connect, send the text, read until the peer closes. HAProxy's runtime socket speaks so.
 *
 * Our sending side stays open while we read: HAProxy may take a half-closed connection for one that was given up.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "io/address.h"

#define READ_BYTES 16384
#define READS_A_TURN 4
#define AGAIN_MS 10 /* until a full backlog is tried again */

struct line_effect {
    struct io_effect base;
    int fd;
    struct io_watch *watch;
    struct io_timer *timer; /* of the whole effect */
    struct io_timer *again; /* while the peer's backlog is full */
    const char *text;
    size_t length;
    size_t sent;
    struct strbuf answer;
};

static void try_connect(struct line_effect *self);

/* The words of a failure, or what came until then. */
static void end(struct line_effect *self, enum transport_result transport, int number)
{
    struct reply reply = {.transport = transport};

    if (transport == TRANSPORT_OK || transport == TRANSPORT_TIMEOUT) {
        effect_reply_text(&self->base, transport, &self->answer);
        return;
    }
    reply.text = strerror(number);
    reply.length = strlen(reply.text);
    effect_reply(&self->base, &reply);
}

static void end_broken(struct line_effect *self)
{
    end(self, TRANSPORT_BROKEN, errno);
}

static void on_timeout(void *context)
{
    struct line_effect *self = context;

    self->timer = NULL;
    end(self, TRANSPORT_TIMEOUT, 0);
}

static void read_answer(struct line_effect *self)
{
    char bytes[READ_BYTES];

    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t got = recv(self->fd, bytes, sizeof(bytes), 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0) {
            end_broken(self);
            return;
        }
        strbuf_add(&self->answer, bytes, (size_t)got);
        if (got == 0 || self->answer.cut) {
            /* A peer that closes before it has everything did not obey all of it. */
            if (got == 0 && self->sent < self->length)
                end(self, TRANSPORT_BROKEN, EPIPE);
            else
                end(self, TRANSPORT_OK, 0);
            return;
        }
    }
}

/* False: the effect is over. */
static bool send_text(struct line_effect *self)
{
    while (self->sent < self->length) {
        ssize_t wrote = send(self->fd, self->text + self->sent, self->length - self->sent, MSG_NOSIGNAL);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno == EAGAIN)
            return true;
        if (wrote < 0) {
            end_broken(self);
            return false;
        }
        self->sent += (size_t)wrote;
    }
    io_watch_set(self->watch, UV_READABLE);
    return true;
}

static void on_ready(void *context, int events)
{
    struct line_effect *self = context;

    if ((events & UV_WRITABLE) && !send_text(self))
        return;
    if (events & UV_READABLE)
        read_answer(self);
}

static void connect_again(void *context)
{
    struct line_effect *self = context;

    self->again = NULL;
    try_connect(self);
}

static bool is_nobody(int number)
{
    return number == ECONNREFUSED || number == ENOENT || number == ENOTDIR;
}

static void connected(struct line_effect *self)
{
    self->watch = io_watch_open(self->base.io, self->fd, on_ready, self);
    if (!self->watch) {
        effect_fail(&self->base, error_errno("cannot watch the socket '%s'", self->base.effect->path));
        return;
    }
    io_watch_set(self->watch, UV_READABLE | UV_WRITABLE);
    (void)send_text(self);
}

/* A UNIX socket connects at once or not at all. */
static void try_connect(struct line_effect *self)
{
    const char *path = self->base.effect->path;
    struct unix_address address;
    struct error *error = unix_address_open(path, &address);
    int number = errno;

    if (error && is_nobody(number)) {
        error_free(error);
        end(self, TRANSPORT_REFUSED, number);
        return;
    }
    if (error) {
        effect_fail(&self->base, error);
        return;
    }
    number = connect(self->fd, (const struct sockaddr *)&address.sockaddr, address.length) == 0 ? 0 : errno;
    unix_address_close(&address);
    if (number == 0) {
        connected(self);
    } else if (number == EAGAIN || number == EINTR) {
        self->again = io_timer_start(self->base.io, AGAIN_MS, connect_again, self);
    } else if (is_nobody(number)) {
        end(self, TRANSPORT_REFUSED, number);
    } else {
        errno = number;
        effect_fail(&self->base, error_errno("cannot connect to '%s'", path));
    }
}

static void first_connect(void *context)
{
    try_connect(context);
}

static void begin(struct io_effect *base)
{
    struct line_effect *self = (struct line_effect *)base;
    const struct effect *effect = base->effect;

    self->answer = (struct strbuf)STRBUF_INIT(effect_limit(effect));
    self->text = effect->text ? effect->text : "";
    self->length = effect->text_length ? effect->text_length : strlen(self->text);
    self->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->fd < 0) {
        effect_fail_later(base, error_errno("cannot make a socket"));
        return;
    }
    self->timer = io_timer_start(base->io, effect_timeout(effect), on_timeout, self);
    effect_later(base, first_connect);
}

static void release(struct io_effect *base)
{
    struct line_effect *self = (struct line_effect *)base;

    io_watch_close(&self->watch);
    io_timer_stop(self->timer);
    io_timer_stop(self->again);
    io_close_fd(&self->fd);
    strbuf_release(&self->answer);
}

const struct effect_way line_way = {
    .size = sizeof(struct line_effect),
    .begin = begin,
    .release = release,
};
