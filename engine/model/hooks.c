/*
 * Functions that the linker hands to the model first (-Wl,--wrap): the clock, who we are, and the commit, which is where
 * a runner may die. The engine's own sources know nothing of it.
 */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/hooks.h"
#include "model/sim.h"
#include "store/record.h"

static struct {
    int people;     /* depth: the transaction is a person's */
    int kills_left; /* in this release */
    int64_t kills, commits;
    bool spared;
} hooks;

void hooks_begin(void)
{
    hooks.people = 0;
}

void hooks_release_begins(int kills)
{
    hooks.kills_left = kills;
}

void hooks_no_kills(bool on)
{
    hooks.spared = on;
}

void hooks_people(bool on)
{
    hooks.people += on ? 1 : -1;
}

int64_t kills_total(void)
{
    return hooks.kills;
}

int64_t commits_total(void)
{
    return hooks.commits;
}

void kill_point(const char *where)
{
    int64_t one_in = text_is(where, "between two events") ? 1200 : 70;

    if (sim.killed || hooks.people || hooks.spared || hooks.kills_left == 0 || !fault_active(FAULT_KILL) ||
        rng_range(fault_rng(FAULT_KILL), 1, one_in) != 1)
        return;
    (void)fault_hits(FAULT_KILL, 1000);
    sim_log("! the runner is killed %s", where);
    hooks.kills_left--;
    hooks.kills++;
    sim.killed = true;
    sim_io_perish(sim.io);
}

bool error_was_made_up(const struct error *error)
{
    return strstr(error->text, "(simulated)") != NULL;
}

int64_t __wrap_clock_boot_ms(void)
{
    return sim.now;
}

int64_t __wrap_clock_wall_ms(void)
{
    return sim.now + sim.wall_offset;
}

const char *__wrap_clock_boot_id(void)
{
    return "simulated";
}

pid_t __wrap_getpid(void)
{
    return 4242;
}

int64_t __wrap_holder_start(int64_t pid)
{
    return pid == 4242 ? 7 : 0;
}

int __wrap_gethostname(char *name, size_t size)
{
    snprintf(name, size, "simulated");
    return 0;
}

char *__wrap_getenv(const char *name)
{
    (void)name;
    return NULL;
}

/* Costs time, and gives memory back that the next seed wants. */
int __wrap_malloc_trim(size_t pad)
{
    (void)pad;
    return 0;
}

struct error *__wrap_tx_begin(struct record *record, struct tx *tx)
{
    if (!hooks.people && sim.killed)
        return error_new(ERR_RECORD, KIND_PERMANENT, "the runner is dead (simulated)");
    return __real_tx_begin(record, tx);
}

struct error *__wrap_tx_look(struct record *record, struct tx *tx)
{
    if (!hooks.people && sim.killed)
        return error_new(ERR_RECORD, KIND_PERMANENT, "the runner is dead (simulated)");
    return __real_tx_look(record, tx);
}

struct error *__wrap_tx_commit(struct tx *tx)
{
    struct error *error;

    if (hooks.people) {
        error = __real_tx_commit(tx);
        WATCH(committed);
        return error;
    }
    hooks.commits++;
    kill_point("before a commit");
    if (sim.killed) {
        tx_rollback(tx);
        return error_new(ERR_RECORD, KIND_PERMANENT, "the runner is dead (simulated)");
    }
    if (fault_hits(FAULT_DISK, 8)) {
        tx_rollback(tx);
        return error_new(ERR_RECORD, KIND_TRANSIENT, "the disk is full (simulated)");
    }
    if (watcher.commits && !watcher.commits()) {
        tx_rollback(tx);
        return NULL;
    }
    error = __real_tx_commit(tx);
    if (error)
        return error;
    WATCH(committed);
    kill_point("after a commit");
    return NULL;
}
