/* Who asks: the operating system knows, and nobody is asked to type a name. */

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

#include "base/memory.h"
#include "control/control.h"

/* Nobody has this number, and not: it could not be looked up. The system tells the first in several ways (getpwuid(3)). */
static bool is_nobody(int number)
{
    return number == 0 || number == ENOENT || number == ESRCH || number == EBADF || number == EPERM;
}

struct error *control_person(struct arena *arena, const char **out)
{
    const struct passwd *row;

    errno = 0;
    row = getpwuid(getuid());
    /* Or one person would have two names, and could decide twice. */
    if (!row && !is_nobody(errno))
        return error_errno("cannot find out who you are");
    /* A container's user may have no name; its number is still one person. */
    *out = row && row->pw_name && *row->pw_name ? arena_text(arena, row->pw_name)
                                                : arena_printf(arena, "uid-%u", (unsigned)getuid());
    return NULL;
}
