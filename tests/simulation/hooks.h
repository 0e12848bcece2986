#ifndef TESTS_SIMULATION_HOOKS_H
#define TESTS_SIMULATION_HOOKS_H

/* The linker's --wrap: __wrap_x stands in for x, __real_x is the engine's own. The model's are in model/hooks.h. */

#include <stdarg.h>
#include <sys/types.h>

#include "drivers/registry.h"
#include "plan/drain.h"
#include "plan/machine.h"
#include "plan/plan.h"
#include "store/journal.h"
#include "store/lease.h"
#include "store/record.h"

_Noreturn void __wrap_bug_at(const char *file, int line, const char *format, ...);

struct error *__real_lease_check(struct tx *tx, const struct lease *lease);
struct error *__wrap_lease_check(struct tx *tx, const struct lease *lease);
struct error *__real_journal_append(struct tx *tx, struct event *event);
struct error *__wrap_journal_append(struct tx *tx, struct event *event);
struct error *__real_project_event(struct record *record, const struct journal_row *row, const json_t *event);
struct error *__wrap_project_event(struct record *record, const struct journal_row *row, const json_t *event);
struct error *__real_plan_decode(struct arena *arena, const char *text, size_t length, struct plan **out);
struct error *__wrap_plan_decode(struct arena *arena, const char *text, size_t length, struct plan **out);
enum drain_verdict __real_drain_judge_feed(struct drain_judge *judge, const struct drain_answer *answer);
enum drain_verdict __wrap_drain_judge_feed(struct drain_judge *judge, const struct drain_answer *answer);
void __real_machine_fold(struct machine_state *state, const struct event *event);
void __wrap_machine_fold(struct machine_state *state, const struct event *event);
bool __real_machine_next(struct machine_state *state, struct machine_now now, struct event *out);
bool __wrap_machine_next(struct machine_state *state, struct machine_now now, struct event *out);
const struct traffic_driver *__real_registry_traffic(const char *name);
const struct traffic_driver *__wrap_registry_traffic(const char *name);

#endif
