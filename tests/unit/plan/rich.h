#ifndef TESTS_UNIT_PLAN_RICH_H
#define TESTS_UNIT_PLAN_RICH_H

/* A pipeline with two regions of two instances, two pools, a build, secrets, templates of every scope, and a watch. */

#include "unit/plan/planning.h"

#define RICH_STAMPS_TEXT                                                                                        \
    "pipeline: prod\n"                                                                                          \
    "environment: prod\n"                                                                                       \
    "unit: {build: [make, \"OUT=${unit.out}\", \"$$HOME\"], artifacts: [a.tar, b], timeout: 20m}\n"             \
    "stamps:\n"                                                                                                 \
    "  regions: [west, north]\n"                                                                                \
    "  instances: 2\n"                                                                                          \
    "  start: [bin/rooms, \"${instance.address}\", \"${instance.dir}\", \"$$x\", \"${unit.version}\"]\n"        \
    "  env: {REGION: \"${stamp.region}\", TOKEN: {from_env: TOK}, KEY: {from_file: \"/run/${environment}\"}}\n" \
    "  health: {get: /health}\n"                                                                                \
    "  probes: {rooms: {get: /rooms, count: $.rooms}}\n"                                                        \
    "  drain: {begin: {command: [\"${unit.out}/drain\", \"${instance.port}\", \"${instance.name}\"]}}\n"        \
    "traffic:\n"                                                                                                \
    "  managed: {bind: \"127.0.0.1:8080\"}\n"                                                                   \
    "  pools: {app: {match: /}, api: {match: /api}}\n"

#define RICH_TEXT                                                                                                      \
    RICH_STAMPS_TEXT                                                                                                   \
    "stages:\n"                                                                                                        \
    "  - build\n"                                                                                                      \
    "  - deploy\n"                                                                                                     \
    "  - validate: {checks: [{name: home, get: /}, {name: smoke, command: [smoke, \"${stamp.url}\"], attempts: 5}]}\n" \
    "  - shift: {steps: [{share: 50%}, {share: 100%}], watch: [{probe: rooms, max: 9}]}\n"                             \
    "  - drain: {until: {rooms: 0}}\n"                                                                                 \
    "  - destroy\n"

#endif
