#include "plan/approval.h"

#include "base/json.h"
#include "base/text.h"
#include "plan/authors.h"

static bool is_among(const json_t *people, const char *person)
{
    size_t index;
    const json_t *one;

    json_array_foreach(people, index, one)
    {
        if (text_is(json_string_value(one), person))
            return true;
    }
    return false;
}

enum approval approval_of(const json_t *gate, const char *person)
{
    const json_t *people = json_object_get(gate, "people");

    if (json_array_size(people) > 0 && !is_among(people, person))
        return APPROVAL_OF_STRANGER;
    if (json_get_flag(gate, "bar_requester") && text_is(person, json_get_text(gate, "requester")))
        return APPROVAL_OF_REQUESTER;
    if (authors_has(json_object_get(gate, "barred"), person))
        return APPROVAL_OF_AUTHOR;
    return is_among(json_object_get(gate, "approvers"), person) ? APPROVAL_TWICE : APPROVAL_COUNTS;
}
