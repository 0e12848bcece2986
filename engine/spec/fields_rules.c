/* The tables of what an environment demands: windows, freezes, requirements, overrides, hotfixes; and whose mails are whose. */

#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields_parts.h"
#include "spec/project.h"
#include "spec/yaml_tree.h"

#define DAY_MINUTES (24 * 60)

/* windows -------------------------------------------------------------------------------------------------------- */

/* The values are offsets of bools in struct window_spec. */
#define DAY(index) (int)(offsetof(struct window_spec, days) + (index) * sizeof(bool))
static const struct word day_words[] = {
    {"mon", DAY(0), NULL}, {"tue", DAY(1), NULL}, {"wed", DAY(2), NULL}, {"thu", DAY(3), NULL},
    {"fri", DAY(4), NULL}, {"sat", DAY(5), NULL}, {"sun", DAY(6), NULL}, {NULL, 0, NULL},
};

static void check_window(struct bind *bind, const struct node *node, void *object)
{
    struct window_spec *window = object;
    const struct node *days = node_find(node, "days");
    const struct node *to = node_find(node, "to");

    if (days != NULL && days->kind == NODE_LIST && days->count == 0)
        bind_report(bind, days, "'days' is an empty list; leave it out when every day is meant");
    for (int i = 0; i < 7 && days == NULL; i++)
        window->days[i] = true;
    if (to != NULL && window->to_min > 0 && window->from_min == window->to_min)
        bind_report(bind, to, "'from' and 'to' are the same time")->hint =
            "a window of a whole day is from: \"00:00\", to: \"24:00\"";
}

#define AT(member) .offset = offsetof(struct window_spec, member)
static const struct field window_fields[] = {
    {.name = "days",
     .type = FIELD_FLAGS,
     .words = day_words,
     .fallback_words = "every day",
     .doc = "the days on which the window begins",
     .example = "[mon, tue, wed, thu]"},
    {.name = "from",
     .type = FIELD_CLOCK,
     .max = DAY_MINUTES - 1,
     AT(from_min),
     .fallback = "00:00",
     .doc = "when it begins, by the clock of its zone",
     .example = "\"09:00\""},
    {.name = "to",
     .type = FIELD_CLOCK,
     .min = 1,
     .max = DAY_MINUTES,
     AT(to_min),
     .fallback = "24:00",
     .doc = "when it ends; before 'from' it is on the next day",
     .example = "\"16:00\""},
    {.name = "zone",
     .type = FIELD_TEXT,
     .form = FORM_ZONE,
     AT(zone),
     .mark_offset = offsetof(struct window_spec, zone_mark),
     .fallback = "UTC",
     .doc = "the time zone, a name of the system's zone data",
     .more = "The window is open whenever the clock there shows a time in it: an hour that comes twice, at the end of "
             "summer time, is in it twice; one that is left out, never.",
     .example = "Europe/Warsaw"},
};
#undef AT

const struct table window_table = {
    .what = "a window",
    .doc = "A time of the week in which a release may begin and get more traffic.",
    FIELDS(window_fields),
    .size = sizeof(struct window_spec),
    .mark_offset = offsetof(struct window_spec, mark),
    .after = check_window,
};

/* freezes -------------------------------------------------------------------------------------------------------- */

static void check_freeze(struct bind *bind, const struct node *node, void *object)
{
    const struct freeze_spec *freeze = object;
    const struct node *to = node_find(node, "to");

    /* 0: what was written was no time, and that was said. */
    if (to != NULL && freeze->from_ms != 0 && freeze->to_ms != 0 && freeze->to_ms <= freeze->from_ms)
        bind_report(bind, to, "the freeze ends before it begins");
}

#define AT(member) .offset = offsetof(struct freeze_spec, member)
static const struct field freeze_fields[] = {
    {.name = "from",
     .type = FIELD_TIME,
     .required = true,
     AT(from_ms),
     .doc = "when it begins",
     .example = "2026-12-19T18:00:00+01:00"},
    {.name = "to",
     .type = FIELD_TIME,
     .required = true,
     AT(to_ms),
     .doc = "when it is over; a date is its midnight in UTC, so the day itself is not in the freeze",
     .example = "2027-01-04"},
    {.name = "reason",
     .type = FIELD_TEXT,
     .form = FORM_ANY,
     .scope = SCOPE_LITERAL,
     .required = true,
     AT(reason),
     .doc = "why, in words for those who have to wait",
     .example = "holidays"},
};
#undef AT

const struct table freeze_table = {
    .what = "a freeze",
    .doc = "A time in which no release may begin nor get more traffic.",
    FIELDS(freeze_fields),
    .size = sizeof(struct freeze_spec),
    .mark_offset = offsetof(struct freeze_spec, mark),
    .after = check_freeze,
};

/* requires, overrides -------------------------------------------------------------------------------------------- */

#define AT(member) .offset = offsetof(struct requirement_spec, member)
static const struct field requirement_fields[] = {
    {.name = "released_to",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(released_to),
     .mark_offset = offsetof(struct requirement_spec, mark),
     .doc = "the environment where it must have succeeded before",
     .example = "int"},
};
#undef AT

const struct table requirement_table = {
    .what = "a requirement",
    .doc = "What must have been done with the commit before.",
    FIELDS(requirement_fields),
    .size = sizeof(struct requirement_spec),
    .mark_offset = offsetof(struct requirement_spec, mark),
};

/* The values are offsets of bools in struct overrides_spec. */
static const struct word barred_words[] = {
    {"requester", offsetof(struct overrides_spec, bar_requester), "who asks for the release"},
    {"authors", offsetof(struct overrides_spec, bar_authors),
     "who wrote or committed any commit since the live release"},
    {NULL, 0, NULL},
};

#define AT(member) .offset = offsetof(struct overrides_spec, member)
static const struct field overrides_fields[] = {
    {.name = "people",
     .type = FIELD_TEXTS,
     .form = FORM_PERSON,
     .required = true,
     .min = 1,
     .unique = true,
     AT(people),
     .doc = "login names of those who may",
     .example = "[ana, bo]"},
    {.name = "barred",
     .type = FIELD_FLAGS,
     .words = barred_words,
     .doc = "whose override does not count for a release, even when listed",
     .example = "[requester]"},
};
#undef AT

const struct table overrides_table = {
    .what = "the block 'overrides'",
    .doc = "Who may let a rule of this environment be broken. Each time has a reason and an end, and is recorded.",
    FIELDS(overrides_fields),
    .size = sizeof(struct overrides_spec),
    .mark_offset = offsetof(struct overrides_spec, mark),
};

/* short_lived, hotfix -------------------------------------------------------------------------------------------- */

static const struct field short_lived_fields[] = {
    {.name = "keep",
     .type = FIELD_DURATION,
     .min = 60 * 1000,
     .max = LONGEST_MS,
     .required = true,
     .offset = offsetof(struct environment_spec, keep_ms),
     .doc = "how long after its last release it stays, unless that release says otherwise",
     .example = "72h"},
};

const struct table short_lived_table = {
    .what = "the block 'short_lived'",
    .doc = "An environment that is made for a test and cleaned up afterwards.",
    FIELDS(short_lived_fields),
    .size = sizeof(struct environment_spec),
};

#define AT(member) .offset = offsetof(struct shift_step_spec, member)
static const struct field ladder_fields[] = {
    {.name = "share",
     .type = FIELD_SHARE,
     .required = true,
     AT(share),
     .doc = "the part of new traffic that the new unit gets, in percent with up to two decimals",
     .example = "50%"},
    {.name = "hold",
     .type = FIELD_DURATION,
     .max = LONGEST_MS,
     AT(hold_ms),
     .fallback = "0s",
     .doc = "how long it must be seen well at this share before the next step"},
};
#undef AT

static const struct table ladder_table = {
    .what = "a step of the ladder",
    .doc = "One step from no traffic to all of it. It has no gate: the hotfix's own opens before all of it.",
    FIELDS(ladder_fields),
    .size = sizeof(struct shift_step_spec),
    .mark_offset = offsetof(struct shift_step_spec, mark),
};

#define AT(member) .offset = offsetof(struct hotfix_spec, member)
#define MOST(key, member, number, text)                                                                      \
    {                                                                                                        \
        .name = key, .type = FIELD_INT, .min = 1, .max = 100000, AT(member), .fallback = number, .doc = text \
    }
static const struct field hotfix_fields[] = {
    MOST("max_commits", max_commits, "3", "how many commits it may carry"),
    MOST("max_files", max_files, "20", "how many files they may change"),
    MOST("max_lines", max_lines, "200", "how many lines they may add and remove"),
    {.name = "gate",
     .type = FIELD_TEXT,
     .form = FORM_NAME,
     .required = true,
     AT(gate),
     .mark_offset = offsetof(struct hotfix_spec, gate_mark),
     .doc = "the gate that opens before anything is done, one of this environment",
     .example = "on-call"},
    {.name = "review_within",
     .type = FIELD_DURATION,
     .min = 60 * 1000,
     .max = LONGEST_MS,
     AT(review_ms),
     .fallback = "48h",
     .doc = "how soon somebody else must have looked at it afterwards"},
    {.name = "ladder",
     .type = FIELD_LIST,
     .sub = &ladder_table,
     .min = 1,
     .max = 100,
     AT(ladder),
     .count_offset = offsetof(struct hotfix_spec, ladder_count),
     .fallback_words = "the pipeline's shift.steps",
     .doc = "the shares of new traffic instead of the pipeline's, one after another",
     .example = "[{share: 50%, hold: 2m}, {share: 100%}]"},
};
#undef AT

const struct table hotfix_table = {
    .what = "the block 'hotfix'",
    .doc = "What a hotfix may carry, and what is shorter for it. Drains and proofs never are.",
    FIELDS(hotfix_fields),
    .size = sizeof(struct hotfix_spec),
    .mark_offset = offsetof(struct hotfix_spec, mark),
};

/* people --------------------------------------------------------------------------------------------------------- */

static const struct field person_fields[] = {
    {.name = "mails",
     .type = FIELD_TEXTS,
     .form = FORM_MAIL,
     .required = true,
     .min = 1,
     .unique = true,
     .offset = offsetof(struct person_spec, mails),
     .doc = "the mail addresses that this person's commits carry",
     .example = "[ana@example.org]"},
};

const struct table person_table = {
    .what = "a person",
    .doc = "Whose commits are whose.",
    FIELDS(person_fields),
    .size = sizeof(struct person_spec),
    .mark_offset = offsetof(struct person_spec, mark),
    .name_offset = offsetof(struct person_spec, login),
    .name_form = FORM_PERSON,
    .shorthand = &person_fields[0],
};
