/* HAProxy 2.6's runtime socket: of all its words those that the driver uses, and what they answer. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/sim.h"

static int64_t in_flight(const struct server *server)
{
    for (int i = 0; i < world.instance_count; i++) {
        if (world.instances[i]->port == server->port && instance_alive(world.instances[i]))
            return instance_in_flight(world.instances[i], door.process->pid);
    }
    return 0;
}

static void show_state(struct strbuf *out, int pool)
{
    strbuf_text(out, "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
                     "srv_port\n");
    for (int i = 0; i < door.count; i++) {
        const struct server *server = &door.servers[i];

        if (pool >= 0 && server->pool != pool)
            continue;
        strbuf_printf(out, "%d %s %d %s 127.0.0.1 %d %d %d 1 %d\n", server->pool + 3, door_pool(server->pool), i + 1,
                      server->name, server->up && server->state != DOOR_MAINT ? 2 : 0,
                      server->state == DOOR_MAINT   ? 1
                      : server->state == DOOR_DRAIN ? 8
                                                    : 0,
                      server->weight, server->port);
    }
    strbuf_text(out, "\n");
}

static void show_stat(struct strbuf *out, int pool)
{
    strbuf_text(out, "# pxname,svname,qcur,scur,status,weight,type,check_status,last_chk,algo,used_conn_cur,check_rise,"
                     "check_fall\n");
    if (pool < 0)
        strbuf_printf(out, "%s,FRONTEND,,0,OPEN,,0,,,,,,\n", world.door_name);
    for (int p = 0; p < world.pool_count; p++) {
        if (pool >= 0 && p != pool)
            continue;
        for (int i = 0; i < door.count; i++) {
            const struct server *server = &door.servers[i];

            if (server->pool != p)
                continue;
            strbuf_printf(out, "%s,%s,0,%lld,%s,%d,2,%s,,,0,%d,%d\n", door_pool(p), server->name,
                          (long long)in_flight(server),
                          server->state == DOOR_MAINT   ? "MAINT"
                          : !server->health             ? "no check"
                          : server->state == DOOR_DRAIN ? "DRAIN"
                          : server->up                  ? "UP"
                                                        : "DOWN",
                          server->weight,
                          server->checked ? "L7OK"
                          : server->bad   ? "L4CON"
                                          : "",
                          server->rise, server->fall);
        }
        strbuf_printf(out, "%s,BACKEND,0,0,UP,0,1,,,roundrobin,0,,\n", door_pool(p));
    }
    strbuf_text(out, "\n");
}

static void show_info(struct strbuf *out)
{
    strbuf_printf(out,
                  "Name: HAProxy\nVersion: 2.6.12\nPid: %d\nUptime_sec: %lld\nStopping: 0\nStart_time_sec: %lld\n\n",
                  (int)door.process->pid, (long long)(sim.now - door.started) / 1000,
                  (long long)(1790000000 + door.started / 1000));
}

static void show_map(struct strbuf *out)
{
    for (int i = 0; i < door.check_count; i++)
        strbuf_printf(out, "0x5%07x %s %s\n", i, door.checks[i].server, door.checks[i].value);
    strbuf_text(out, "\n");
}

static bool show(struct strbuf *out, const char *command)
{
    char pool[64] = "";

    if (text_is(command, "show servers state")) {
        show_state(out, -1);
    } else if (sscanf(command, "show servers state %63s", pool) == 1) {
        if (door_pool_index(pool) < 0)
            strbuf_text(out, "Can't find backend.\n\n");
        else
            show_state(out, door_pool_index(pool));
    } else if (sscanf(command, "show stat %63s 7 -1", pool) == 1) {
        if (!text_is(pool, "-1") && door_pool_index(pool) < 0)
            strbuf_text(out, "No such proxy.\n\n");
        else
            show_stat(out, text_is(pool, "-1") ? -1 : door_pool_index(pool));
    } else if (text_is(command, "show info")) {
        show_info(out);
    } else if (text_is(command, "show map checks.map")) {
        show_map(out);
    } else {
        return false;
    }
    return true;
}

static const char *delete_server(struct server *server)
{
    if (server->state != DOOR_MAINT)
        return "Only servers in maintenance mode can be deleted.\n\n";
    if (in_flight(server) > 0)
        return "Server still has connections attached to it, cannot remove it.\n\n";
    sim_log("  the front door forgets %s", server->name);
    door_remove(server);
    return "Server deleted.\n\n";
}

static void change_check(const char *name, const char *value)
{
    if (value) {
        door_add_check(name, value);
        return;
    }
    for (int i = 0; i < door.check_count; i++) {
        if (!text_is(door.checks[i].server, name))
            continue;
        free(door.checks[i].server);
        free(door.checks[i].value);
        door.checks[i--] = door.checks[--door.check_count];
    }
}

static const char *state_word(struct server *server, const char *word)
{
    static const char *const words[] = {"ready", "drain", "maint"};

    for (int i = 0; i < 3; i++) {
        if (text_is(word, words[i])) {
            sim_log("  the front door sets %s to %s", server->name, word);
            door_set_state(server, (enum door_state)i);
            return "\n";
        }
    }
    return NULL;
}

/* What was asked for: where the front door differs from it later, the world has changed it. */
static void remember(const char *command)
{
    char pool[64] = "", name[128] = "", word[32] = "";
    int weight;

    if (sscanf(command, "set server %63[^/]/%127s weight %d", pool, name, &weight) == 3)
        door_told(door_pool_index(pool), name, weight, -1);
    else if (sscanf(command, "set server %63[^/]/%127s state %31s", pool, name, word) == 3)
        door_told(door_pool_index(pool), name, -1,
                  text_is(word, "drain")   ? DOOR_DRAIN
                  : text_is(word, "maint") ? DOOR_MAINT
                                           : DOOR_READY);
    else if (sscanf(command, "enable server %63[^/]/%127s", pool, name) == 2)
        door_told(door_pool_index(pool), name, -1, DOOR_READY);
    else if (sscanf(command, "add server %63[^/]/%127s", pool, name) == 2 && !text_is(name, "penstock-asks"))
        door_told(door_pool_index(pool), name, 0, DOOR_MAINT);
}

static void forget(const char *command, const char *said)
{
    char pool[64] = "", name[128] = "";

    if (sscanf(command, "del server %63[^/]/%127s", pool, name) == 2 && strncmp(said, "Server deleted", 14) == 0)
        door_told(door_pool_index(pool), name, -2, -2);
}

static const char *add(int pool, const char *name, const char *command)
{
    int port = 0, inter = 1000, rise = 2, fall = 3;
    struct server *server;

    if (sscanf(command, "add server %*s 127.0.0.1:%d check inter %dms rise %d fall %d", &port, &inter, &rise, &fall) !=
        4)
        return NULL;
    if (door_server(pool, name))
        return "Already exists a server with the same name in backend.\n\n";
    server = door_add(pool, name, port);
    server->inter = inter;
    server->rise = rise;
    server->fall = fall;
    server->state = DOOR_MAINT;
    server->up = true;
    sim_log("  the front door knows %s", name);
    return "New server registered.\n\n";
}

static const char *cut_sessions(const char *pool, const char *name)
{
    struct server *server = door_pool_index(pool) < 0 ? NULL : door_server(door_pool_index(pool), name);
    struct instance *instance = world_instance(name);

    if (!server)
        return "No such server.\n\n";
    WATCH(cuts, name);
    for (int i = 0; instance && i < instance->room_count; i++) {
        if (instance->rooms[i].ends > sim.now && instance->rooms[i].door == door.process->pid)
            instance->rooms[i].ends = sim.now;
    }
    return "\n";
}

/* NULL: not understood. */
static const char *change(const char *command)
{
    char pool[64] = "", name[128] = "", value[256] = "", word[32] = "";
    struct server *server;
    int weight, at;

    if (sscanf(command, "add map checks.map %127s %255s", name, value) == 2) {
        change_check(name, value);
        return "\n";
    }
    if (sscanf(command, "del map checks.map %127s", name) == 1) {
        change_check(name, NULL);
        return "\n";
    }
    if (sscanf(command, "shutdown sessions server %63[^/]/%127s", pool, name) == 2)
        return cut_sessions(pool, name);
    if (sscanf(command, "add server %63[^/]/%127s", pool, name) == 2) {
        if (text_is(name, "penstock-asks"))
            return "'server' expects <name> and <addr>[:<port>] as arguments.\n\n";
        at = door_pool_index(pool);
        return at < 0 ? "No such backend.\n\n" : add(at, name, command);
    }
    if (sscanf(command, "set server %63[^/]/%127s weight %d", pool, name, &weight) == 3)
        snprintf(word, sizeof(word), "weight");
    else if (sscanf(command, "enable health %63[^/]/%127s", pool, name) == 2)
        snprintf(word, sizeof(word), "health");
    else if (sscanf(command, "set server %63[^/]/%127s state %31s", pool, name, word) != 3 &&
             sscanf(command, "%31s server %63[^/]/%127s", word, pool, name) != 3)
        return NULL;
    server = door_pool_index(pool) < 0 ? NULL : door_server(door_pool_index(pool), name);
    if (!server)
        return "No such server.\n\n";
    if (text_is(word, "weight")) {
        sim_log("  the front door gives %s weight %d", name, weight);
        door_set_weight(server, weight);
    } else if (text_is(word, "del")) {
        return delete_server(server);
    } else if (text_is(word, "enable")) {
        door_set_state(server, DOOR_READY);
    } else if (text_is(word, "health")) {
        server->health = true;
    } else {
        return state_word(server, word);
    }
    return "\n";
}

char *door_answer(const char *text)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    while (*text && *text != '\n') {
        char command[512];
        size_t length = strcspn(text, ";\n");
        const char *said;

        snprintf(command, sizeof(command), "%.*s", (int)length, text);
        text += length + (text[length] == ';');
        text += strspn(text, " ");
        if (strncmp(command, "show ", 5) == 0) {
            if (!show(&out, command))
                return NULL;
            continue;
        }
        if (door.deaf_until > sim.now && !strstr(command, "penstock-asks")) {
            said = strncmp(command, "add server", 10) == 0   ? "New server registered.\n\n"
                   : strncmp(command, "del server", 10) == 0 ? "Server deleted.\n\n"
                                                             : "\n";
        } else {
            remember(command);
            said = change(command);
            WATCH(commanded, command);
        }
        if (!said)
            return NULL;
        if (door.deaf_until <= sim.now)
            forget(command, said);
        strbuf_text(&out, said);
    }
    return strbuf_take(&out);
}
