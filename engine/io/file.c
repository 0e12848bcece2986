#include "io/loop.h"

/*
 * Small things that are done at once, but from the loop: files, a free port, sleep.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define PUT_MODE 0600
#define PORTS 65536
#define PORTS_REMEMBERED 8192 /* then we forget which ones we gave out: long ago, or nobody took them */
#define PORT_TRIES 64

struct small_effect {
    struct io_effect base;
};

struct sleep_effect {
    struct io_effect base;
    struct io_timer *timer;
};

static void release_nothing(struct io_effect *base)
{
    (void)base;
}

/* ------------------------------------------------------------------------------------------------ files */

static struct error *do_file(const struct effect *effect, struct strbuf *text)
{
    const char *bytes = effect->text ? effect->text : "";
    size_t length = effect->text_length ? effect->text_length : strlen(bytes);

    if (effect->kind == EFFECT_MAKE_DIR)
        return file_make_dirs(effect->path);
    if (effect->kind == EFFECT_REMOVE_TREE)
        return file_remove_tree(effect->path);
    if (effect->kind == EFFECT_PUT_FILE)
        return file_put(effect->path, bytes, length, effect->mode ? effect->mode : PUT_MODE);
    MUST(effect->kind == EFFECT_READ_FILE);
    return file_read_tail(effect->path, effect_limit(effect), text);
}

static void file_now(void *context)
{
    struct io_effect *self = context;
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(effect_limit(self->effect));
    struct error *error = do_file(self->effect, &text);

    if (error)
        effect_fail(self, error);
    else
        effect_reply_text(self, TRANSPORT_OK, &text);
}

static void file_begin(struct io_effect *base)
{
    MUST(base->effect->path && base->effect->path[0] == '/');
    effect_later(base, file_now);
}

const struct effect_way file_way = {
    .size = sizeof(struct small_effect),
    .begin = file_begin,
    .release = release_nothing,
};

/* ------------------------------------------------------------------------------------------------ FREE_PORT */

/* True: it was not given out before. */
static bool give_port(struct io *io, int port)
{
    uint8_t bit = (uint8_t)(1U << (port % 8));

    if (!io->ports || io->ports_given >= PORTS_REMEMBERED) {
        if (!io->ports)
            io->ports = heap_alloc(PORTS / 8);
        memset(io->ports, 0, PORTS / 8);
        io->ports_given = 0;
    }
    if (io->ports[port / 8] & bit)
        return false;
    io->ports[port / 8] |= bit;
    io->ports_given++;
    return true;
}

static struct error *ask_port(int *out)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    struct error *error = NULL;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_errno("cannot make a socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        error = error_errno("cannot find a free port on 127.0.0.1");
    *out = ntohs(address.sin_port);
    close(fd);
    return error;
}

/* The kernel may name the same port to two instances that are both about to start; we do not. */
static void port_now(void *context)
{
    struct io_effect *self = context;
    struct reply reply = {.transport = TRANSPORT_OK};
    struct error *error = NULL;

    for (int i = 0; i < PORT_TRIES && !error; i++) {
        error = ask_port(&reply.port);
        if (!error && give_port(self->io, reply.port)) {
            effect_reply(self, &reply);
            return;
        }
    }
    if (!error)
        error = error_new(ERR_IO, KIND_TRANSIENT, "no free port on 127.0.0.1 after %d tries", PORT_TRIES);
    effect_fail(self, error);
}

static void port_begin(struct io_effect *base)
{
    effect_later(base, port_now);
}

const struct effect_way port_way = {
    .size = sizeof(struct small_effect),
    .begin = port_begin,
    .release = release_nothing,
};

/* ------------------------------------------------------------------------------------------------ SLEEP */

static void on_awake(void *context)
{
    struct sleep_effect *self = context;
    struct reply reply = {.transport = TRANSPORT_OK};

    self->timer = NULL;
    effect_reply(&self->base, &reply);
}

static void sleep_begin(struct io_effect *base)
{
    struct sleep_effect *self = (struct sleep_effect *)base;

    self->timer = io_timer_start(base->io, base->effect->sleep_ms, on_awake, self);
}

static void sleep_release(struct io_effect *base)
{
    io_timer_stop(((struct sleep_effect *)base)->timer);
}

const struct effect_way sleep_way = {
    .size = sizeof(struct sleep_effect),
    .begin = sleep_begin,
    .release = sleep_release,
};
