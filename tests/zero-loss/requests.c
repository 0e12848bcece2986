/*
 * Requests over connections: each is planned, sent when its moment has come, and settled once. A connection that is kept
 * lies in one of four lists: busy with a request, idle, asleep (idle on purpose, for its time), leaving (the answer said
 * that the other side closes it).
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zero-loss/client.h"
#include "zero-loss/reply.h"

#define HEAD_MOST 1024
#define TICK_US 5000
#define LATE_US 100000
#define GIVE_UP_US (INT64_C(100) * 1000 * 1000)
/* Clients do not use what HAProxy may be about to close: it does so after 60 s. */
#define IDLE_MOST_US (INT64_C(50) * 1000 * 1000)
/* The other side's end is noticed so much later, as over a network: between two processes of one machine a request would
 * hardly ever meet a connection that is just being closed. */
#define AWAY_US 5000
/* Of those that wait for nothing. A client that floods a machine which cannot keep up would measure its own flood, and
 * everybody else's time limits would end; so later ones wait here, and count as late. */
#define QUICK_MOST 200

struct line {
    struct wire wire;
    struct client *client;
    struct wire_list *list;
    uint64_t number; /* of the request that is under way */
    struct task task;
    char head[HEAD_MOST]; /* and a small body */
    size_t head_length, head_sent;
    size_t body_sent; /* of an upload */
    int64_t began_us; /* when the upload's body may begin */
    int64_t since_us; /* it is in its list */
    int64_t wake_us;
    int64_t gone_us; /* when the client learns that the other side closed it; 0 = it did not */
};

static char filler[1 << 16];

static struct line *line_of(struct wire *wire)
{
    return (struct line *)wire;
}

static void move_to(struct line *line, struct wire_list *list)
{
    struct client *client = line->client;

    if (line->list)
        TAILQ_REMOVE(line->list, &line->wire, link);
    client->idle_count -= line->list == &client->idle;
    client->quick_count -= line->list == &client->busy && line->task.asked_ms == 0;
    line->list = list;
    if (list)
        TAILQ_INSERT_HEAD(list, &line->wire, link);
    client->idle_count += list == &client->idle;
    client->quick_count += list == &client->busy && line->task.asked_ms == 0;
}

static void drop(struct line *line)
{
    move_to(line, NULL);
    wire_close(&line->client->wires, &line->wire);
}

static struct ledger_record *record_of(const struct line *line)
{
    return &line->client->ledger.records[line->number];
}

static bool is_sent(const struct line *line)
{
    return line->head_sent == line->head_length &&
           (line->task.kind != KIND_UPLOAD || line->body_sent == line->task.body_bytes);
}

/* The one place where a request gets its outcome. */
static void settle(struct line *line, enum outcome outcome, const struct reply *reply)
{
    struct client *client = line->client;
    struct ledger_record *record = record_of(line);
    int64_t now = clock_us(CLOCK_MONOTONIC);
    bool kept = reply && !reply->closes && line->task.kind != KIND_CLOSE && is_sent(line) && line->wire.length == 0;

    record->latency_us = (uint32_t)(now + client->wall_us - record->due_us);
    record->outcome = (uint8_t)outcome;
    if (reply) {
        record->status = (uint16_t)reply->status;
        record->instance = (int16_t)ledger_instance_of(&client->ledger, reply->boot, reply->version);
    }
    line->since_us = now;
    line->wake_us = now + (int64_t)line->task.sleep_ms * 1000;
    if (!reply || line->wire.failed || line->wire.ended)
        drop(line);
    else if (!kept)
        move_to(line, &client->leaving);
    else
        move_to(line, line->task.sleep_ms && !client->ending ? &client->asleep : &client->idle);
}

/* How much of an upload's body may be out by now: piece after piece, the last one at the end of its time. */
static size_t body_due(const struct line *line, int64_t now_us)
{
    const struct task *task = &line->task;
    int64_t piece_us = (int64_t)task->asked_ms * 1000 / task->pieces;
    int64_t pieces = piece_us > 0 ? (now_us - line->began_us) / piece_us : task->pieces;

    return pieces >= task->pieces ? task->body_bytes : task->body_bytes / task->pieces * (size_t)pieces;
}

static void push(struct line *line)
{
    struct ledger_record *record = record_of(line);

    if (line->head_sent < line->head_length) {
        if (!record->sent_us && line->wire.connected)
            record->sent_us = clock_us(CLOCK_REALTIME);
        line->head_sent += wire_write(&line->wire, line->head + line->head_sent, line->head_length - line->head_sent);
        line->began_us = clock_us(CLOCK_MONOTONIC);
    }
    if (line->task.kind == KIND_UPLOAD && line->head_sent == line->head_length) {
        size_t due = body_due(line, clock_us(CLOCK_MONOTONIC));

        if (due > line->body_sent)
            line->body_sent += wire_write(&line->wire, filler, due - line->body_sent);
    }
}

static void pull(struct line *line)
{
    struct wire *wire = &line->wire;
    bool ended = wire->ended || wire->failed;
    struct reply reply;
    char id[REPLY_TEXT_MOST];

    if (wire->length == 0) {
        if (ended)
            settle(line, wire->connected ? OUTCOME_CUT : OUTCOME_REFUSED, NULL);
        return;
    }
    switch (reply_read(wire->in, wire->length, ended, &reply)) {
    case REPLY_MORE:
        if (wire->length == sizeof(wire->in))
            settle(line, OUTCOME_GARBLED, NULL);
        return;
    case REPLY_GARBLED:
        settle(line, ended ? OUTCOME_CUT : OUTCOME_GARBLED, NULL);
        return;
    case REPLY_WHOLE:
        break;
    }
    wire_take(wire, reply.length);
    snprintf(id, sizeof(id), "%s-%llu", line->client->options.name, (unsigned long long)line->number);
    if (reply.status < 200 || reply.status > 299)
        settle(line, OUTCOME_STATUS, &reply);
    else
        settle(line, strcmp(reply.id, id) == 0 ? OUTCOME_OK : OUTCOME_GARBLED, &reply);
}

static void line_changed(struct wire *wire)
{
    struct line *line = line_of(wire);
    struct client *client = line->client;

    if (line->list == &client->busy) {
        push(line);
        pull(line);
    } else if (wire->failed || wire->ended || wire->length > 0) {
        if (line->list == &client->leaving)
            drop(line);
        else if (!line->gone_us)
            line->gone_us = clock_us(CLOCK_MONOTONIC) + AWAY_US;
    }
}

static void write_head(struct line *line)
{
    static const char *const targets[KIND_COUNT] = {"GET /", "GET /", "POST /upload", "GET /slow", "POST /upload"};
    const struct task *task = &line->task;
    bool body = task->kind == KIND_POST || task->kind == KIND_UPLOAD;
    char query[32] = "", length[48] = "";
    int wrote;

    if (task->kind == KIND_SLOW)
        snprintf(query, sizeof(query), "?ms=%u", task->asked_ms);
    if (body)
        snprintf(length, sizeof(length), "Content-Length: %u\r\n", task->body_bytes);
    wrote = snprintf(line->head, sizeof(line->head), "%s%s HTTP/1.1\r\nHost: rooms\r\nX-Ledger-Id: %s-%llu\r\n%s%s\r\n",
                     targets[task->kind], query, line->client->options.name, (unsigned long long)line->number, length,
                     task->kind == KIND_CLOSE ? "Connection: close\r\n" : "");
    line->head_length = (size_t)wrote;
    if (task->kind == KIND_POST) {
        memset(line->head + wrote, 'x', task->body_bytes);
        line->head_length += task->body_bytes;
    }
    line->head_sent = line->body_sent = 0;
}

static struct line *line_new(struct client *client)
{
    struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->client = client;
    if (!wire_open(&client->wires, &line->wire, line_changed)) {
        free(line);
        return NULL;
    }
    return line;
}

static struct line *line_for(struct client *client, const struct task *task)
{
    struct wire *wire = TAILQ_FIRST(&client->idle);

    if (task->kind == KIND_CLOSE)
        return line_new(client);
    if (task->oldest)
        wire = client->idle_count < client->options.kept ? NULL : TAILQ_LAST(&client->idle, wire_list);
    return wire ? line_of(wire) : line_new(client);
}

/* False when there is no connection to be had: this request waits, and those behind it. */
static bool begin(struct client *client, int64_t due_us, int64_t now_us)
{
    struct task task = schedule_task(&client->schedule, client->number);
    struct line *line = line_for(client, &task);
    struct ledger_head *head = client->ledger.head;
    struct ledger_record *record = &client->ledger.records[client->number];

    if (!line)
        return false;
    *record = (struct ledger_record){.due_us = due_us + client->wall_us,
                                     .asked_ms = task.asked_ms,
                                     .idle_ms = line->list ? (uint32_t)((now_us - line->since_us) / 1000) : 0,
                                     .instance = -1,
                                     .kind = (uint8_t)task.kind};
    head->late_count += now_us - due_us > LATE_US;
    if (now_us - due_us > head->late_most_us)
        head->late_most_us = now_us - due_us;
    line->since_us = now_us;
    line->number = client->number++;
    head->count = client->number;
    line->task = task;
    write_head(line);
    move_to(line, &client->busy);
    if (line->wire.connected)
        line_changed(&line->wire);
    return true;
}

/* Sleepers whose time is over are used next. */
static void wake(struct client *client, int64_t now_us)
{
    struct wire *wire, *next;

    for (wire = TAILQ_FIRST(&client->asleep); wire; wire = next) {
        next = TAILQ_NEXT(wire, link);
        if (line_of(wire)->wake_us <= now_us || client->ending)
            move_to(line_of(wire), &client->idle);
    }
}

static void drop_old(struct client *client, const struct wire_list *list, int64_t now_us)
{
    struct wire *wire, *next;

    for (wire = TAILQ_FIRST(list); wire; wire = next) {
        struct line *line = line_of(wire);
        bool gone = line->gone_us && now_us >= line->gone_us;

        next = TAILQ_NEXT(wire, link);
        client->ledger.head->closed_idle += gone;
        if (gone || now_us - line->since_us > IDLE_MOST_US)
            drop(line);
    }
}

static void feed_uploads(struct client *client)
{
    struct wire *wire, *next;

    for (wire = TAILQ_FIRST(&client->busy); wire; wire = next) {
        struct line *line = line_of(wire);

        next = TAILQ_NEXT(wire, link);
        if (line->task.kind == KIND_UPLOAD && wire->connected && line->body_sent < line->task.body_bytes)
            line_changed(wire);
    }
}

int64_t requests_tick(struct client *client, int64_t now_us)
{
    int64_t due = now_us;

    if (now_us >= client->look_us) {
        wake(client, now_us);
        drop_old(client, &client->idle, now_us);
        drop_old(client, &client->asleep, now_us);
        feed_uploads(client);
        client->look_us = now_us + TICK_US;
    }
    while (!client->ending) {
        due = client->start_us + schedule_due_us(&client->schedule, client->number);
        if (due > now_us || client->quick_count >= QUICK_MOST || client->number >= client->ledger.capacity ||
            !begin(client, due, now_us))
            break;
        now_us = clock_us(CLOCK_MONOTONIC);
    }
    return !client->ending && due > now_us && due < now_us + TICK_US ? due : now_us + TICK_US;
}

bool requests_are_over(struct client *client, int64_t now_us)
{
    struct wire *wire, *next;

    for (wire = TAILQ_FIRST(&client->busy); wire; wire = next) {
        struct line *line = line_of(wire);

        next = TAILQ_NEXT(wire, link);
        if (now_us - line->since_us > GIVE_UP_US + (int64_t)line->task.asked_ms * 1000)
            settle(line, OUTCOME_NONE, NULL);
    }
    return TAILQ_EMPTY(&client->busy);
}
