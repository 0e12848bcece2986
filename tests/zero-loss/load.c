/*
 * load: requests and websockets against a front door, by a seeded schedule, until there were enough of them and a file is
 * there. It judges nothing: zero-loss/judge reads its ledger.
 *
 *   load --to 127.0.0.1:8080 --ledger FILE --name main --requests 300000 --rate 4000 [--until-file FILE] ...
 *
 * Ends with 0 when every request and websocket has its outcome in the ledger, with 2 when it cannot work.
 */

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "zero-loss/client.h"

#define CAPACITY (UINT64_C(1) << 24)
#define SOCKETS_TICK_US 10000
#define LOOK_US 50000

static void usage(const char *wrong)
{
    fprintf(
        stderr,
        "load: %s\n"
        "usage: load --to ADDRESS:PORT --ledger FILE --name NAME --requests N --rate N\n"
        "            [--until-file FILE] [--seed N] [--mix KEEP,CLOSE,POST,SLOW,UPLOAD] [--kept N]\n"
        "            [--sockets N] [--socket-ms MS] [--slow-ms MS] [--slowest-ms MS] [--upload-ms MS] [--sleep-ms MS]\n",
        wrong);
    exit(2);
}

int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int number(const char *text, const char *wrong)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end || end == text || value < 0 || value > INT_MAX)
        usage(wrong);
    return (int)value;
}

static void read_address(struct sockaddr_in *to, const char *text)
{
    static const char wrong[] = "--to must be ADDRESS:PORT";
    char host[INET_ADDRSTRLEN];
    const char *colon = strchr(text, ':');

    if (!colon || (size_t)(colon - text) >= sizeof(host))
        usage(wrong);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    to->sin_family = AF_INET;
    to->sin_port = htons((uint16_t)number(colon + 1, wrong));
    if (inet_pton(AF_INET, host, &to->sin_addr) != 1)
        usage(wrong);
}

static void read_mix(struct schedule *schedule, const char *text)
{
    int sum = 0;

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        char *end;

        schedule->mix[kind] = (int)strtol(text, &end, 10);
        sum += schedule->mix[kind];
        text = *end ? end + 1 : end;
    }
    if (*text || sum != 1000)
        usage("--mix must be five numbers that add up to 1000");
}

static void read_options(struct client *client, int argc, char **argv)
{
    struct client_options *o = &client->options;
    struct schedule *s = &client->schedule;
    const char *to = "", *mix = "560,200,205,15,20";
    const struct {
        const char *name;
        const char **text;
        int *number;
    } rows[] = {
        {"--to", &to, NULL},
        {"--ledger", &o->ledger, NULL},
        {"--name", &o->name, NULL},
        {"--until-file", &o->until_file, NULL},
        {"--mix", &mix, NULL},
        {"--requests", NULL, &o->requests},
        {"--rate", NULL, &o->rate},
        {"--seed", NULL, &o->seed},
        {"--kept", NULL, &o->kept},
        {"--sockets", NULL, &o->sockets},
        {"--socket-ms", NULL, &s->socket_ms},
        {"--slow-ms", NULL, &s->slow_ms},
        {"--slowest-ms", NULL, &s->slowest_ms},
        {"--upload-ms", NULL, &s->upload_ms},
        {"--sleep-ms", NULL, &s->sleep_ms},
    };

    for (int i = 1; i < argc; i += 2) {
        size_t row = 0;

        while (row < sizeof(rows) / sizeof(*rows) && strcmp(rows[row].name, argv[i]) != 0)
            row++;
        if (row == sizeof(rows) / sizeof(*rows) || i + 1 == argc)
            usage(argv[i]);
        if (rows[row].text)
            *rows[row].text = argv[i + 1];
        else
            *rows[row].number = number(argv[i + 1], argv[i]);
    }
    read_address(&o->to, to);
    read_mix(s, mix);
    if (!o->ledger || !o->name || o->rate == 0 || strlen(o->name) >= LEDGER_NAME_MOST)
        usage("--ledger, --name and --rate are needed");
    s->rate = o->rate;
    s->seed = (uint64_t)o->seed;
}

static void open_ledgers(struct client *client)
{
    char path[PATH_MAX];

    ledger_create(&client->ledger, client->options.ledger, client->options.name, CAPACITY);
    snprintf(path, sizeof(path), "%s.sockets", client->options.ledger);
    client->sockets_ledger = fopen(path, "we");
    if (!client->sockets_ledger) {
        perror(path);
        exit(2);
    }
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void begin(struct client *client)
{
    raise_file_limit();
    open_ledgers(client);
    wires_open(&client->wires, &client->options.to);
    TAILQ_INIT(&client->busy);
    TAILQ_INIT(&client->idle);
    TAILQ_INIT(&client->asleep);
    TAILQ_INIT(&client->leaving);
    TAILQ_INIT(&client->sockets);
    client->start_us = clock_us(CLOCK_MONOTONIC);
    client->wall_us = clock_us(CLOCK_REALTIME) - client->start_us;
}

static bool is_enough(const struct client *client)
{
    const struct client_options *o = &client->options;

    return client->number >= (uint64_t)o->requests && (!o->until_file || access(o->until_file, F_OK) == 0);
}

static void work(struct client *client)
{
    int64_t sockets_us = 0, look_us = 0;

    for (;;) {
        int64_t now = clock_us(CLOCK_MONOTONIC), next;

        if (!client->ending && now >= look_us && is_enough(client)) {
            client->ending = true;
            client->ended_us = now;
        }
        if (now >= look_us)
            look_us = now + LOOK_US;
        if (now >= sockets_us) {
            sockets_tick(client, now);
            sockets_us = now + SOCKETS_TICK_US;
        }
        next = requests_tick(client, now);
        if (client->ending && requests_are_over(client, now) && sockets_are_over(client, now))
            return;
        now = clock_us(CLOCK_MONOTONIC);
        wires_wait(&client->wires, next > now ? next - now : 0);
    }
}

int main(int argc, char **argv)
{
    static struct client client;

    client.options.kept = 400;
    client.schedule =
        (struct schedule){.slow_ms = 2000, .slowest_ms = 2000, .upload_ms = 1000, .sleep_ms = 2000, .socket_ms = 3000};
    read_options(&client, argc, argv);
    begin(&client);
    work(&client);
    wires_close(&client.wires);
    ledger_close(&client.ledger);
    if (fclose(client.sockets_ledger) != 0) {
        perror("the ledger of websockets");
        return 2;
    }
    return 0;
}
