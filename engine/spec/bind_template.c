/* The names in `${...}`, checked where the field says what has a value there. */

#include <string.h>

#include "base/memory.h"
#include "base/template.h"
#include "base/text.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/wording.h"
#include "spec/yaml_tree.h"

struct visit {
    struct bind *bind;
    const struct field *field;
    const struct node *node;
    size_t behind; /* the last good name */
    struct node_cursor cursor;
    bool has_cursor;
};

static size_t count_names(const char *const *names)
{
    size_t count = 0;

    while (names[count] != NULL)
        count++;
    return count;
}

/* A copy of the node that stands where the `$` stands. */
static struct node at_dollar(struct visit *own, size_t offset, int width)
{
    struct node node = *own->node;

    if (!own->has_cursor)
        node_cursor_init(&own->cursor, own->bind->tree, own->node);
    own->has_cursor = true;
    node.mark = node_cursor_mark(&own->cursor, offset);
    node.width = width;
    return node;
}

static struct error *visit_name(void *context, const char *name, int offset)
{
    struct visit *own = context;
    struct bind *bind = own->bind;
    const char *const *names = fields_template_names(own->field->scope);
    const char *const *all = fields_template_names(SCOPE_INSTANCE);
    const char *near = NULL;
    struct diagnostic *problem = NULL;
    struct node node;

    if (diagnostics_enough(bind->problems))
        return error_new(ERR_LIMIT, KIND_PERMANENT, "enough problems");
    own->behind = (size_t)offset + strlen(name) + strlen("${}");
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return NULL;
    node = at_dollar(own, (size_t)offset, text_columns(name) + (int)strlen("${}"));
    near = wording_nearest(bind->words, name, names, count_names(names));
    for (size_t i = 0; all[i] != NULL; i++) {
        if (strcmp(all[i], name) == 0) {
            bind_report(bind, &node, "'${%s}' has no value in '%s'", name, own->field->name)->hint = arena_printf(
                bind->words, "the names here are: %s", wording_list(bind->words, names, count_names(names)));
            return NULL;
        }
    }
    problem = bind_report(bind, &node, "unknown name %s in '${...}'", wording_quote(bind->words, name));
    if (near != NULL)
        problem->hint = arena_printf(bind->words, "did you mean '${%s}'?", near);
    else
        problem->hint =
            arena_printf(bind->words, "the names here are: %s", wording_list(bind->words, names, count_names(names)));
    return NULL;
}

/* The `$` at which the syntax breaks: the first behind the last good name that is no `$$`. */
static size_t find_broken(const char *text, size_t from)
{
    while (text[from] != '\0' && (text[from] != '$' || text[from + 1] == '$'))
        from += text[from] == '$' ? 2 : 1;
    return from;
}

static void report_broken(struct visit *own)
{
    size_t offset = find_broken(own->node->text, own->behind);
    const char *rest = own->node->text + offset;
    struct node node = at_dollar(own, offset, 1);

    if (rest[1] != '{')
        bind_report(own->bind, &node, "a lone '$'; expected '${name}', or '$$' for a dollar");
    else if (strchr(rest, '}') == NULL)
        bind_report(own->bind, &node, "'${' is not closed; expected '}' behind the name");
    else
        bind_report(own->bind, &node, "bad name in %s; a name has letters, digits, '_', '.' and '-'",
                    wording_quote(own->bind->words, rest));
}

void bind_template(struct bind *bind, const struct field *field, const struct node *node)
{
    struct visit own = {.bind = bind, .field = field, .node = node};

    if (field->scope == SCOPE_NONE) {
        const char *found = strstr(node->text, "${");

        if (found != NULL) {
            struct node place = at_dollar(&own, (size_t)(found - node->text), 2);

            bind_report(bind, &place, "'${' is not replaced in '%s'", field->name)->hint =
                "names are replaced in arguments, environment values and paths only";
        }
        return;
    }
    struct error *error CLEANUP(error_cleanup) = template_names(node->text, node->mark, visit_name, &own);
    if (error != NULL && error->code != ERR_LIMIT)
        report_broken(&own);
}
