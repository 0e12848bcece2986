#include "plan/planner.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/authors.h"
#include "plan/builder.h"
#include "plan/contract.h"
#include "plan/hotfix.h"
#include "plan/rules.h"
#include "plan/template_names.h"
#include "spec/diagnostics.h"

#define SHORT_COMMIT 7

static json_t *door_of(const struct builder *b)
{
    const struct traffic_spec *traffic = &b->pipeline->traffic;
    bool managed = traffic->managed_bind != NULL;
    const char *dir = arena_printf(b->arena, "%s/doors/%s", b->facts->state_dir, b->environment->name);
    const char *mark = arena_printf(b->arena, "PENSTOCK_DOOR=%s/%s", b->facts->record, b->environment->name);
    json_t *pools = json_array();

    for (int i = 0; i < traffic->pool_count; i++)
        json_array_append_new(
            pools, json_pack("{s:s, s:s}", "name", traffic->pools[i].name, "match", traffic->pools[i].match));
    return json_pack("{s:s, s:b, s:s?, s:s, s:s?, s:s?, s:s?, s:o}", "driver", "haproxy", "managed", managed, "bind",
                     traffic->managed_bind, "socket",
                     managed ? arena_printf(b->arena, "%s/admin.sock", dir) : traffic->socket, "dir",
                     managed ? dir : NULL, "url", traffic->url, "mark", managed ? mark : NULL, "pools", pools);
}

static void plan_head(struct builder *b, enum plan_kind kind)
{
    const struct facts *facts = b->facts;
    struct plan *plan = b->plan;

    plan->kind = kind;
    plan->release = arena_text(b->arena, facts->release);
    plan->project = arena_text(b->arena, b->project->project);
    plan->environment = arena_text(b->arena, b->environment->name);
    plan->pipeline = arena_text(b->arena, b->pipeline->name);
    plan->requester = arena_text(b->arena, facts->requester);
    plan->rollback = b->pipeline->on_failure == ON_FAILURE_ROLLBACK;
    plan->door = json_in_arena(b->arena, door_of(b));
}

/* Without a deploy stage nothing is ever created, so the plan has no instances. */
static bool deploys(const struct pipeline_spec *pipeline)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        if (pipeline->stages[i].kind == STAGE_DEPLOY)
            return true;
    }
    return false;
}

/*
 * The unit's and the release's own names are filled in now: a later release that drains this unit has other ones. Names of
 * stamps and instances stay, to be filled in for each.
 */
static void fill_contract(struct builder *b, const json_t *drain)
{
    static const struct plan_instance any = {
        .name = "${instance.name}", .stamp = "${stamp.name}", .region = "${stamp.region}", .dir = "${stamp.dir}"};
    const char *which;
    json_t *action;

    json_object_foreach((json_t *)(uintptr_t)drain, which, action)
    {
        if (json_object_get(action, "argv"))
            json_object_set_new(action, "argv", template_json(b, json_object_get(action, "argv"), &any));
    }
}

static void add_new_unit(struct builder *b)
{
    const struct stamps_spec *stamps = &b->pipeline->stamps;
    struct plan *plan = b->plan;
    const char *name = arena_printf(b->arena, "%s-%.*s-%d", b->environment->name, SHORT_COMMIT, b->facts->commit,
                                    b->facts->unit_number);

    plan->commit = arena_text(b->arena, b->facts->commit);
    plan->branch = arena_text(b->arena, b->facts->branch);
    plan->subject = arena_text(b->arena, b->facts->subject);
    plan->unit = (struct plan_unit){name, plan->commit, json_in_arena(b->arena, contract_of(b->pipeline))};
    b->unit_dir = arena_printf(b->arena, "%s/units/%s", b->facts->state_dir, name);
    b->out_dir = arena_printf(b->arena, "%s/%s", b->unit_dir, b->pipeline->unit.build.count ? "out" : "src");
    fill_contract(b, json_object_get(plan->unit.contract, "drain"));
    for (int r = 0; r < stamps->regions.count && deploys(b->pipeline); r++) {
        const char *stamp = arena_printf(b->arena, "%s.%s", name, stamps->regions.items[r]);

        for (int i = 1; i <= stamps->instances; i++) {
            struct plan_instance *instance = builder_instance(b);

            instance->name = arena_printf(b->arena, "%s.%d", stamp, i);
            instance->stamp = stamp;
            instance->region = arena_text(b->arena, stamps->regions.items[r]);
            instance->unit = name;
            instance->side = SIDE_NEW;
            instance->dir =
                arena_printf(b->arena, "%s/stamps/%s/%s.%d", b->facts->state_dir, name, stamps->regions.items[r], i);
            instance->log =
                arena_printf(b->arena, "%s/logs/%s/%s.log", b->facts->state_dir, b->facts->release, instance->name);
        }
    }
}

static void add_old_unit(struct builder *b, const struct fact_unit *unit)
{
    if (!unit->name || unit->instance_count == 0)
        return;
    b->plan->old_unit = (struct plan_unit){arena_text(b->arena, unit->name), arena_text(b->arena, unit->commit),
                                           json_in_arena(b->arena, json_deep_copy(unit->contract))};
    for (int i = 0; i < unit->instance_count; i++) {
        const struct fact_instance *fact = &unit->instances[i];

        *builder_instance(b) = (struct plan_instance){
            .name = arena_text(b->arena, fact->name),
            .stamp = arena_text(b->arena, fact->stamp),
            .region = arena_text(b->arena, fact->region),
            .unit = b->plan->old_unit.name,
            .side = SIDE_OLD,
            .dir = arena_text(b->arena, fact->dir),
            .log = arena_text(b->arena, fact->log),
            .address = arena_text(b->arena, fact->address),
            .identity = fact->identity ? json_in_arena(b->arena, json_deep_copy(fact->identity)) : NULL,
        };
    }
}

static void builder_init(struct builder *b)
{
    b->plan = ARENA_NEW(b->arena, struct plan);
    b->rules = json_in_arena(b->arena, json_array());
    b->first_shares = -1;
    b->shift_last = -1;
}

static void take_fast_lane(struct builder *b)
{
    json_t *shortened;

    if (b->facts->request.kind != PLAN_HOTFIX)
        return;
    b->pipeline = hotfix_pipeline(b->arena, b->environment, b->pipeline, &shortened);
    b->shortened = json_in_arena(b->arena, shortened);
}

void plan_release(struct arena *arena, const struct project_spec *project, const struct pipeline_spec *pipeline,
                  const struct facts *facts, struct diagnostics *problems, struct plan **out)
{
    struct builder b = {.arena = arena,
                        .project = project,
                        .environment = project_environment(project, pipeline->environment),
                        .pipeline = pipeline,
                        .facts = facts,
                        .problems = problems};
    int before = diagnostics_count(problems);

    *out = NULL;
    MUST(b.environment);
    builder_init(&b);
    take_fast_lane(&b);
    b.authors = authors_of(arena, project, facts);
    b.barred = authors_logins(arena, b.authors);
    lawful_check(&b);
    rules_check(&b);
    if (diagnostics_count(problems) > before)
        return;
    plan_head(&b, facts->request.kind);
    terms_build(&b);
    add_new_unit(&b);
    add_old_unit(&b, &facts->live);
    expand_stages(&b);
    expand_undo(&b);
    expand_monitors(&b);
    builder_finish(&b);
    if (diagnostics_count(problems) > before)
        return;
    plan_encode(arena, b.plan);
    *out = b.plan;
}

static void destroy_unit(struct builder *b, const struct fact_unit *unit)
{
    const struct drain_spec *drain = pipeline_drain(b->pipeline);
    struct fork fork;

    b->plan->instance_count = 0;
    add_old_unit(b, unit);
    if (unit->instance_count)
        builder_stage(b, arena_printf(b->arena, "drain %s", unit->name), "drain", 0);
    fork = builder_fork(b);
    for (int i = builder_next(b, SIDE_OLD, -1); i >= 0; i = builder_next(b, SIDE_OLD, i)) {
        struct plan_instance instance = b->plan->instances[i];

        builder_branch(b, &fork);
        expand_traffic_drain(b, &instance);
        expand_drain_begin(b, &instance, "begin");
        expand_drain_wait(b, &instance, VERB_DRAIN_WAIT, drain);
    }
    builder_join(b, &fork);
    builder_stage(b, arena_printf(b->arena, "destroy %s", unit->name), "destroy", 0);
    for (int i = builder_next(b, SIDE_OLD, -1); i >= 0; i = builder_next(b, SIDE_OLD, i)) {
        struct plan_instance instance = b->plan->instances[i];

        expand_destroy_instance(b, &instance, drain);
    }
    expand_unit_remove(b, unit->name);
}

/* What stays must be well before anything is taken from beside it: else that may be the one that serves people. */
static void check_live(struct builder *b)
{
    const struct fact_unit *live = &b->facts->live;
    const json_t *health = json_object_get(live->contract, "health");
    struct fork fork;

    if (!live->name || !json_get_text(health, "get"))
        return;
    builder_stage(b, arena_printf(b->arena, "check %s", live->name), "validate", 0);
    fork = builder_fork(b);
    for (int i = 0; i < live->instance_count; i++) {
        const struct fact_instance *instance = &live->instances[i];

        builder_branch(b, &fork);
        builder_step(b, VERB_CHECK_HTTP, instance->name,
                     json_pack("{s:s, s:s?, s:{s:s, s:O, s:O}, s:{}}", "name", "health", "address", instance->address,
                               "http", "method", "GET", "path", json_object_get(health, "get"), "timeout_ms",
                               json_object_get(health, "timeout_ms"), "expect"),
                     arena_printf(b->arena, "%s, which stays, is healthy", instance->name));
    }
    builder_join(b, &fork);
}

static const struct fact_unit *find_unit(const struct facts *facts, const char *name)
{
    if (text_is(facts->live.name, name))
        return &facts->live;
    for (int i = 0; i < facts->leftover_count; i++) {
        if (text_is(facts->leftovers[i].name, name))
            return &facts->leftovers[i];
    }
    return NULL;
}

static void destroy_all(struct builder *b)
{
    struct plan_instance *all = NULL;
    int count = 0, capacity = 0;

    for (int u = -1; u < b->facts->leftover_count; u++) {
        const struct fact_unit *unit = u < 0 ? &b->facts->live : &b->facts->leftovers[u];

        if (!unit->name)
            continue;
        destroy_unit(b, unit);
        for (int i = 0; i < b->plan->instance_count; i++)
            *ARENA_PUSH(b->arena, all, count, capacity) = b->plan->instances[i];
    }
    b->plan->instances = all;
    b->plan->instance_count = count;
    b->instance_capacity = capacity;
}

static bool any_stands(const struct facts *facts)
{
    int count = facts->live.name ? facts->live.instance_count : 0;

    for (int i = 0; i < facts->leftover_count; i++)
        count += facts->leftovers[i].instance_count;
    return count > 0;
}

/* With the pools in which the live unit has traffic, whatever the pipeline names by now: all of them are drained. */
static const struct pipeline_spec *with_pools(struct arena *arena, const struct pipeline_spec *pipeline,
                                              const json_t *pools)
{
    struct pipeline_spec *own = ARENA_NEW(arena, struct pipeline_spec);
    struct traffic_spec *traffic = &own->traffic;
    int known = pipeline->traffic.pool_count;

    *own = *pipeline;
    traffic->pools = arena_array(arena, (size_t)known + json_array_size(pools) + 1, sizeof(*traffic->pools));
    memcpy(traffic->pools, pipeline->traffic.pools, (size_t)known * sizeof(*traffic->pools));
    for (size_t i = 0; i < json_array_size(pools); i++) {
        const char *pool = json_string_value(json_array_get(pools, i));

        if (!pipeline_has_pool(pipeline, pool))
            traffic->pools[traffic->pool_count++] = (struct pool_spec){.name = pool, .match = "/"};
    }
    return own;
}

struct error *plan_destroy(struct arena *arena, const struct project_spec *project,
                           const struct pipeline_spec *pipeline, const struct facts *facts, const char *unit,
                           struct plan **out)
{
    struct builder b = {.arena = arena,
                        .project = project,
                        .environment = project_environment(project, pipeline->environment),
                        .pipeline = with_pools(arena, pipeline, facts->pools),
                        .facts = facts,
                        .retries = 2};
    const struct fact_unit *named = unit ? find_unit(facts, unit) : NULL;
    bool managed = facts->door && json_get_bool(facts->door, "managed", false);

    MUST(b.environment);
    if (unit && !named)
        return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT,
                                    "environment '%s' has no unit '%s' that still stands", pipeline->environment, unit),
                          "penstock status %s", pipeline->environment);
    if (unit && named == &facts->live)
        return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "unit '%s' is the one that has the traffic", unit),
                          "to take the whole environment down: penstock destroy %s", pipeline->environment);
    builder_init(&b);
    plan_head(&b, PLAN_DESTROY);
    if (facts->door)
        b.plan->door = json_in_arena(arena, json_deep_copy(facts->door));
    builder_stage(&b, "front door", "deploy", 0);
    if (unit) {
        builder_step(&b, VERB_DOOR_ENSURE, pipeline->environment, json_object(), "the front door answers");
        if (named->instance_count)
            check_live(&b);
        destroy_unit(&b, named);
    } else {
        if (facts->door && any_stands(facts))
            builder_step(&b, VERB_DOOR_ENSURE, pipeline->environment, json_object(), "the front door answers");
        destroy_all(&b);
        if (managed) {
            builder_stage(&b, "front door down", "destroy", 0);
            builder_step(&b, VERB_DOOR_REMOVE, pipeline->environment, json_object(),
                         "stop the front door and remove its files");
        }
    }
    builder_finish(&b);
    plan_encode(arena, b.plan);
    *out = b.plan;
    return NULL;
}
