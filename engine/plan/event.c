/*
 * The words of the journal: one table for each enum, and one for the typed fields. What is written is what is read:
 * encoding and decoding walk the same rows, so a field that is added here is there on both ways.
 */

#include "plan/event.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kind_texts[EVENT_KIND_COUNT] = {
    [EVENT_RELEASE_PLANNED] = "release.planned",
    [EVENT_RUNNER_STARTED] = "runner.started",
    [EVENT_RUNNER_STOPPED] = "runner.stopped",
    [EVENT_STEP_STARTED] = "step.started",
    [EVENT_STEP_DONE] = "step.done",
    [EVENT_STEP_FAILED] = "step.failed",
    [EVENT_STEP_SKIPPED] = "step.skipped",
    [EVENT_STEP_DOUBTED] = "step.doubted",
    [EVENT_STEP_RENEWED] = "step.renewed",
    [EVENT_HOLD_SLICE] = "hold.slice",
    [EVENT_DRAIN_SAMPLED] = "drain.sampled",
    [EVENT_DRAIN_OVERDUE] = "drain.overdue",
    [EVENT_PROBER_TALLIED] = "prober.tallied",
    [EVENT_GATE_ASKED] = "gate.asked",
    [EVENT_GATE_OPENED] = "gate.opened",
    [EVENT_GATE_EXPIRED] = "gate.expired",
    [EVENT_DECISION_MADE] = "decision.made",
    [EVENT_DECISION_REFUSED] = "decision.refused",
    [EVENT_RELEASE_TURNED] = "release.turned",
    [EVENT_RELEASE_PIVOTED] = "release.pivoted",
    [EVENT_TRAFFIC_DRIFTED] = "traffic.drifted",
    [EVENT_TRAFFIC_REPAIRED] = "traffic.repaired",
    [EVENT_INSTANCE_LOST] = "instance.lost",
    [EVENT_INSTANCE_SICK] = "instance.sick",
    [EVENT_INSTANCE_WELL] = "instance.well",
    [EVENT_CALENDAR_CLOSED] = "calendar.closed",
    [EVENT_CALENDAR_OPENED] = "calendar.opened",
    [EVENT_BRANCH_MADE] = "branch.made",
    [EVENT_FINDING] = "finding",
    [EVENT_RELEASE_ENDED] = "release.ended",
};

static const char *const decision_texts[] = {
    [DECISION_NONE] = "",       [DECISION_APPROVE] = "approve",   [DECISION_REJECT] = "reject",
    [DECISION_ABORT] = "abort", [DECISION_ROLLBACK] = "rollback", [DECISION_RETRY] = "retry",
    [DECISION_FORCE] = "force", [DECISION_OVERRIDE] = "override", [DECISION_REVIEW] = "review",
};

static const char *const mode_texts[] = {
    [MODE_FORWARD] = "forward",
    [MODE_UNDO] = "undo",
    [MODE_HELD] = "held",
};

static const char *const end_texts[] = {
    [END_NONE] = "",           [END_SUCCEEDED] = "succeeded", [END_ROLLED_BACK] = "rolled_back",
    [END_FAILED] = "failed",   [END_ABORTED] = "aborted",     [END_REJECTED] = "rejected",
    [END_EXPIRED] = "expired",
};

static const char *text_at(const char *const *texts, size_t count, int value)
{
    MUST(value >= 0 && (size_t)value < count);
    return texts[value];
}

static bool text_find(const char *const *texts, size_t count, const char *text, int *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], text) == 0) {
            *out = (int)i;
            return true;
        }
    }
    return false;
}

const char *event_kind_text(enum event_kind kind)
{
    return text_at(kind_texts, COUNT(kind_texts), (int)kind);
}

bool event_kind_parse(const char *text, enum event_kind *out)
{
    int value;

    if (!text_find(kind_texts, COUNT(kind_texts), text, &value))
        return false;
    *out = (enum event_kind)value;
    return true;
}

const char *decision_text(enum decision_kind decision)
{
    return text_at(decision_texts, COUNT(decision_texts), (int)decision);
}

bool decision_parse(const char *text, enum decision_kind *out)
{
    int value;

    if (!text_find(decision_texts, COUNT(decision_texts), text, &value))
        return false;
    *out = (enum decision_kind)value;
    return true;
}

const char *mode_text(enum release_mode mode)
{
    return text_at(mode_texts, COUNT(mode_texts), (int)mode);
}

bool mode_parse(const char *text, enum release_mode *out)
{
    int value;

    if (!text_find(mode_texts, COUNT(mode_texts), text, &value))
        return false;
    *out = (enum release_mode)value;
    return true;
}

const char *end_text(enum release_end end)
{
    return text_at(end_texts, COUNT(end_texts), (int)end);
}

bool end_parse(const char *text, enum release_end *out)
{
    int value;

    if (!text_find(end_texts, COUNT(end_texts), text, &value))
        return false;
    *out = (enum release_end)value;
    return true;
}

int end_exit_code(enum release_end end)
{
    switch (end) {
    case END_NONE:
    case END_SUCCEEDED:
        return 0;
    case END_FAILED:
        return 1;
    case END_ABORTED:
    case END_REJECTED:
    case END_EXPIRED:
        return 5;
    case END_ROLLED_BACK:
        return 6;
    }
    BUG("release end %d", (int)end);
}

enum field_type {
    FIELD_INT,        /* int, from `absent` up */
    FIELD_INT64,      /* any */
    FIELD_TEXT,       /* may be NULL */
    FIELD_BODY,       /* an object, may be NULL */
    FIELD_ERROR_KIND, /* the enums are stored by their texts */
    FIELD_DECISION,
    FIELD_MODE,
    FIELD_END,
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset; /* in struct event */
    int absent;    /* what it is when it is not there */
};

/* Sorted by key: the canonical form has them in this order, and event_scan() relies on it. */
static const struct field fields[] = {
    {"attempt", FIELD_INT, offsetof(struct event, attempt), 0},
    {"body", FIELD_BODY, offsetof(struct event, body), 0},
    {"decision", FIELD_DECISION, offsetof(struct event, decision), DECISION_NONE},
    {"end", FIELD_END, offsetof(struct event, end), END_NONE},
    {"error_kind", FIELD_ERROR_KIND, offsetof(struct event, error_kind), KIND_PERMANENT},
    {"expires_ms", FIELD_INT64, offsetof(struct event, expires_ms), 0},
    {"mode", FIELD_MODE, offsetof(struct event, mode), MODE_FORWARD},
    {"number", FIELD_INT64, offsetof(struct event, number), 0},
    {"reason", FIELD_TEXT, offsetof(struct event, reason), 0},
    {"step", FIELD_INT, offsetof(struct event, step), -1},
    {"subject", FIELD_TEXT, offsetof(struct event, subject), 0},
};

/* A value on its way into an event; text and object are borrowed. */
struct field_value {
    enum { VALUE_OTHER, VALUE_NUMBER, VALUE_TEXT, VALUE_OBJECT } type;
    int64_t number;
    const char *text;
    const json_t *object;
};

/* Text from the world may hold any bytes; the journal holds UTF-8, and no event is lost for a bad byte. */
static json_t *text_json(const char *text)
{
    json_t *json = json_string(text);

    if (!json) {
        struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(0);

        text_clean(&clean, text, strlen(text));
        json = json_string(strbuf_view(&clean));
        MUST(json);
    }
    return json;
}

/* The field's value as JSON, or NULL when it is the default. New reference. */
static json_t *field_encode(const struct field *field, const struct event *event)
{
    const void *at = (const char *)event + field->offset;
    const char *text;
    int64_t number;

    switch (field->type) {
    case FIELD_INT:
        return *(const int *)at == field->absent ? NULL : json_integer(*(const int *)at);
    case FIELD_INT64:
        memcpy(&number, at, sizeof(number));
        return number == field->absent ? NULL : json_integer(number);
    case FIELD_TEXT:
        memcpy(&text, at, sizeof(text));
        return text ? text_json(text) : NULL;
    case FIELD_BODY:
        return event->body ? json_incref((json_t *)event->body) : NULL;
    case FIELD_ERROR_KIND:
        return event->error_kind == KIND_PERMANENT ? NULL : json_string(error_kind_text(event->error_kind));
    case FIELD_DECISION:
        return event->decision == DECISION_NONE ? NULL : json_string(decision_text(event->decision));
    case FIELD_MODE:
        return event->mode == MODE_FORWARD ? NULL : json_string(mode_text(event->mode));
    case FIELD_END:
        return event->end == END_NONE ? NULL : json_string(end_text(event->end));
    }
    BUG("field type %d", (int)field->type); /* GCOVR_EXCL_LINE: a fault of ours */
}

json_t *event_encode(const struct event *event)
{
    json_t *json = json_object();

    MUST(json);
    for (size_t i = 0; i < COUNT(fields); i++) {
        json_t *value = field_encode(&fields[i], event);

        if (value)
            MUST(json_object_set_new_nocheck(json, fields[i].key, value) == 0);
    }
    return json;
}

static bool store_int(const struct field *field, int64_t number, struct event *out)
{
    if (number < field->absent || number > INT32_MAX)
        return false;
    *(int *)(void *)((char *)out + field->offset) = (int)number;
    return true;
}

/* False: of another type, or none of the known words. */
static bool field_store(const struct field *field, const struct field_value *value, struct event *out)
{
    void *at = (char *)out + field->offset;
    const char *text = value->type == VALUE_TEXT ? value->text : NULL;

    switch (field->type) {
    case FIELD_INT:
        return value->type == VALUE_NUMBER && store_int(field, value->number, out);
    case FIELD_INT64:
        memcpy(at, &value->number, sizeof(value->number));
        return value->type == VALUE_NUMBER;
    case FIELD_TEXT:
        memcpy(at, &text, sizeof(text));
        return text != NULL;
    case FIELD_BODY:
        out->body = value->object;
        return value->type == VALUE_OBJECT;
    case FIELD_ERROR_KIND:
        return text && error_kind_parse(text, &out->error_kind);
    case FIELD_DECISION:
        return text && decision_parse(text, &out->decision);
    case FIELD_MODE:
        return text && mode_parse(text, &out->mode);
    case FIELD_END:
        return text && end_parse(text, &out->end);
    }
    BUG("field type %d", (int)field->type); /* GCOVR_EXCL_LINE: a fault of ours */
}

static struct field_value value_of(const json_t *json)
{
    if (json_is_integer(json))
        return (struct field_value){VALUE_NUMBER, json_integer_value(json), NULL, NULL};
    if (json_is_string(json))
        return (struct field_value){VALUE_TEXT, 0, json_string_value(json), NULL};
    if (json_is_object(json))
        return (struct field_value){VALUE_OBJECT, 0, NULL, json};
    return (struct field_value){VALUE_OTHER, 0, NULL, NULL};
}

static struct error *unknown_field(const json_t *json, enum event_kind kind)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        bool known = false;

        for (size_t i = 0; i < COUNT(fields); i++)
            known = known || strcmp(fields[i].key, key) == 0;
        if (!known)
            return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "event '%s' has a field '%s' that is not known",
                             event_kind_text(kind), key);
    }
    BUG("all fields are known"); /* GCOVR_EXCL_LINE: a fault of ours */
}

struct error *event_decode(const json_t *json, enum event_kind kind, struct event *out)
{
    size_t found = 0;

    if (!json_is_object(json))
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "event '%s' is not an object", event_kind_text(kind));
    *out = (struct event){.kind = kind, .step = -1};
    for (size_t i = 0; i < COUNT(fields); i++) {
        const json_t *json_value = json_object_get(json, fields[i].key);
        struct field_value value = value_of(json_value);

        if (!json_value)
            continue;
        found++;
        if (!field_store(&fields[i], &value, out))
            return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "event '%s' has a field '%s' of another kind",
                             event_kind_text(kind), fields[i].key);
    }
    if (found != json_object_size(json))
        return unknown_field(json, kind);
    return NULL;
}

/* Text without escapes; its closing quote becomes the NUL. */
static bool scan_text(char **at, const char **out)
{
    char *from = *at + 1;
    char *to = from;

    if (**at != '"')
        return false;
    while (*to && *to != '"' && *to != '\\')
        to++;
    if (*to != '"')
        return false;
    *to = '\0';
    *out = from;
    *at = to + 1;
    return true;
}

/* At most 18 digits: what needs more is none of ours. */
static bool scan_number(char **at, int64_t *out)
{
    char *to = *at;
    bool negative = *to == '-';
    int64_t number = 0;
    char *from = to += negative;

    for (; *to >= '0' && *to <= '9'; to++) {
        if (to - from == 18)
            return false;
        number = number * 10 + (*to - '0');
    }
    *out = negative ? -number : number;
    *at = to;
    return to > from;
}

/* The end of the object that begins here, or NULL. */
static char *object_end(char *at)
{
    bool in_text = false;
    int depth = 0;

    for (; *at; at++) {
        if (in_text && *at == '\\' && at[1]) {
            at++;
        } else if (*at == '"') {
            in_text = !in_text;
        } else if (!in_text && *at == '{') {
            depth++;
        } else if (!in_text && *at == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return NULL;
}

/* `body` NULL: an object is stepped over. */
static bool scan_value(char **at, struct field_value *out, json_t **body)
{
    char *end;

    *out = (struct field_value){VALUE_OTHER, 0, NULL, NULL};
    switch (**at) {
    case '"':
        out->type = VALUE_TEXT;
        return scan_text(at, &out->text);
    case '{':
        end = object_end(*at);
        if (!end || (body && *body))
            return false;
        if (body)
            out->object = *body = json_loadb(*at, (size_t)(end - *at), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        *at = end;
        out->type = VALUE_OBJECT;
        return !body || *body;
    default:
        out->type = VALUE_NUMBER;
        return scan_number(at, &out->number);
    }
}

bool event_scan(char *text, enum event_kind kind, struct event *out, json_t **body)
{
    size_t i = 0;

    *out = (struct event){.kind = kind, .step = -1};
    for (bool first = true; *text == (first ? '{' : ','); first = false, i++) {
        struct field_value value;
        const char *key;

        text++;
        if (!scan_text(&text, &key) || *text++ != ':')
            return false;
        while (i < COUNT(fields) && strcmp(fields[i].key, key) != 0)
            i++;
        if (i == COUNT(fields) || !scan_value(&text, &value, body) || !field_store(&fields[i], &value, out))
            return false;
    }
    return text[0] == '}' && text[1] == '\0';
}

bool event_body_is_folded(enum event_kind kind)
{
    switch (kind) {
    case EVENT_STEP_DONE:
    case EVENT_DRAIN_SAMPLED:
    case EVENT_DECISION_MADE:
    case EVENT_TRAFFIC_DRIFTED:
    case EVENT_TRAFFIC_REPAIRED:
    case EVENT_INSTANCE_LOST:
    case EVENT_INSTANCE_SICK:
    case EVENT_INSTANCE_WELL:
    case EVENT_CALENDAR_CLOSED:
        return true;
    case EVENT_RELEASE_PLANNED:
    case EVENT_RUNNER_STARTED:
    case EVENT_RUNNER_STOPPED:
    case EVENT_STEP_STARTED:
    case EVENT_STEP_FAILED:
    case EVENT_STEP_SKIPPED:
    case EVENT_STEP_DOUBTED:
    case EVENT_STEP_RENEWED:
    case EVENT_HOLD_SLICE:
    case EVENT_DRAIN_OVERDUE:
    case EVENT_PROBER_TALLIED:
    case EVENT_GATE_ASKED:
    case EVENT_GATE_OPENED:
    case EVENT_GATE_EXPIRED:
    case EVENT_DECISION_REFUSED:
    case EVENT_RELEASE_TURNED:
    case EVENT_RELEASE_PIVOTED:
    case EVENT_CALENDAR_OPENED:
    case EVENT_BRANCH_MADE:
    case EVENT_FINDING:
    case EVENT_RELEASE_ENDED:
        return false;
    case EVENT_KIND_COUNT: /* GCOVR_EXCL_LINE: as below */
        break;             /* GCOVR_EXCL_LINE: as below */
    }
    BUG("event kind %d", (int)kind); /* GCOVR_EXCL_LINE: a fault of ours */
}
