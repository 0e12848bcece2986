#include "plan/contract.h"

#include <signal.h>

json_t *contract_list(const struct text_list *list)
{
    json_t *array = json_array();

    for (int i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->items[i]));
    return array;
}

json_t *contract_http(const struct http_spec *http, int64_t timeout_ms)
{
    const char *method = http->post ? "POST" : http->put ? "PUT" : "GET";
    const char *path = http->post ? http->post : http->put ? http->put : http->get;

    return json_pack("{s:s, s:s, s:s?, s:I}", "method", method, "path", path, "body", http->body, "timeout_ms",
                     (json_int_t)(timeout_ms ? timeout_ms : http->timeout_ms));
}

static json_t *contract_action(const struct action_spec *action, const char *driver)
{
    static const char *const kinds[] = {
        [ACTION_NONE] = "none", [ACTION_HTTP] = "http", [ACTION_SIGNAL] = "signal", [ACTION_COMMAND] = "command"};
    json_t *object = json_pack("{s:s, s:s}", "kind", kinds[action->kind], "driver", driver);

    switch (action->kind) {
    case ACTION_NONE:
        break;
    case ACTION_HTTP:
        json_object_set_new(object, "http", contract_http(&action->http, 0));
        break;
    case ACTION_SIGNAL:
        json_object_set_new(object, "signal", json_integer(action->signal));
        break;
    case ACTION_COMMAND:
        json_object_set_new(object, "argv", contract_list(&action->command));
        break;
    }
    return object;
}

const char *stamp_driver_text(enum stamp_driver_kind driver)
{
    switch (driver) {
    case STAMP_PROCESS:
        return "process";
    }
    return NULL;
}

static json_t *contract_range(struct range range)
{
    return json_pack("[I, I]", (json_int_t)range.first, (json_int_t)range.last);
}

/* What the next release is compared with; what was not said is not there. */
static void set_versions(const struct unit_spec *unit, json_t *contract)
{
    if (unit->api.given)
        json_object_set_new(contract, "api", json_pack("{s:o}", "versions", contract_list(&unit->api.versions)));
    if (unit->schema.given)
        json_object_set_new(contract, "schema",
                            json_pack("{s:o, s:o}", "reads", contract_range(unit->schema.reads), "writes",
                                      contract_range(unit->schema.writes)));
}

json_t *contract_of(const struct pipeline_spec *pipeline)
{
    const struct stamps_spec *stamps = &pipeline->stamps;
    const struct health_spec *health = &stamps->health;
    const char *driver = stamp_driver_text(stamps->driver);
    json_t *probes = json_object();
    json_t *contract;

    for (int i = 0; i < stamps->probe_count; i++) {
        const struct probe_spec *probe = &stamps->probes[i];

        json_object_set_new(probes, probe->name,
                            json_pack("{s:o, s:s, s:s, s:s?}", "http", contract_http(&probe->http, 0), "kind",
                                      probe_kind_text(probe->kind), "expression", probe->expression, "identity",
                                      probe->identity));
    }
    contract = json_pack(
        "{s:s, s:{s:s?, s:I, s:I, s:i, s:i, s:I}, s:o, s:{s:i, s:I}, s:{s:o, s:o}}", "driver", driver, "health", "get",
        health->get, "every_ms", (json_int_t)health->every_ms, "timeout_ms", (json_int_t)health->timeout_ms, "healthy",
        health->healthy, "unhealthy", health->unhealthy, "start_ms", (json_int_t)health->start_ms, "probes", probes,
        "stop", "signal", stamps->stop.signal, "grace_ms", (json_int_t)stamps->stop.grace_ms, "drain", "begin",
        contract_action(&stamps->drain_begin, driver), "cancel", contract_action(&stamps->drain_cancel, driver));
    set_versions(&pipeline->unit, contract);
    return contract;
}
