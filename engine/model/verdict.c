/* What a rehearsal finds, in the words that people read, with the place in the file that is the cause. */

#include <signal.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/rehearse.h"
#include "model/sim.h"
#include "plan/plan.h"
#include "spec/pipeline.h"
#include "spec/project.h"

/* Is it told already? The same may be found in several acts. */
static bool is_told(const char *text)
{
    size_t index;
    json_t *finding;

    json_array_foreach(json_object_get(rehearsal.document, "findings"), index, finding)
    {
        if (text_is(json_get_text(finding, "text"), text))
            return true;
    }
    return false;
}

/* New places are added to what is returned; borrowed. */
static json_t *find(const char *what, const char *text, const char *hint)
{
    json_t *finding;

    if (is_told(text))
        return NULL;
    finding = json_pack("{s:s, s:s, s:s, s:[], s:s?}", "what", what, "act", rehearsal.act.name, "text", text, "places",
                        "hint", hint);
    json_array_append_new(json_object_get(rehearsal.document, "findings"), finding);
    return finding;
}

static void place(json_t *finding, struct mark mark, const char *text)
{
    if (finding && mark.file)
        json_array_append_new(json_object_get(finding, "places"),
                              json_pack("{s:s, s:i, s:i, s:s}", "file", mark.file, "line", mark.line, "column",
                                        mark.column, "text", text));
}

static const struct stage_spec *stage_of(enum stage_kind kind)
{
    const struct pipeline_spec *pipeline = rehearsal.cast->pipeline;

    for (int i = 0; i < pipeline->stage_count; i++) {
        if (pipeline->stages[i].kind == kind)
            return &pipeline->stages[i];
    }
    return NULL;
}

static const struct until_spec *until_of(const char *probe)
{
    const struct stage_spec *drain = stage_of(STAGE_DRAIN);

    for (int i = 0; drain && i < drain->drain.until_count; i++) {
        if (text_is(drain->drain.until[i].probe, probe))
            return &drain->drain.until[i];
    }
    return NULL;
}

bool verdict_waits_for(int work)
{
    const struct stamps_spec *stamps = &rehearsal.cast->pipeline->stamps;

    for (int i = 0; i < stamps->probe_count; i++) {
        const struct until_spec *until = until_of(stamps->probes[i].name);

        if ((int)service_probe_kind(stamps->probes[i].name) == work && until && until->max == 0)
            return true;
    }
    return false;
}

void verdict_refused(const char *text, const char *hint, struct mark mark)
{
    place(find("refused", arena_printf(rehearsal.arena, "the plan is refused: %s", text), hint), mark, "here");
}

void verdict_fault(const char *text)
{
    (void)find("engine", arena_printf(rehearsal.arena, "the rehearsal itself went wrong: %s", text),
               "tell its authors, with the file and the seed");
}

void verdict_gate(const char *gate, const char *why)
{
    const struct gate_spec *spec = environment_gate(rehearsal.cast->environment, gate);

    place(find("gate_never_opens",
               arena_printf(rehearsal.arena, "this release never ends: gate '%s' cannot open", gate),
               "name more people in `people`, or ask for fewer approvals"),
          spec ? spec->mark : (struct mark){0}, why);
    rehearsal.act.stopped = true;
    sim_io_signal(SIGTERM);
}

void verdict_stands_still(void)
{
    const struct stage_spec *drain = stage_of(STAGE_DRAIN);
    int stage = rehearsal.act.stage;

    if (rehearsal.act.forgotten && drain && drain->drain.deadline_ms == 0) {
        place(find("drain_never_ends", "this release may never end: its drain has no deadline, and nobody is asked",
                   "add `deadline: {after: 24h, do: ask}`"),
              drain->mark, "one room that nobody leaves, and it waits for ever");
        return;
    }
    (void)find("stands_still",
               arena_printf(rehearsal.arena, "this release does not end: it stands still in stage '%s'",
                            stage >= 0 ? rehearsal.act.plan->stages[stage].name : ""),
               "look at the end of the time line");
}

/* Why the drain does not wait for this kind of work, and what would help. */
static const char *not_waited_for(enum work_kind kind, const char **hint)
{
    const struct stamps_spec *stamps = &rehearsal.cast->pipeline->stamps;
    const char *found = NULL;

    for (int i = 0; i < stamps->probe_count; i++) {
        const char *name = stamps->probes[i].name;
        const struct until_spec *until = until_of(name);

        if (service_probe_kind(name) != kind)
            continue;
        if (until && until->max == 0) {
            *hint = "tell the authors of penstock, with the file and the seed";
            return arena_printf(rehearsal.arena, "stage 'drain' waits for '%s', and they were lost all the same", name);
        }
        if (found)
            continue;
        found = until ? arena_printf(rehearsal.arena, "stage 'drain' waits only until '%s' is %lld", name,
                                     (long long)until->max)
                      : arena_printf(rehearsal.arena, "stage 'drain' does not wait for '%s'", name);
        *hint = until ? arena_printf(rehearsal.arena, "make it `%s: 0`", name)
                      : arena_printf(rehearsal.arena, "add `%s: 0` to its `until`", name);
    }
    if (found)
        return found;
    *hint = arena_printf(rehearsal.arena, "add a probe that counts %s, and `until`", work_kind_text(kind));
    return arena_printf(rehearsal.arena, "no probe counts %s, and a reloaded front door forgets its old connections",
                        work_kind_text(kind));
}

static void work_ended(enum work_kind kind, int64_t count)
{
    const struct stage_spec *drain = stage_of(STAGE_DRAIN), *destroy = stage_of(STAGE_DESTROY);
    const char *hint = NULL, *why;
    json_t *finding;

    if (count == 0)
        return;
    why = not_waited_for(kind, &hint);
    finding = find("destroys_too_early",
                   arena_printf(rehearsal.arena, "this pipeline destroys too early: it loses %s", work_kind_text(kind)),
                   hint);
    if (destroy)
        place(finding, destroy->mark,
              arena_printf(rehearsal.arena, "stage '%s' stops instances that still have %s", destroy->name,
                           work_kind_text(kind)));
    if (drain)
        place(finding, drain->mark, why);
}

static const char *words(const char *end)
{
    char *text = arena_text(rehearsal.arena, end);

    for (char *at = text; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return text;
}

/* In a calm act everything should go well. */
static void calm_end(const struct losses *lost)
{
    const struct act *act = &rehearsal.act;
    const struct stage_spec *stage = timeline_stage(act->failed_step);
    struct mark mark = stage ? stage->mark : (struct mark){0};
    const char *why = act->failure ? act->failure : act->reason;

    if (lost->requests > 0)
        (void)find("requests_lost",
                   arena_printf(rehearsal.arena, "%lld requests of users found nobody", (long long)lost->requests),
                   "look for what the time line says of the front door");
    if (act->stopped || text_is(act->end, end_text(END_SUCCEEDED)))
        return;
    if (*act->end)
        place(find("not_succeeded",
                   arena_printf(rehearsal.arena, "this release ends %s although nothing goes wrong", words(act->end)),
                   "look at the end of the time line"),
              mark, why);
    else
        place(
            find("held", "this release needs a person although nothing goes wrong", "look at the end of the time line"),
            mark, why);
}

void verdict_act(const struct losses *lost)
{
    const struct act *act = &rehearsal.act;

    work_ended(WORK_ROOMS, lost->rooms);
    work_ended(WORK_RECORDINGS, lost->recordings);
    work_ended(WORK_QUEUE, lost->queued);
    if (act->calm)
        calm_end(lost);
    else if (!*act->end && !act->stopped)
        (void)find("does_not_end", "this release does not end, whatever people decide",
                   "look at the end of the time line");
}
