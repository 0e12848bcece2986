#include "io/io.h"

/* Ending what a dead runner left behind, when a person asked for it (`resume --takeover`). */

#include <signal.h>
#include <unistd.h>

void io_kill_orphan(int64_t pid)
{
    pid_t group;

    /* To kill(), numbers below 2 mean "my own group", "everybody" and the like. */
    if (pid < 2 || pid != (pid_t)pid)
        return;
    group = getpgid((pid_t)pid);
    /* A step's child leads a group of its own; anything else that holds the lock is ended alone. */
    if (group == (pid_t)pid)
        kill(-group, SIGKILL);
    else
        kill((pid_t)pid, SIGKILL);
}
