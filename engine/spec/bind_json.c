/* A request's body is written in YAML and sent as JSON. What JSON cannot say in the same way is refused, not converted. */

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/scalar.h"
#include "spec/wording.h"
#include "spec/yaml_tree.h"

static void add_quoted(const char *text, struct strbuf *out)
{
    strbuf_char(out, '"');
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '"' || byte == '\\')
            strbuf_char(out, '\\');
        if (byte < 0x20)
            strbuf_printf(out, "\\u%04x", byte);
        else
            strbuf_char(out, text[i]);
    }
    strbuf_char(out, '"');
}

static bool add_plain(struct bind *bind, const struct node *node, struct strbuf *out)
{
    const char *found = wording_quote(bind->words, node->text);

    if (scalar_is_ambiguous(node->text)) {
        bind_report(bind, node, "%s may be read as text or as a boolean", found)->hint =
            "write true or false, or put it in quotes";
        return false;
    }
    switch (scalar_type(node->text)) {
    case SCALAR_NULL:
        strbuf_text(out, "null");
        return true;
    case SCALAR_TEXT:
        add_quoted(node->text, out);
        return true;
    case SCALAR_BOOL:
        if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) {
            strbuf_text(out, node->text);
            return true;
        }
        bind_report(bind, node, "%s is not how a boolean is written here", found)->hint = "write true or false";
        return false;
    case SCALAR_INT:
    case SCALAR_FLOAT:
    case SCALAR_OTHER_NUMBER:
        break;
    }
    if (scalar_is_json_number(node->text)) {
        strbuf_text(out, node->text);
        return true;
    }
    bind_report(bind, node, "the number %s cannot be written like this in JSON", found)->hint =
        "write it in decimal without a leading 0, or put it in quotes";
    return false;
}

static bool add_map(struct bind *bind, const struct node *node, struct strbuf *out)
{
    bool good = true;
    bool first = true;

    strbuf_char(out, '{');
    for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++) {
        if (node->pairs[i].key->kind != NODE_TEXT)
            continue;
        strbuf_text(out, first ? "" : ",");
        first = false;
        add_quoted(node->pairs[i].key->text, out);
        strbuf_char(out, ':');
        good &= bind_json(bind, node->pairs[i].value, out);
    }
    strbuf_char(out, '}');
    return good;
}

bool bind_json(struct bind *bind, const struct node *node, struct strbuf *out)
{
    bool good = true;

    switch (node->kind) {
    case NODE_TEXT:
        if (strstr(node->text, "${") != NULL)
            bind_report(bind, node, "'${' is not replaced in a body")->hint =
                "names are replaced in arguments, environment values and paths only";
        if (node->plain)
            return add_plain(bind, node, out);
        add_quoted(node->text, out);
        return true;
    case NODE_LIST:
        strbuf_char(out, '[');
        for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++) {
            strbuf_text(out, i > 0 ? "," : "");
            good &= bind_json(bind, node->items[i], out);
        }
        strbuf_char(out, ']');
        return good;
    case NODE_MAP:
        return add_map(bind, node, out);
    case NODE_BROKEN:
        break;
    }
    return false;
}
