/*
 * PENSTOCK_FAULT=name:n       SIGKILL at the n-th pass of `name` in this process
 * PENSTOCK_FAULT=stop:name:n  SIGSTOP there: it stands still until somebody continues it
 * PENSTOCK_FAULT=count:FILE   append the name of each pass to FILE, a line each: the list that a crash test walks
 *
 * count:FILE,NAME:N and count:FILE,stop:NAME:N do both.
 */

#include "base/fault.h"

#ifdef PENSTOCK_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

static void fault_count(const char *file, const char *name)
{
    char *line CLEANUP(heap_cleanup) = heap_printf("%s\n", name);
    size_t length = strlen(line);
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, line, length) != (ssize_t)length)
        BUG("PENSTOCK_FAULT: cannot write '%s'", file);
    close(fd);
}

/* Behind `count:FILE`, which is done; NULL: there is nothing else. */
static const char *counted(const char *wanted, const char *name)
{
    const char *file = wanted + strlen("count:");
    size_t length = strcspn(file, ",");
    char *path CLEANUP(heap_cleanup) = heap_printf("%.*s", (int)length, file);

    fault_count(path, name);
    return file[length] ? file + length + 1 : NULL;
}

void fault_point(const char *name)
{
    static unsigned long passes;
    const char *wanted = getenv("PENSTOCK_FAULT");
    const char *place;
    const char *colon;
    unsigned long number;
    char *end;
    int how;

    if (!wanted || !*wanted)
        return;
    if (text_starts(wanted, "count:"))
        wanted = counted(wanted, name);
    if (!wanted)
        return;
    place = text_starts(wanted, "stop:") ? wanted + strlen("stop:") : wanted;
    colon = strrchr(place, ':');
    number = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!number || *end)
        BUG("PENSTOCK_FAULT='%s' is neither NAME:N nor stop:NAME:N nor count:FILE", wanted);
    if (strlen(name) != (size_t)(colon - place) || !text_starts(place, name))
        return;
    how = place == wanted ? SIGKILL : SIGSTOP;
    if (++passes == number)
        raise(how); /* GCOVR_EXCL_LINE: nobody is left to count it; test_fault sees it */
}

#endif
