#include "drivers/registry.h"

#include "base/text.h"
#include "drivers/drivers.h"

static const struct stamp_driver *const stamps[] = {&stamp_process};
static const struct traffic_driver *const traffics[] = {&traffic_haproxy};
static const struct probe_driver *const probes[] = {&probe_http};
static const struct command_driver *const commands[] = {&command_driver};

#define FIND(rows, wanted)                                        \
    for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++) { \
        if (text_is((rows)[i]->head.name, (wanted)))              \
            return (rows)[i];                                     \
    }                                                             \
    return NULL

const struct stamp_driver *registry_stamp(const char *name)
{
    FIND(stamps, name);
}

const struct traffic_driver *registry_traffic(const char *name)
{
    FIND(traffics, name);
}

const struct probe_driver *registry_probe(const char *name)
{
    FIND(probes, name);
}

const struct command_driver *registry_command(const char *name)
{
    FIND(commands, name);
}
