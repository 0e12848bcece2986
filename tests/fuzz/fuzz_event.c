/*
 * Any bytes as a row of the journal: what the quick reader takes, the thorough one takes too, and both read the same.
 * The first byte is the kind, the rest the text.
 */

#include "fuzz/fuzz.h"

#include "base/json.h"
#include "base/text.h"
#include "plan/event.h"

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && text_is(a, b));
}

static void check_same(const struct event *quick, const struct event *thorough)
{
    MUST(quick->kind == thorough->kind && quick->step == thorough->step && quick->attempt == thorough->attempt);
    MUST(quick->error_kind == thorough->error_kind && quick->decision == thorough->decision);
    MUST(quick->mode == thorough->mode && quick->end == thorough->end && quick->number == thorough->number);
    MUST(quick->expires_ms == thorough->expires_ms && same_text(quick->subject, thorough->subject));
    MUST(same_text(quick->reason, thorough->reason));
    MUST(!quick->body == !thorough->body);
    MUST(!quick->body || json_equal((json_t *)(uintptr_t)quick->body, (json_t *)(uintptr_t)thorough->body));
}

/* What was read can be written and read again. */
static void check_encode(const struct event *event)
{
    struct event again;
    json_t *json CLEANUP(json_cleanup) = event_encode(event);

    MUST(fuzz_fine(event_decode(json, event->kind, &again)));
    check_same(event, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(heap_cleanup) = fuzz_text(data, size);
    char *stepped_over CLEANUP(heap_cleanup) = fuzz_text(data, size);
    struct event quick, thorough, without;
    json_t *json CLEANUP(json_cleanup) = NULL;
    json_t *body CLEANUP(json_cleanup) = NULL;
    enum event_kind kind;
    bool decoded, scanned;

    if (size == 0)
        return 0;
    kind = (enum event_kind)(data[0] % EVENT_KIND_COUNT);
    decoded =
        fuzz_fine(json_parse(text + 1, size - 1, "event", &json)) && fuzz_fine(event_decode(json, kind, &thorough));
    if (decoded)
        check_encode(&thorough);
    scanned = event_scan(text + 1, kind, &quick, &body);
    if (event_scan(stepped_over + 1, kind, &without, NULL) && scanned)
        MUST(without.step == quick.step && without.number == quick.number);
    /* Of a text that is no JSON the quick one may make something: such a row is never written, and its hash is checked. */
    if (json && scanned) {
        MUST(decoded);
        check_same(&quick, &thorough);
    }
    return 0;
}
