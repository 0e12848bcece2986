/*
 * Websockets: each sends 1, 2, 3 ... at its own pace, expects each number back in this order, and closes itself when its
 * life is over and the last number came back. Whatever else ends it is a loss. A new one follows each.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zero-loss/client.h"
#include "zero-loss/frame.h"
#include "zero-loss/reply.h"

#define OPENING_MOST 512
#define GIVE_UP_US (INT64_C(60) * 1000 * 1000)
#define CLOSE_NORMAL "\x03\xe8"
/* The example of RFC 6455. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum stage { STAGE_OPENING, STAGE_OPEN, STAGE_CLOSING };

struct talk {
    struct wire wire;
    struct client *client;
    uint64_t number;
    struct socket_task task;
    enum stage stage;
    bool asked;  /* the opening was written */
    bool agreed; /* the other side answered our close frame */
    int instance;
    unsigned sent, echoed;
    int64_t begin_us, end_us, next_us, opened_us;
};

static struct talk *talk_of(struct wire *wire)
{
    return (struct talk *)wire;
}

static void settle(struct talk *talk, enum outcome outcome)
{
    struct client *client = talk->client;

    fprintf(client->sockets_ledger, "%llu %d %u %u %lld %lld %d\n", (unsigned long long)talk->number, talk->instance,
            talk->sent, talk->echoed, (long long)(talk->opened_us / 1000), (long long)(clock_us(CLOCK_REALTIME) / 1000),
            outcome);
    TAILQ_REMOVE(&client->sockets, &talk->wire, link);
    client->socket_count--;
    wire_close(&client->wires, &talk->wire);
}

/* Short texts on a connection that is far from full: one that does not take them whole is as good as cut. */
static bool send_frame(struct talk *talk, enum frame_kind kind, const char *payload, size_t length)
{
    char bytes[FRAME_BYTES_MOST];
    size_t size = frame_write(kind, payload, length, (uint32_t)talk->number * 2654435761u, bytes);

    return wire_write(&talk->wire, bytes, size) == size;
}

static bool ask(struct talk *talk)
{
    char text[OPENING_MOST];
    int length = snprintf(text, sizeof(text),
                          "GET /echo/%s-ws%llu HTTP/1.1\r\nHost: rooms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
                          talk->client->options.name, (unsigned long long)talk->number);

    talk->asked = true;
    return wire_write(&talk->wire, text, (size_t)length) == (size_t)length;
}

/* False when the talk is over. */
static bool read_opening(struct talk *talk)
{
    struct wire *wire = &talk->wire;
    struct reply reply;
    enum reply_verdict verdict = reply_read(wire->in, wire->length, wire->ended || wire->failed, &reply);

    if (verdict == REPLY_MORE)
        return true;
    if (verdict == REPLY_GARBLED || reply.status != 101 || !memmem(wire->in, reply.length, ACCEPT, strlen(ACCEPT))) {
        settle(talk, verdict == REPLY_GARBLED ? OUTCOME_GARBLED : OUTCOME_STATUS);
        return false;
    }
    wire_take(wire, reply.length);
    talk->instance = ledger_instance_of(&talk->client->ledger, reply.boot, reply.version);
    talk->opened_us = clock_us(CLOCK_REALTIME);
    talk->stage = STAGE_OPEN;
    talk->next_us = clock_us(CLOCK_MONOTONIC);
    return true;
}

static bool read_frame(struct talk *talk, const struct frame *frame)
{
    char text[FRAME_PAYLOAD_MOST + 1];

    if (frame->kind == FRAME_CLOSE) {
        talk->agreed = talk->stage == STAGE_CLOSING;
        if (!talk->agreed)
            settle(talk, OUTCOME_CUT);
        return talk->agreed;
    }
    memcpy(text, frame->payload, frame->payload_length);
    text[frame->payload_length] = '\0';
    if (frame->kind != FRAME_TEXT || strtoul(text, NULL, 10) != talk->echoed + 1) {
        settle(talk, OUTCOME_GARBLED);
        return false;
    }
    talk->echoed++;
    return true;
}

static bool read_frames(struct talk *talk)
{
    struct frame frame;

    for (;;) {
        switch (frame_read(talk->wire.in, talk->wire.length, &frame)) {
        case FRAME_MORE:
            return true;
        case FRAME_GARBLED:
            settle(talk, OUTCOME_GARBLED);
            return false;
        case FRAME_WHOLE:
            break;
        }
        if (!read_frame(talk, &frame))
            return false;
        wire_take(&talk->wire, frame.length);
    }
}

static void talk_changed(struct wire *wire)
{
    struct talk *talk = talk_of(wire);

    if (wire->connected && !talk->asked && !ask(talk))
        wire->failed = true;
    if (talk->stage == STAGE_OPENING && wire->length > 0 && !read_opening(talk))
        return;
    if (talk->stage != STAGE_OPENING && !read_frames(talk))
        return;
    if (talk->agreed)
        settle(talk, talk->echoed == talk->sent ? OUTCOME_OK : OUTCOME_GARBLED);
    else if (wire->failed || wire->ended)
        settle(talk, wire->connected ? OUTCOME_CUT : OUTCOME_REFUSED);
}

static void speak(struct talk *talk, int64_t now_us)
{
    char text[16];
    int length;

    if (talk->stage != STAGE_OPEN)
        return;
    if (talk->client->ending || now_us >= talk->end_us) {
        if (talk->echoed < talk->sent)
            return;
        talk->stage = STAGE_CLOSING;
        if (!send_frame(talk, FRAME_CLOSE, CLOSE_NORMAL, 2))
            settle(talk, OUTCOME_CUT);
        return;
    }
    if (now_us < talk->next_us)
        return;
    talk->next_us = now_us + (int64_t)talk->task.every_ms * 1000;
    length = snprintf(text, sizeof(text), "%u", ++talk->sent);
    if (!send_frame(talk, FRAME_TEXT, text, (size_t)length))
        settle(talk, OUTCOME_CUT);
}

static bool follow(struct client *client, int64_t now_us)
{
    struct talk *talk = calloc(1, sizeof(*talk));

    if (!talk)
        return false;
    talk->client = client;
    talk->number = client->socket_number;
    talk->task = schedule_socket(&client->schedule, talk->number);
    talk->instance = -1;
    talk->begin_us = now_us + (int64_t)talk->task.pause_ms * 1000;
    talk->end_us = talk->begin_us + (int64_t)talk->task.life_ms * 1000;
    talk->wire.fd = -1;
    client->socket_number++;
    client->socket_count++;
    TAILQ_INSERT_TAIL(&client->sockets, &talk->wire, link);
    return true;
}

static void drop_unopened(struct talk *talk)
{
    TAILQ_REMOVE(&talk->client->sockets, &talk->wire, link);
    talk->client->socket_count--;
    free(talk);
}

void sockets_tick(struct client *client, int64_t now_us)
{
    struct wire *wire, *next;

    while (!client->ending && client->socket_count < client->options.sockets && follow(client, now_us)) {
    }
    for (wire = TAILQ_FIRST(&client->sockets); wire; wire = next) {
        struct talk *talk = talk_of(wire);

        next = TAILQ_NEXT(wire, link);
        if (wire->fd >= 0)
            speak(talk, now_us);
        else if (client->ending)
            drop_unopened(talk);
        else if (now_us >= talk->begin_us)
            wire_open(&client->wires, wire, talk_changed);
    }
}

bool sockets_are_over(struct client *client, int64_t now_us)
{
    struct wire *wire, *next;

    for (wire = TAILQ_FIRST(&client->sockets); wire; wire = next) {
        next = TAILQ_NEXT(wire, link);
        if (wire->fd >= 0 && now_us - client->ended_us > GIVE_UP_US)
            settle(talk_of(wire), OUTCOME_NONE);
    }
    return TAILQ_EMPTY(&client->sockets);
}
