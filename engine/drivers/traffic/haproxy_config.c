#include "drivers/traffic/haproxy_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/template.h"
#include "base/text.h"
#include "drivers/traffic/haproxy_reply.h"

#define TEMPLATE_PATH "templates/haproxy.cfg"
#define INTERVAL_DEFAULT_MS 1000
#define RISE_DEFAULT 2
#define FALL_DEFAULT 3
/* HAProxy binds its socket under a longer, temporary name first, which must fit into 108 bytes as well. */
#define SOCKET_MOST 90

static struct error *door_wrong(const char *what)
{
    return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "the front door's %s", what);
}

/* A path that needs no quotes in HAProxy's configuration. */
static bool is_plain_path(const char *path)
{
    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("\"'\\#$,;(){}|", *at))
            return false;
    }
    return path[0] == '/';
}

static struct error *bind_read(struct arena *arena, struct haproxy_door *out)
{
    const char *colon = strrchr(out->bind, ':');
    const char *host;
    char *front;
    char *end = NULL;
    long port = colon && colon[1] ? strtol(colon + 1, &end, 10) : 0;

    if (!colon || !end || *end || port < 1 || port > 65535 ||
        strspn(out->bind, "0123456789abcdefABCDEF.:[]*") != strlen(out->bind))
        return error_hint(door_wrong(arena_printf(arena, "bind '%s' is not ip:port", out->bind)),
                          "write an address and a port, such as 127.0.0.1:8080 or *:80");
    host = arena_text_n(arena, out->bind, (size_t)(colon - out->bind));
    if (!*host || text_is(host, "*") || text_is(host, "0.0.0.0"))
        host = "127.0.0.1";
    else if (text_is(host, "::") || text_is(host, "[::]"))
        host = "[::1]";
    out->probe_url = arena_printf(arena, "http://%s:%ld/", host, port);
    front = arena_printf(arena, "front-%s", out->bind);
    for (char *at = front; *at; at++) {
        if (strchr("[]*", *at))
            *at = '_';
    }
    out->front = front;
    return NULL;
}

static struct error *pools_read(struct arena *arena, const json_t *pools)
{
    if (json_array_size(pools) == 0)
        return door_wrong("list of pools is empty");
    for (size_t i = 0; i < json_array_size(pools); i++) {
        const char *name = json_get_text(json_array_get(pools, i), "name");
        const char *match = json_get_text(json_array_get(pools, i), "match");

        if (!haproxy_is_name(name))
            return door_wrong(arena_printf(arena, "pool '%s' is no name of a backend", name ? name : ""));
        if (match && !text_is_plain_url(match))
            return door_wrong(arena_printf(arena, "pool '%s' matches '%s', which is no prefix of a path", name, match));
    }
    return NULL;
}

struct error *haproxy_door_read(struct arena *arena, const json_t *door, struct haproxy_door *out)
{
    *out = (struct haproxy_door){
        .managed = json_get_bool(door, "managed", false),
        .socket = json_get_text(door, "socket"),
        .bind = json_get_text(door, "bind"),
        .dir = json_get_text(door, "dir"),
        .mark = json_get_text(door, "mark"),
        .pools = json_object_get(door, "pools"),
    };
    if (!out->socket || out->socket[0] != '/')
        return door_wrong("socket is no absolute path");
    TRY(pools_read(arena, out->pools));
    if (!out->managed)
        return NULL;
    if (!out->bind)
        return door_wrong("bind is missing");
    if (!out->dir || out->dir[0] != '/' || !strchr(out->dir + 1, '/') || strstr(out->dir, "/../"))
        return door_wrong("directory is no absolute path");
    if (!out->mark || !strchr(out->mark, '='))
        return door_wrong("mark is missing");
    out->config = arena_printf(arena, "%s/haproxy.cfg", out->dir);
    out->checks = arena_printf(arena, "%s/%s", out->dir, HAPROXY_CHECK_MAP);
    out->log = arena_printf(arena, "%s/haproxy.log", out->dir);
    return bind_read(arena, out);
}

/* Absolute when it fits, so that HAProxy may be restarted from anywhere; else relative to its working directory. */
static struct error *socket_text(struct arena *arena, const struct haproxy_door *door, const char **out)
{
    size_t dir = strlen(door->dir);

    *out = arena_printf(arena, "unix@%s", door->socket);
    if (strlen(door->socket) <= SOCKET_MOST && is_plain_path(door->socket))
        return NULL;
    if (strncmp(door->socket, door->dir, dir) != 0 || door->socket[dir] != '/' || !is_plain_path(door->socket + dir) ||
        strlen(door->socket + dir) > SOCKET_MOST)
        return error_hint(
            door_wrong(arena_printf(arena, "socket '%s' has a path that haproxy cannot use", door->socket)),
            "keep it shorter than %d bytes and free of blanks, or inside the front door's directory", SOCKET_MOST);
    *out = arena_printf(arena, "unix@%s", door->socket + dir + 1);
    return NULL;
}

/* The longest prefix first, so that "/api" is asked before "/"; the one that matches all is the default. */
static const char *routes_text(struct arena *arena, const json_t *pools)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t count = json_array_size(pools);
    const char *rest = NULL;

    for (size_t length = 1000; length > 1; length--) {
        for (size_t i = 0; i < count; i++) {
            const char *match = json_get_text(json_array_get(pools, i), "match");

            if (match && strlen(match) == length)
                strbuf_printf(&text, "    use_backend %s if { path_beg %s }\n",
                              json_get_text(json_array_get(pools, i), "name"), match);
        }
    }
    for (size_t i = 0; i < count && !rest; i++) {
        const char *match = json_get_text(json_array_get(pools, i), "match");

        if (!match || text_is(match, "/"))
            rest = json_get_text(json_array_get(pools, i), "name");
    }
    if (rest)
        strbuf_printf(&text, "    default_backend %s\n", rest);
    return arena_text_n(arena, strbuf_view(&text), text.length);
}

static void server_text(struct strbuf *text, const struct haproxy_seen *seen, const struct haproxy_server *server)
{
    const char *value = haproxy_check_value(seen, server->name);
    const char *interval = value ? strchr(value, '#') : NULL;
    long ms = interval ? strtol(interval + 1, NULL, 10) : 0;

    if (server->line) {
        strbuf_printf(text, "%s\n", server->line);
        return;
    }
    /* A server that is drained comes back without share: a drain is not something that the file can say. */
    strbuf_printf(text, "    server %s %s weight %d check inter %ldms rise %lld fall %lld%s\n", server->name,
                  server->address, server->state == HAPROXY_DRAIN ? 0 : server->weight,
                  ms > 0 ? ms : INTERVAL_DEFAULT_MS, server->rise > 0 ? (long long)server->rise : RISE_DEFAULT,
                  server->fall > 0 ? (long long)server->fall : FALL_DEFAULT,
                  server->state == HAPROXY_MAINT ? " disabled" : "");
}

static const char *pools_text(struct arena *arena, const struct haproxy_door *door, const struct haproxy_seen *seen)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (size_t i = 0; i < json_array_size(door->pools); i++) {
        const char *pool = json_get_text(json_array_get(door->pools, i), "name");

        strbuf_printf(&text, "\nbackend %s\n", pool);
        for (size_t k = 0; k < seen->server_count; k++) {
            if (text_is(seen->servers[k].pool, pool))
                server_text(&text, seen, &seen->servers[k]);
        }
    }
    return arena_text_n(arena, strbuf_view(&text), text.length);
}

struct names {
    const char *socket, *checks, *front, *bind, *routes, *pools;
};

static const char *name_lookup(const void *context, const char *name)
{
    const struct names *names = context;
    const struct {
        const char *name, *value;
    } rows[] = {
        {"socket", names->socket}, {"checks", names->checks}, {"front", names->front},
        {"bind", names->bind},     {"routes", names->routes}, {"pools", names->pools},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (text_is(rows[i].name, name))
            return rows[i].value;
    }
    return NULL;
}

struct error *haproxy_config_render(struct arena *arena, const struct haproxy_door *door,
                                    const struct haproxy_seen *seen, const char **out)
{
    const struct embedded *file = embedded_find(TEMPLATE_PATH);
    struct names names = {
        .checks = HAPROXY_CHECK_MAP,
        .front = door->front,
        .bind = door->bind,
        .routes = routes_text(arena, door->pools),
        .pools = pools_text(arena, door, seen),
    };
    struct template_values values = {TEMPLATE_ARGV, name_lookup, &names};

    MUST(file);
    TRY(socket_text(arena, door, &names.socket));
    /* The pieces have blanks and newlines, so the template's own check would refuse them: each was checked above. */
    return template_expand(arena, &values, file->bytes, (struct mark){.file = TEMPLATE_PATH}, out);
}

const char *haproxy_checks_render(struct arena *arena, const struct haproxy_seen *seen)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (size_t i = 0; i < seen->check_count; i++)
        strbuf_printf(&text, "%s %s\n", seen->checks[i].server, seen->checks[i].value);
    return arena_text_n(arena, strbuf_view(&text), text.length);
}

void haproxy_config_read(struct arena *arena, const char *text, struct haproxy_seen *out)
{
    const char *pool = NULL;

    *out = (struct haproxy_seen){0};
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        const char *line = arena_text_n(arena, text, length);

        text += length + (text[length] == '\n');
        if (text_starts(line, "backend ")) {
            pool = line + strlen("backend ");
        } else if (pool && text_starts(line, "    server ")) {
            struct haproxy_server *server = ARENA_PUSH(arena, out->servers, out->server_count, out->server_capacity);
            const char *name = line + strlen("    server ");

            server->pool = pool;
            server->name = arena_text_n(arena, name, strcspn(name, " "));
            server->line = line;
        }
    }
}

struct error *haproxy_check_make(struct arena *arena, const json_t *check, const char *address, const char **out)
{
    const char *path = json_get_text(check, "path");
    int64_t every_ms = json_get_int(check, "every_ms", INTERVAL_DEFAULT_MS);

    if (!path)
        path = "/";
    if (!path || !text_is_plain_url(path))
        return error_hint(error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "haproxy cannot ask for '%s'", path),
                          "take a health path of letters, digits and /-._~?&=:@!*+%%");
    *out = arena_printf(arena, "%s#%lld#%s", path, (long long)every_ms, address);
    return NULL;
}
