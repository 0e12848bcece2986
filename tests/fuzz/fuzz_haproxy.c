/* Any bytes as what HAProxy says: what is read is whole, and what is not understood is an error, never a zero. */

#include "fuzz/fuzz.h"

#include "base/text.h"
#include "drivers/traffic/haproxy_config.h"
#include "drivers/traffic/haproxy_reply.h"

static void check_seen(const struct haproxy_seen *seen)
{
    for (size_t i = 0; i < seen->server_count; i++) {
        const struct haproxy_server *server = &seen->servers[i];

        MUST(server->pool && server->name && server->address);
        if (server->line)
            continue;
        MUST(server->weight >= 0 && server->weight <= 256 && server->in_flight >= -1);
        MUST(server->status && server->check && server->check_why);
        MUST(haproxy_find(seen, server->pool, server->name));
        MUST(haproxy_state_text(server->state));
    }
    for (size_t i = 0; i < seen->pool_count; i++)
        MUST(seen->pools[i].name && seen->pools[i].algorithm);
    for (size_t i = 0; i < seen->front_count; i++)
        MUST(seen->fronts[i]);
    for (size_t i = 0; i < seen->check_count; i++)
        MUST(seen->checks[i].server && seen->checks[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    char *text CLEANUP(heap_cleanup) = fuzz_text(data, size);
    struct haproxy_seen seen = {0};
    struct error *error = NULL;

    if (fuzz_fine(haproxy_read_seen(arena, text, size, &seen)))
        check_seen(&seen);
    if (haproxy_read_change(text, size, &error) == HAPROXY_SAID_NO)
        MUST(!fuzz_fine(error));
    else
        MUST(!error);
    fuzz_fine(haproxy_read_dynamic("app", text, size));
    haproxy_is_name(text);
    haproxy_is_address(text);
    seen = (struct haproxy_seen){0};
    haproxy_config_read(arena, text, &seen);
    for (size_t i = 0; i < seen.server_count; i++)
        MUST(seen.servers[i].line && seen.servers[i].name);
    return 0;
}
