#include "simulation/pipelines.h"

#include "base/memory.h"
#include "simulation/sim.h"

const char *pipelines_project(struct arena *arena)
{
    struct rng *rng = &sim.world;

    return arena_printf(
        arena,
        "project: sim\n"
        "environments:\n"
        "  prod:\n"
        "    gates:\n"
        "      managers: {people: [ana, bo, chi, dan], approvals: %d, barred: [requester], expires: 60s,"
        " on_expiry: %s}\n",
        rng_chance(rng, 300) ? 2 : 1, rng_chance(rng, 500) ? "hold" : "reject");
}

static const char *shift(struct arena *arena)
{
    static const char *const ladders[][3] = {{"100%", NULL, NULL},
                                             {"50%", "100%", NULL},
                                             {"20%", "100%", NULL},
                                             {"20%", "50%", "100%"},
                                             {"25%", "75%", "100%"}};
    struct rng *rng = &sim.world;
    const char *const *ladder = ladders[rng_range(rng, 0, 4)];
    const char *steps = "";

    for (int i = 0; i < 3 && ladder[i]; i++) {
        const char *more = "";

        if (rng_chance(rng, 250))
            more = ", gate: managers";
        if (rng_chance(rng, 600))
            more = arena_printf(arena, "%s, hold: %ds", more, (int)rng_range(rng, 2, 6));
        steps = arena_printf(arena, "%s        - {share: %s%s}\n", steps, ladder[i], more);
    }
    if (rng_chance(rng, 300))
        steps = arena_printf(arena, "%s      prober: {get: /, every: 500ms, max_failed: %d}\n", steps,
                             (int)rng_range(rng, 0, 3));
    return steps;
}

/* How an instance is told to drain. */
static const char *drain(struct rng *rng)
{
    switch (rng_range(rng, 0, 5)) {
    case 0:
    case 1:
        return "    begin: {signal: USR1}\n    cancel: {signal: USR2}\n";
    case 2:
        return "    begin: {command: [ctl, drain, \"${instance.address}\"]}\n"
               "    cancel: {command: [ctl, undrain, \"${instance.address}\"]}\n";
    default:
        return "    begin: {post: /drain, body: {accept: false}}\n    cancel: {post: /drain, body: {accept: true}}\n";
    }
}

const char *pipelines_make(struct arena *arena)
{
    struct rng *rng = &sim.world;
    struct rng own = {sim.seed * 29 + 13};
    bool limits = rng_chance(&own, 400);
    bool two_regions = rng_chance(rng, 250);
    const char *traffic, *command = "";

    world.managed = rng_chance(rng, 750);
    world.pool_count = rng_chance(rng, 200) ? 2 : 1;
    traffic = world.managed ? "  managed: {bind: \"127.0.0.1:8080\"}\n"
                            : "  socket: /run/haproxy.sock\n  url: \"http://127.0.0.1:8080\"\n";
    if (rng_chance(rng, 300))
        command = arena_printf(arena, "  - command: {name: notify, run: [notify, hello], undo: [notify, bye]%s}\n",
                               rng_chance(rng, 300) ? ", repeatable: true" : "");
    return arena_printf(arena,
                        "pipeline: prod\n"
                        "environment: prod\n"
                        "on_failure: %s\n"
                        "unit:\n"
                        "  build: [make, service]\n"
                        "  artifacts: [rooms]\n"
                        "stamps:\n"
                        "  driver: process\n"
                        "  regions: %s\n"
                        "  instances: %d\n"
                        "  start: [./rooms, --listen, \"${instance.address}\"]\n"
                        "  stop: {signal: TERM, grace: 3s}\n"
                        "  health: {get: /health, every: 1s, timeout: 2s, healthy: 2, unhealthy: 3, start: 20s}\n"
                        "  probes:\n"
                        "    rooms: {get: /rooms, count: $.rooms, identity: $.boot}\n"
                        "    recordings: {get: /rooms, json: $.recordings.running, identity: $.boot}\n"
                        "%s"
                        "  drain:\n"
                        "%s"
                        "traffic:\n"
                        "  driver: haproxy\n"
                        "%s"
                        "  pools:\n"
                        "    app: {match: /}\n"
                        "%s"
                        "stages:\n"
                        "  - build\n"
                        "  - deploy\n"
                        "  - validate:\n"
                        "      checks:\n"
                        "        - {name: smoke, get: /smoke, expect: {status: 200}}\n"
                        "%s"
                        "  - shift:\n"
                        "      steps:\n"
                        "%s"
                        "%s"
                        "%s"
                        "  - drain:\n"
                        "      until: {rooms: 0, recordings: 0}\n"
                        "      settle: {samples: 3, over: 2s}\n"
                        "      every: 1s\n"
                        "      deadline: {after: 40s, do: %s}\n"
                        "%s\n",
                        rng_chance(rng, 750) ? "rollback" : "hold", two_regions ? "[west, north]" : "[west]",
                        !two_regions && rng_chance(rng, 300) ? 2 : 1,
                        limits ? "    errors: {get: /errors, json: $.errors, identity: $.boot}\n" : "", drain(&own),
                        traffic, world.pool_count == 2 ? "    api: {match: /api}\n" : "",
                        rng_chance(rng, 250) ? "        - {name: more, command: [more, \"${stamp.url}\"]}\n" : "",
                        shift(arena), limits ? "      watch: [{probe: errors, max: 3, failures: 2, every: 1s}]\n" : "",
                        command, rng_chance(rng, 700) ? "ask" : "fail",
                        rng_chance(rng, 300) ? "  - destroy: {gate: managers}" : "  - destroy");
}
