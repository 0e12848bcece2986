/* Who asks: the operating system knows, and nobody is asked to type a name. */

#include <pwd.h>
#include <unistd.h>

#include "base/memory.h"
#include "control/control.h"

const char *control_person(struct arena *arena)
{
    const struct passwd *row = getpwuid(getuid());

    if (row && row->pw_name && *row->pw_name)
        return arena_text(arena, row->pw_name);
    /* A container's user may have no name; its number is still one person. */
    return arena_printf(arena, "uid-%u", (unsigned)getuid());
}
