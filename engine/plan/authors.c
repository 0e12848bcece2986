#include "plan/authors.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/facts.h"
#include "spec/fields.h"
#include "spec/project.h"

bool authors_has(const json_t *logins, const char *login)
{
    size_t index;
    const json_t *one;

    json_array_foreach(logins, index, one)
    {
        if (strcasecmp(json_string_value(one), login) == 0)
            return true;
    }
    return false;
}

static void add_login(json_t *logins, const char *login)
{
    if (form_accepts(FORM_PERSON, login) && !authors_has(logins, login))
        json_array_append_new(logins, json_string(login));
}

static bool has_mail(const struct person_spec *person, const char *mail)
{
    for (int i = 0; i < person->mails.count; i++) {
        if (strcasecmp(person->mails.items[i], mail) == 0)
            return true;
    }
    return false;
}

/* "ana", "ana+git", "12345+ana": the whole, and what stands on each side of a '+', when it is not just a number. */
static void add_local_part(struct arena *arena, const char *mail, json_t *logins)
{
    const char *at = strchr(mail, '@');
    char *rest = arena_text_n(arena, mail, at ? (size_t)(at - mail) : strlen(mail));

    add_login(logins, rest);
    for (char *part = strsep(&rest, "+"); part; part = strsep(&rest, "+")) {
        if (part[strspn(part, "0123456789")] != '\0')
            add_login(logins, part);
    }
}

static json_t *logins_of(struct arena *arena, const struct project_spec *project, const struct fact_author *author)
{
    json_t *logins = json_array();

    for (int i = 0; i < project->person_count; i++) {
        if (has_mail(&project->people[i], author->mail))
            add_login(logins, project->people[i].login);
    }
    add_local_part(arena, author->mail, logins);
    add_login(logins, author->name);
    return logins;
}

static bool is_there(const struct facts *facts, int index)
{
    const struct fact_author *authors = facts->rules.authors;

    for (int i = 0; i < index; i++) {
        if (text_is(authors[i].name, authors[index].name) && text_is(authors[i].mail, authors[index].mail))
            return true;
    }
    return false;
}

const json_t *authors_of(struct arena *arena, const struct project_spec *project, const struct facts *facts)
{
    json_t *list = json_in_arena(arena, json_array());

    for (int i = 0; i < facts->rules.author_count; i++) {
        const struct fact_author *author = &facts->rules.authors[i];

        if (!is_there(facts, i))
            json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", author->name, "mail", author->mail,
                                                  "logins", logins_of(arena, project, author)));
    }
    return list;
}

const json_t *authors_logins(struct arena *arena, const json_t *authors)
{
    json_t *all = json_in_arena(arena, json_array());
    const json_t *author, *login;
    size_t i, k;

    json_array_foreach(authors, i, author)
    {
        json_array_foreach(json_object_get(author, "logins"), k, login)
        {
            add_login(all, json_string_value(login));
        }
    }
    return all;
}
