#include "io/loop.h"

/*
 * The life of an effect: begun by the way of its kind, ended by its reply or by io_cancel(), freed in one place.
 * Fault points stand on both sides of every effect that changes the world.
 */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define DEFAULT_LIMIT_BYTES ((size_t)64 * 1024)

static const struct effect_way *way_of(enum effect_kind kind)
{
    switch (kind) {
    case EFFECT_HTTP:
        return &http_way;
    case EFFECT_LINE:
        return &line_way;
    case EFFECT_RUN:
        return &run_way;
    case EFFECT_START:
        return &start_way;
    case EFFECT_SIGNAL:
        return &signal_way;
    case EFFECT_LOOK:
        return &look_way;
    case EFFECT_AWAIT_EXIT:
        return &await_way;
    case EFFECT_FREE_PORT:
        return &port_way;
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
    case EFFECT_READ_FILE:
        return &file_way;
    case EFFECT_SLEEP:
        return &sleep_way;
    }
    BUG("effect kind %d has no way", (int)kind);
}

struct io_effect *io_start(struct io *io, const struct effect *effect, io_reply_fn done, void *context)
{
    const struct effect_way *way = way_of(effect->kind);
    struct io_effect *self = heap_alloc(way->size);

    self->io = io;
    self->way = way;
    self->effect = effect;
    self->done = done;
    self->context = context;
    self->begun_ms = clock_boot_ms();
    LIST_INSERT_HEAD(&io->effects, self, link);
    if (effect_changes(effect))
        fault_point("effect.before");
    way->begin(self);
    return self;
}

/* Off the list first: from here on nobody else can find it. */
static void take_off(struct io_effect *self)
{
    LIST_REMOVE(self, link);
    io_task_drop(self->io, &self->task);
}

void io_cancel(struct io_effect *self)
{
    if (!self)
        return;
    take_off(self);
    self->way->release(self);
    error_free(self->failure);
    free(self);
}

void effect_reply(struct io_effect *self, struct reply *reply)
{
    take_off(self);
    if (!reply->text)
        reply->text = "";
    if (!reply->environment)
        reply->environment = "";
    reply->elapsed_ms = clock_boot_ms() - self->begun_ms;
    if (effect_changes(self->effect))
        fault_point("effect.after");
    self->done(self->context, reply);
    self->way->release(self);
    free(self);
}

void effect_fail(struct io_effect *self, struct error *error)
{
    char *line CLEANUP(heap_cleanup) = error_line(error);
    struct reply reply = {.transport = TRANSPORT_FAILED, .text = line, .length = strlen(line)};

    error_free(error);
    effect_reply(self, &reply);
}

static void fail_now(void *context)
{
    struct io_effect *self = context;
    struct error *error = self->failure;

    self->failure = NULL;
    effect_fail(self, error);
}

void effect_fail_later(struct io_effect *self, struct error *error)
{
    MUST(!self->failure);
    self->failure = error;
    effect_later(self, fail_now);
}

void effect_reply_text(struct io_effect *self, enum transport_result transport, const struct strbuf *text)
{
    struct reply reply = {.transport = transport, .text = strbuf_view(text), .length = text->length};

    if (text->cut && transport == TRANSPORT_OK)
        reply.transport = TRANSPORT_CUT;
    effect_reply(self, &reply);
}

size_t effect_limit(const struct effect *effect)
{
    return effect->limit_bytes ? effect->limit_bytes : DEFAULT_LIMIT_BYTES;
}

int64_t effect_timeout(const struct effect *effect)
{
    return effect->timeout_ms > 0 ? effect->timeout_ms : 1;
}

void effect_later(struct io_effect *self, io_fn next)
{
    io_task_queue(self->io, &self->task, next, self);
}
