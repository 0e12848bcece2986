#include "zero-loss/schedule.h"

#define SLOWEST_OF 256
#define OLDEST_PERCENT 35
#define SLEEP_PERCENT 4
#define POST_BYTES_MOST 256
#define UPLOAD_BYTES_LEAST 2048
#define UPLOAD_BYTES_MOST 49152
#define PIECES_LEAST 3
#define PIECES_MOST 12
#define BRIEFEST_MS 100

const char *const kind_names[KIND_COUNT] = {"keep-alive", "close", "post", "slow", "upload"};

/* splitmix64: a step is enough to make neighbours independent. */
static uint64_t mixed(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From `least` to `most`, both included. */
static uint32_t between(uint64_t *state, uint32_t least, uint32_t most)
{
    return most <= least ? least : least + (uint32_t)(mixed(state) % (most - least + 1));
}

static uint64_t state_of(const struct schedule *schedule, uint64_t number, uint64_t what)
{
    uint64_t state = schedule->seed + what;

    return mixed(&state) ^ number * 0xd1342543de82ef95u;
}

int64_t schedule_due_us(const struct schedule *schedule, uint64_t number)
{
    return (int64_t)((double)number * 1e6 / schedule->rate);
}

static enum kind kind_of(const struct schedule *schedule, uint32_t per_mille)
{
    int sum = 0;

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        sum += schedule->mix[kind];
        if ((int)per_mille < sum)
            return (enum kind)kind;
    }
    return KIND_KEEP;
}

struct task schedule_task(const struct schedule *schedule, uint64_t number)
{
    uint64_t state = state_of(schedule, number, 0);
    struct task task = {.kind = kind_of(schedule, between(&state, 0, 999))};

    task.oldest = between(&state, 0, 99) < OLDEST_PERCENT;
    if (between(&state, 0, 99) < SLEEP_PERCENT)
        task.sleep_ms = between(&state, BRIEFEST_MS, (uint32_t)schedule->sleep_ms);
    switch (task.kind) {
    case KIND_POST:
        task.body_bytes = between(&state, 1, POST_BYTES_MOST);
        break;
    case KIND_SLOW:
        task.asked_ms = between(&state, 1, SLOWEST_OF) == SLOWEST_OF
                            ? (uint32_t)schedule->slowest_ms
                            : between(&state, BRIEFEST_MS, (uint32_t)schedule->slow_ms);
        break;
    case KIND_UPLOAD:
        task.asked_ms = between(&state, BRIEFEST_MS, (uint32_t)schedule->upload_ms);
        task.body_bytes = between(&state, UPLOAD_BYTES_LEAST, UPLOAD_BYTES_MOST);
        task.pieces = between(&state, PIECES_LEAST, PIECES_MOST);
        break;
    case KIND_KEEP:
    case KIND_CLOSE:
    case KIND_COUNT:
        break;
    }
    return task;
}

struct socket_task schedule_socket(const struct schedule *schedule, uint64_t number)
{
    uint64_t state = state_of(schedule, number, 1);
    uint32_t most = (uint32_t)schedule->socket_ms;

    return (struct socket_task){.pause_ms = between(&state, 0, 500),
                                .life_ms = between(&state, most / 2, most),
                                .every_ms = between(&state, 50, 400)};
}
