/*
 * Exceptions from the rules, on the record: an override says beforehand which rule may be broken, until when and why; a
 * review says afterwards, by somebody else, that a hotfix was right.
 */

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "control/deciding.h"
#include "plan/authors.h"
#include "spec/project.h"
#include "store/record.h"

#define OVERRIDE_MOST_MS ((int64_t)30 * 24 * 60 * 60 * 1000) /* what is needed for longer is a change of the rule */

/* An author of the release's commits, by any of the logins that its plan found. */
static bool is_author(const json_t *authors, const char *person)
{
    size_t i;
    const json_t *author;

    json_array_foreach(authors, i, author)
    {
        if (authors_has(json_object_get(author, "logins"), person))
            return true;
    }
    return false;
}

/* The terms of the release as its plan has them; *plan owns them. */
static struct error *read_terms(struct deciding *own, json_t **plan, const json_t **out)
{
    const char *text;
    size_t length;

    TRY(evidence_get(own->record, own->arena, deciding_text(own->release, "plan"), &text, &length));
    TRY(json_parse(text, length, "plan", plan));
    *out = json_object_get(*plan, "terms");
    return NULL;
}

static bool is_listed(const struct text_list *people, const char *person)
{
    for (int i = 0; i < people->count; i++) {
        if (text_is(people->items[i], person))
            return true;
    }
    return false;
}

static const char *listed(struct arena *arena, const struct text_list *people)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < people->count; i++)
        strbuf_printf(&text, "%s%s", i ? ", " : "", people->items[i]);
    return arena_text(arena, strbuf_view(&text));
}

static struct error *refuse_override(const struct deciding *own, const char *why)
{
    return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' %s: somebody else must let rule '%s' be broken",
                     own->request->person, why, own->request->override->rule);
}

static struct error *not_listed(struct deciding *own, const json_t *people)
{
    struct error *error = error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' may not override rules of %s",
                                    own->request->person, own->request->release);

    if (json_array_size(people) == 0)
        return error_hint(error, "nobody might when it was planned");
    return error_hint(error, "these might when it was planned: %s", deciding_people(own->arena, people));
}

/*
 * With a live release its own terms count too: the file may be another one by now. And whoever wants it through does not
 * decide that alone.
 */
static struct error *check_of_release(struct deciding *own)
{
    json_t *plan CLEANUP(json_cleanup) = NULL;
    const json_t *terms, *overrides;
    const char *person = own->request->person;

    TRY(deciding_release(own));
    TRY(read_terms(own, &plan, &terms));
    overrides = json_object_get(terms, "overrides");
    if (!authors_has(json_object_get(overrides, "people"), person))
        own->refusal = not_listed(own, json_object_get(overrides, "people"));
    else if (json_get_bool(overrides, "bar_requester", false) &&
             text_is(person, deciding_text(own->release, "requester")))
        own->refusal = refuse_override(own, "asked for this release");
    else if (json_get_bool(overrides, "bar_authors", false) && is_author(json_object_get(terms, "authors"), person))
        own->refusal = refuse_override(own, "wrote commits of this release");
    return NULL;
}

struct error *check_override(struct deciding *own, int64_t now_ms)
{
    const struct override_request *wanted = own->request->override;

    if (!*own->request->comment)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "an override needs a reason"), "say why with --comment");
    if (wanted->until_ms <= now_ms)
        return error_new(ERR_USAGE, KIND_PERMANENT, "the override would end at %s, which is past",
                         time_text(own->arena, wanted->until_ms));
    if (wanted->until_ms - now_ms > OVERRIDE_MOST_MS)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "an override lasts 30 days at most"),
                          "what is needed for longer is a change of the environment's rules");
    if (!wanted->permitted->given)
        return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "nobody may override rules of environment '%s'",
                                    wanted->environment),
                          "environments.%s.overrides in penstock.yaml names who may", wanted->environment);
    if (!is_listed(&wanted->permitted->people, own->request->person)) {
        own->refusal = error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' may not override rules of '%s'",
                                            own->request->person, wanted->environment),
                                  "these may: %s", listed(own->arena, &wanted->permitted->people));
        return NULL;
    }
    return *own->request->release ? check_of_release(own) : NULL;
}

struct error *check_review(struct deciding *own)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "release", own->request->release);
    json_t *review CLEANUP(json_cleanup) = NULL;
    json_t *plan CLEANUP(json_cleanup) = NULL;
    const json_t *terms;

    TRY(query_row(own->record, "review", params, &review));
    if (!json_is_object(review))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s needs no review: it is a %s", own->request->release,
                         deciding_text(own->release, "kind"));
    if (!text_is(deciding_text(own->release, "state"), "ended"))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s is %s: it is reviewed when it has ended",
                         own->request->release, text_spaced(own->arena, deciding_text(own->release, "state")));
    if (json_get_int(review, "closed_ms", 0))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s was reviewed by %s already", own->request->release,
                         deciding_text(review, "person"));
    if (!*own->request->comment)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "a review needs its result"),
                          "say what you found with --comment");
    TRY(read_terms(own, &plan, &terms));
    if (text_is(own->request->person, deciding_text(own->release, "requester")))
        own->refusal = error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' asked for %s; somebody else reviews it",
                                 own->request->person, own->request->release);
    else if (is_author(json_object_get(terms, "authors"), own->request->person))
        own->refusal = error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' wrote commits of %s; somebody else reviews it",
                                 own->request->person, own->request->release);
    return NULL;
}
