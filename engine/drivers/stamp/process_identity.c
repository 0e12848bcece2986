#include "drivers/stamp/process_identity.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

bool process_identity_read(const json_t *object, struct process_identity *out)
{
    int64_t pid = json_get_int(object, "pid", 0);
    int64_t start = json_get_int(object, "start", 0);
    const char *boot_id = json_get_text(object, "boot_id");

    *out = (struct process_identity){0};
    /* 1 is the system's first process, and -1 to kill() means everybody: neither is ever ours. */
    if (pid <= 1 || pid > INT32_MAX || start <= 0 || !boot_id || !*boot_id || strlen(boot_id) >= sizeof(out->boot_id))
        return false;
    out->pid = (pid_t)pid;
    out->start = (uint64_t)start;
    snprintf(out->boot_id, sizeof(out->boot_id), "%s", boot_id);
    return true;
}

void process_identity_write(json_t *object, const struct process_identity *identity)
{
    json_object_set_new(object, "pid", json_integer(identity->pid));
    json_object_set_new(object, "start", json_integer((json_int_t)identity->start));
    json_object_set_new(object, "boot_id", json_string(identity->boot_id));
}

const char *environment_value(struct arena *arena, const char *lines, const char *name)
{
    size_t length = strlen(name);

    while (lines && *lines) {
        size_t line = strcspn(lines, "\n");

        if (line > length && strncmp(lines, name, length) == 0 && lines[length] == '=')
            return arena_text_n(arena, lines + length + 1, line - length - 1);
        lines += line + (lines[line] == '\n');
    }
    return NULL;
}

int signal_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        {"TERM", SIGTERM}, {"INT", SIGINT},   {"HUP", SIGHUP},     {"QUIT", SIGQUIT}, {"USR1", SIGUSR1},
        {"USR2", SIGUSR2}, {"KILL", SIGKILL}, {"WINCH", SIGWINCH}, {"CONT", SIGCONT},
    };

    if (!name)
        return 0;
    if (text_starts(name, "SIG"))
        name += 3;
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        if (text_is(signals[i].name, name))
            return signals[i].number;
    }
    return 0;
}
