#ifndef ENGINE_DRIVERS_DRIVERS_H
#define ENGINE_DRIVERS_DRIVERS_H

/* The one symbol of each driver. Only registry.c and the drivers themselves include this. */

#include "drivers/registry.h"

extern const struct stamp_driver stamp_process;
extern const struct traffic_driver traffic_haproxy;
extern const struct probe_driver probe_http;
extern const struct command_driver command_driver;

#endif
