#include "drivers/traffic/haproxy_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "drivers/evidence.h"

/* Bits of srv_admin_state. "Because of the configuration" (0x04) says only where a maintenance came from. */
#define ADMIN_MAINT 0x63
#define ADMIN_DRAIN 0x18

#define COLUMNS_MOST 256
#define SHOWN_BYTES 120

/* The rest of an answer, and the line that was read last (without its newline). */
struct reader {
    struct arena *arena;
    const char *at, *end;
    const char *line;
    size_t length;
};

/* False at the end of the text. A last line without newline is no line: the answer was cut. */
static bool next_line(struct reader *reader)
{
    const char *newline =
        reader->at < reader->end ? memchr(reader->at, '\n', (size_t)(reader->end - reader->at)) : NULL;

    if (!newline)
        return false;
    reader->length = (size_t)(newline - reader->at);
    reader->line = arena_text_n(reader->arena, reader->at, reader->length);
    reader->at = newline + 1;
    return true;
}

static struct error *answered(struct arena *arena, const char *line)
{
    return error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT, "haproxy's answer cannot be read: '%s'",
                     evidence_start(arena, line, strlen(line), SHOWN_BYTES));
}

static struct error *cut_short(void)
{
    return error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT, "haproxy's answer ends in the middle");
}

/* A whole number of at least 0; false for anything else, also for an empty text. */
static bool read_number(const char *text, int64_t *out)
{
    char *end = NULL;
    long long value;

    if (!text || *text < '0' || *text > '9')
        return false;
    value = strtoll(text, &end, 10);
    if (*end || value == INT64_MAX)
        return false;
    *out = value;
    return true;
}

/* Splits a line at `separator` in place of a copy; a field may stand in double quotes. */
static size_t split(struct arena *arena, const char *line, char separator, const char **fields)
{
    char *text = arena_text(arena, line);
    size_t count = 0;

    for (;;) {
        char *write = text;

        if (count == COLUMNS_MOST)
            return count;
        fields[count++] = text;
        if (*text == '"') {
            for (text++; *text && !(*text == '"' && text[1] != '"'); text++) {
                if (*text == '"')
                    text++;
                *write++ = *text;
            }
            if (*text)
                text++;
        } else {
            while (*text && *text != separator)
                *write++ = *text++;
        }
        while (*text && *text != separator)
            text++;
        if (!*text) {
            *write = '\0';
            return count;
        }
        text++;
        *write = '\0';
    }
}

/* A header's columns, by name. */
struct table {
    const char *names[COLUMNS_MOST];
    const char *fields[COLUMNS_MOST];
    size_t name_count;
};

/* A row that is not as long as its header has lost a field, and all that follow stand under a wrong name. */
static bool read_row(struct arena *arena, struct table *table, const char *line, char separator)
{
    return split(arena, line, separator, table->fields) == table->name_count;
}

/* NULL when the table has no such column. */
static const char *column(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->name_count; i++) {
        if (text_is(table->names[i], name))
            return table->fields[i];
    }
    return NULL;
}

static const char *column_or_empty(const struct table *table, const char *name)
{
    const char *text = column(table, name);

    return text ? text : "";
}

/* One row of `show servers state`: makes the server, without what only `show stat` knows. */
static struct error *read_state_row(struct arena *arena, const struct table *table, const char *line,
                                    struct haproxy_seen *out)
{
    const char *pool = column(table, "be_name");
    const char *name = column(table, "srv_name");
    const char *ip = column(table, "srv_addr");
    const char *port = column(table, "srv_port");
    int64_t operation, admin, weight;
    struct haproxy_server *server;

    if (!pool || !name || !ip || !port || !read_number(column(table, "srv_op_state"), &operation) ||
        !read_number(column(table, "srv_admin_state"), &admin) || !read_number(column(table, "srv_uweight"), &weight) ||
        weight > 256)
        return answered(arena, line);
    server = ARENA_PUSH(arena, out->servers, out->server_count, out->server_capacity);
    server->pool = pool;
    server->name = name;
    server->address = arena_printf(arena, strchr(ip, ':') ? "[%s]:%s" : "%s:%s", ip, port);
    server->weight = (int)weight;
    server->state = admin & ADMIN_MAINT ? HAPROXY_MAINT : admin & ADMIN_DRAIN ? HAPROXY_DRAIN : HAPROXY_READY;
    server->up = operation == 1 || operation == 2; /* starting (slowly) or running */
    server->status = "";
    server->check = "";
    server->check_why = "";
    server->in_flight = -1;
    server->rise = -1;
    server->fall = -1;
    return NULL;
}

static struct error *read_state(struct reader *reader, struct haproxy_seen *out)
{
    struct table table;

    /* The first line was the version, 1; the columns may be added to, so they are found by name. */
    if (!next_line(reader))
        return cut_short();
    if (!text_starts(reader->line, "# be_id "))
        return answered(reader->arena, reader->line);
    table.name_count = split(reader->arena, reader->line + 2, ' ', table.names);
    while (next_line(reader)) {
        if (!*reader->line)
            return NULL;
        if (!read_row(reader->arena, &table, reader->line, ' '))
            return answered(reader->arena, reader->line);
        TRY(read_state_row(reader->arena, &table, reader->line, out));
    }
    return cut_short();
}

/* From the server at `first` on, round about. */
static struct haproxy_server *find_server(const struct haproxy_seen *seen, size_t first, const char *pool,
                                          const char *name)
{
    for (size_t i = 0; i < seen->server_count; i++) {
        struct haproxy_server *server = &seen->servers[(first + i) % seen->server_count];

        if (text_is(server->name, name) && text_is(server->pool, pool))
            return server;
    }
    return NULL;
}

static struct error *read_stat_server(struct arena *arena, const struct table *table, const char *line,
                                      struct haproxy_seen *out)
{
    const char *check = column_or_empty(table, "check_status");
    struct haproxy_server *server = find_server(out, out->next, column(table, "pxname"), column(table, "svname"));
    int64_t current, queued, used = 0;
    const char *why;

    if (!server) {
        out->torn = true;
        return NULL;
    }
    out->next = (size_t)(server - out->servers) + 1;
    if (!read_number(column(table, "scur"), &current) || !read_number(column(table, "qcur"), &queued))
        return answered(arena, line);
    if (column(table, "used_conn_cur") && !read_number(column(table, "used_conn_cur"), &used))
        return answered(arena, line);
    server->in_flight = (current > used ? current : used) + queued;
    server->status = column_or_empty(table, "status");
    server->check = text_starts(check, "* ") ? check + 2 : check; /* a check is under way */
    server->checked = text_is(server->check, "L4OK") || text_is(server->check, "L6OK") ||
                      text_is(server->check, "L7OK") || text_is(server->check, "L7OKC") ||
                      text_is(server->check, "PROCOK"); /* an external check's */
    why = column_or_empty(table, "last_chk");
    if (!*why && !server->checked)
        why = column_or_empty(table, "check_desc");
    /* The words of the server behind it, perhaps. */
    server->check_why = evidence_start(arena, why, strlen(why), SHOWN_BYTES);
    (void)(read_number(column(table, "check_rise"), &server->rise) &&
           read_number(column(table, "check_fall"), &server->fall));
    return NULL;
}

static struct error *read_stat(struct reader *reader, struct haproxy_seen *out)
{
    struct table table;

    table.name_count = split(reader->arena, reader->line + 2, ',', table.names);
    while (next_line(reader)) {
        const char *type;

        if (!*reader->line)
            return NULL;
        if (!read_row(reader->arena, &table, reader->line, ','))
            return answered(reader->arena, reader->line);
        type = column(&table, "type");
        if (!type || !*column_or_empty(&table, "pxname") || !*column_or_empty(&table, "svname"))
            return answered(reader->arena, reader->line);
        if (text_is(type, "0")) {
            *ARENA_PUSH(reader->arena, out->fronts, out->front_count, out->front_capacity) = column(&table, "pxname");
        } else if (text_is(type, "1")) {
            struct haproxy_pool *pool = ARENA_PUSH(reader->arena, out->pools, out->pool_count, out->pool_capacity);

            pool->name = column(&table, "pxname");
            pool->algorithm = column_or_empty(&table, "algo");
        } else if (text_is(type, "2")) {
            TRY(read_stat_server(reader->arena, &table, reader->line, out));
        }
    }
    return cut_short();
}

/* "0x559a7f2bb500 server value"; a key given twice counts once, as HAProxy counts it. */
static struct error *read_map_line(struct reader *reader, struct haproxy_seen *out)
{
    const char *fields[COLUMNS_MOST];
    struct haproxy_check *check;

    if (split(reader->arena, reader->line, ' ', fields) != 3)
        return answered(reader->arena, reader->line);
    if (haproxy_check_value(out, fields[1]))
        return NULL;
    check = ARENA_PUSH(reader->arena, out->checks, out->check_count, out->check_capacity);
    check->server = fields[1];
    check->value = fields[2];
    return NULL;
}

static struct error *read_info(struct reader *reader, struct haproxy_seen *out)
{
    bool has_pid = false, has_start = false;

    while (next_line(reader)) {
        const char *value = strstr(reader->line, ": ");

        if (!*reader->line) {
            if (!has_pid || !has_start)
                return error_hint(
                    error_new(ERR_UNKNOWN_ANSWER, KIND_PERMANENT, "haproxy does not tell its pid and its start time"),
                    "HAProxy 2.6 or newer is needed, to notice that it was restarted");
            return NULL;
        }
        if (!value)
            continue;
        value += 2;
        if (text_starts(reader->line, "Pid: "))
            has_pid = read_number(value, &out->pid);
        else if (text_starts(reader->line, "Start_time_sec: "))
            has_start = read_number(value, &out->start_s);
        else if (text_starts(reader->line, "Uptime_sec: "))
            (void)read_number(value, &out->uptime_s);
        else if (text_starts(reader->line, "Version: "))
            out->version = value;
        else if (text_starts(reader->line, "Stopping: "))
            out->stopping = !text_is(value, "0");
    }
    return cut_short();
}

const char *haproxy_question(struct arena *arena, const char *pool, bool with_checks)
{
    return arena_printf(arena, "show servers state%s%s; show stat %s 7 -1%s; show info", pool ? " " : "",
                        pool ? pool : "", pool ? pool : "-1", with_checks ? "; show map " HAPROXY_CHECK_MAP : "");
}

struct error *haproxy_read_seen(struct arena *arena, const char *text, size_t length, struct haproxy_seen *out)
{
    struct reader reader = {.arena = arena, .at = text, .end = text + length};
    bool state = false, stat = false, info = false;

    *out = (struct haproxy_seen){0};
    while (next_line(&reader)) {
        if (!*reader.line)
            continue;
        if (text_is(reader.line, "1") && !state) {
            state = true;
            TRY(read_state(&reader, out));
        } else if (text_starts(reader.line, "# pxname,") && state && !stat) {
            stat = true;
            TRY(read_stat(&reader, out));
        } else if (text_starts(reader.line, "0x")) {
            TRY(read_map_line(&reader, out));
        } else if (text_starts(reader.line, "Name: ") && !info) {
            info = true;
            TRY(read_info(&reader, out));
        } else if (text_is(reader.line, "Can't find backend.") || text_is(reader.line, "No such proxy.")) {
            out->missing = true;
        } else {
            return answered(arena, reader.line);
        }
    }
    if (reader.at != reader.end || !info || (!out->missing && (!state || !stat)))
        return cut_short();
    for (size_t i = 0; i < out->server_count; i++)
        out->torn = out->torn || out->servers[i].in_flight < 0;
    return NULL;
}

const struct haproxy_server *haproxy_find(const struct haproxy_seen *seen, const char *pool, const char *name)
{
    return find_server(seen, 0, pool, name);
}

const struct haproxy_pool *haproxy_find_pool(const struct haproxy_seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->pool_count; i++) {
        if (text_is(seen->pools[i].name, name))
            return &seen->pools[i];
    }
    return NULL;
}

const char *haproxy_check_value(const struct haproxy_seen *seen, const char *server)
{
    for (size_t i = 0; i < seen->check_count; i++) {
        if (text_is(seen->checks[i].server, server))
            return seen->checks[i].value;
    }
    return NULL;
}

static struct error *permission_denied(void)
{
    return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "haproxy's socket does not allow changes"),
                      "give the socket 'level admin' in the global section: stats socket PATH level admin");
}

enum haproxy_said haproxy_read_change(const char *text, size_t length, struct error **out_error)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct reader reader = {.arena = arena, .at = text, .end = text + length};

    *out_error = NULL;
    while (next_line(&reader)) {
        if (!*reader.line || text_is(reader.line, "New server registered.") || text_is(reader.line, "Server deleted."))
            continue;
        if (text_starts(reader.line, "Server still has connections"))
            return HAPROXY_SAID_BUSY;
        if (text_starts(reader.line, "Permission denied")) {
            *out_error = permission_denied();
            return HAPROXY_SAID_NO;
        }
        *out_error = error_new(
            ERR_UNKNOWN_ANSWER,
            /* These two mean that somebody else changed the same pool at the same moment. */
            text_starts(reader.line, "No such server") || text_starts(reader.line, "Already exists") ? KIND_TRANSIENT
                                                                                                     : KIND_PERMANENT,
            "haproxy refused a change: '%s'", evidence_start(arena, reader.line, reader.length, SHOWN_BYTES));
        return HAPROXY_SAID_NO;
    }
    if (reader.at == reader.end && length > 0)
        return HAPROXY_SAID_YES;
    *out_error = cut_short();
    (*out_error)->kind = KIND_IN_DOUBT;
    return HAPROXY_SAID_NO;
}

const char *haproxy_dynamic_question(struct arena *arena, const char *pool)
{
    return arena_printf(arena, "add server %s/penstock-asks", pool);
}

struct error *haproxy_read_dynamic(const char *pool, const char *text, size_t length)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    const char *answer = arena_text_n(arena, text ? text : "", length);

    if (strstr(answer, "expects <name> and <addr>"))
        return NULL;
    if (strstr(answer, "Permission denied"))
        return permission_denied();
    if (strstr(answer, "dynamic load balancing"))
        return error_hint(
            error_new(ERR_SPEC_INVALID, KIND_PERMANENT,
                      "haproxy's backend '%s' balances in a way that takes no servers at run time", pool),
            "give it 'balance roundrobin'; a static or hashed balance needs 'hash-type consistent' at least");
    if (strstr(answer, "No such backend"))
        return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "haproxy has no backend '%s'", pool),
                          "a pool of the pipeline is a backend of the same name in haproxy's configuration");
    return error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT, "haproxy's answer about backend '%s' cannot be read: '%s'",
                     pool, evidence_start(arena, answer, strcspn(answer, "\n"), SHOWN_BYTES));
}

bool haproxy_is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:";

    return name && *name && strlen(name) <= 200 && strspn(name, allowed) == strlen(name);
}

bool haproxy_is_address(const char *address)
{
    const char *colon = address ? strrchr(address, ':') : NULL;
    size_t host = colon ? (size_t)(colon - address) : 0;
    int64_t port;

    if (host == 0 || !read_number(colon + 1, &port) || port < 1 || port > 65535)
        return false;
    if (address[0] == '[')
        return host > 3 && address[host - 1] == ']' && strspn(address + 1, "0123456789abcdefABCDEF:.") == host - 2;
    return strspn(address, "0123456789.") == host;
}

const char *haproxy_state_text(enum haproxy_state state)
{
    switch (state) {
    case HAPROXY_READY:
        return "ready";
    case HAPROXY_DRAIN:
        return "drain";
    case HAPROXY_MAINT:
        return "maint";
    }
    BUG("state %d", (int)state);
}
