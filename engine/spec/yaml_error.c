#include "spec/yaml_error.h"

/*
 * libyaml says where it gave up, which is often one token behind the mistake. The table turns its sentences into what
 * a person did; a sentence that is not in the table is handed on with "not valid YAML" in front of it.
 */

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/yaml_tree.h"

struct wording {
    const char *theirs;
    const char *ours;
    const char *hint;  /* may be NULL */
    bool at_beginning; /* the place is where that begins which libyaml was reading, not where it gave up */
};

static const struct wording wordings[] = {
    {"mapping values are not allowed in this context", "a ':' here would start a mapping inside a value",
     "put the text in quotes, or begin a new line for the key", false},
    {"did not find expected key", "expected a key here",
     "check the indentation: the keys of one mapping begin in the same column", false},
    {"did not find expected '-' indicator", "expected '-' here",
     "check the indentation: the elements of one list begin in the same column", false},
    {"could not find expected ':'", "expected ':' behind this key", "a text of several lines wants quotes", true},
    {"did not find expected ',' or '}'", "expected ',' or '}' here", NULL, false},
    {"did not find expected ',' or ']'", "expected ',' or ']' here", NULL, false},
    {"did not find expected node content", "expected a value here", NULL, false},
    {"did not find expected <document start>", "expected the end of the file here",
     "a file is one mapping; check the indentation of this line", false},
    {"block sequence entries are not allowed in this context", "a list may not begin here",
     "put '-' on a line of its own, below the key", false},
    {"block mapping entries are not allowed in this context", "a mapping may not begin here", NULL, false},
    {"mapping keys are not allowed in this context", "a key may not begin here", NULL, false},
    {"found unknown escape character", "unknown escape in text with double quotes",
     "write \\\\ for one backslash, or use single quotes", false},
    {"did not find expected hexdecimal number", "expected hexadecimal digits in the escape", NULL, false},
    {"found invalid Unicode character escape code", "the escape names no character", NULL, false},
    {"found unexpected end of stream", "the quote that opens here is not closed", NULL, true},
    {"found unexpected document indicator", "the quote that opens here is not closed before the next document", NULL,
     true},
    {"found a tab character where an indentation space is expected", "a tab cannot indent YAML", "use spaces", false},
    {"found undefined tag handle", "YAML tags are not read", "remove the tag", false},
};

static const struct wording *find_wording(const char *theirs)
{
    for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++)
        if (strcmp(wordings[i].theirs, theirs) == 0)
            return &wordings[i];
    return NULL;
}

/* The bytes of the line's end that stands there, as libyaml ends lines; 0: there is none. */
static size_t line_break_at(const struct yaml_tree *tree, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)tree->bytes + at;
    size_t rest = tree->length - at;

    if (bytes[0] == '\n')
        return 1;
    if (bytes[0] == '\r')
        return rest > 1 && bytes[1] == '\n' ? 2 : 1;
    if (rest > 1 && bytes[0] == 0xC2 && bytes[1] == 0x85)
        return 2;
    return rest > 2 && bytes[0] == 0xE2 && bytes[1] == 0x80 && (bytes[2] == 0xA8 || bytes[2] == 0xA9) ? 3 : 0;
}

/* The place of a byte: the errors of libyaml's reader come without a line. */
static struct mark mark_of_byte(const struct yaml_tree *tree, size_t offset)
{
    struct mark mark = {tree->file, 1, 1};

    for (size_t i = 0; i < offset && i < tree->length;) {
        size_t bytes = line_break_at(tree, i);

        if (bytes > 0) {
            mark.line++;
            mark.column = 1;
        } else {
            mark.column += ((unsigned char)tree->bytes[i] & 0xC0) != 0x80;
        }
        i += bytes > 0 ? bytes : 1;
    }
    return mark;
}

/* The first byte of a line. */
static size_t byte_of_line(const struct yaml_tree *tree, int line)
{
    size_t at = 0;

    for (int i = 1; i < line && at < tree->length;) {
        size_t bytes = line_break_at(tree, at);

        i += bytes > 0;
        at += bytes > 0 ? bytes : 1;
    }
    return at;
}

static bool is_utf16(const struct yaml_tree *tree)
{
    return tree->length >= 2 && (memcmp(tree->bytes, "\xFF\xFE", 2) == 0 || memcmp(tree->bytes, "\xFE\xFF", 2) == 0);
}

static void report_reader(const struct yaml_tree *tree, const yaml_parser_t *parser, struct diagnostics *problems)
{
    struct mark mark = mark_of_byte(tree, parser->problem_offset);
    struct diagnostic *own = NULL;

    if (is_utf16(tree)) {
        own = diagnostics_add(problems, ERR_SPEC_INVALID, mark, "the file is UTF-16; expected UTF-8");
        own->hint = "save it as UTF-8";
    } else if (strcmp(parser->problem, "control characters are not allowed") == 0) {
        own = diagnostics_add(problems, ERR_SPEC_INVALID, mark, "the control character U+%04X is not allowed in YAML",
                              (unsigned)parser->problem_value);
        own->hint = "remove it; in text with double quotes it can be written as an escape";
    } else {
        own = diagnostics_add(
            problems, ERR_SPEC_INVALID, mark, "the byte 0x%02X here is not UTF-8",
            parser->problem_offset < tree->length ? (unsigned)(unsigned char)tree->bytes[parser->problem_offset] : 0U);
        own->hint = "save the file as UTF-8";
    }
}

/* The line with the problem is indented with a tab: whatever libyaml says, that is why. */
static bool is_indented_by_tab(const struct yaml_tree *tree, const struct mark *mark, int *column)
{
    size_t begin = byte_of_line(tree, mark->line);

    for (size_t at = begin; at < tree->length; at++) {
        if (tree->bytes[at] == '\t') {
            *column = (int)(at - begin) + 1;
            return true;
        }
        if (tree->bytes[at] != ' ')
            return false;
    }
    return false;
}

static char byte_at(const struct yaml_tree *tree, const struct mark *mark)
{
    size_t at = byte_of_line(tree, mark->line);

    for (int column = 1; column < mark->column && at < tree->length; column++)
        do
            at++;
        while (at < tree->length && ((unsigned char)tree->bytes[at] & 0xC0) == 0x80);
    return at < tree->length ? tree->bytes[at] : '\0';
}

static bool report_token(const struct yaml_tree *tree, struct mark mark, struct diagnostics *problems)
{
    char found = byte_at(tree, &mark);
    struct diagnostic *own = NULL;

    if (found <= ' ' || found == 0x7F)
        return false;
    own = diagnostics_add(problems, ERR_SPEC_INVALID, mark, "'%c' cannot begin a value", found);
    own->hint = "put the value in quotes";
    return true;
}

void yaml_error_report(const struct yaml_tree *tree, const yaml_parser_t *parser, struct diagnostics *problems)
{
    struct mark mark = {tree->file, (int)parser->problem_mark.line + 1, (int)parser->problem_mark.column + 1};
    const struct wording *wording = NULL;
    struct diagnostic *own = NULL;
    int tab = 0;

    /* Where libyaml cannot make an event it says nothing at all. */
    if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL)
        out_of_memory();
    if (parser->error == YAML_READER_ERROR) {
        report_reader(tree, parser, problems);
        return;
    }
    if (is_indented_by_tab(tree, &mark, &tab)) {
        mark.column = tab;
        own = diagnostics_add(problems, ERR_SPEC_INVALID, mark, "a tab cannot indent YAML");
        own->hint = "use spaces";
        return;
    }
    if (strcmp(parser->problem, "found character that cannot start any token") == 0 &&
        report_token(tree, mark, problems))
        return;
    wording = find_wording(parser->problem);
    if (wording == NULL) {
        own = diagnostics_add(problems, ERR_SPEC_INVALID, mark, "not valid YAML: %s", parser->problem);
    } else {
        if (wording->at_beginning && parser->context != NULL)
            mark = (struct mark){tree->file, (int)parser->context_mark.line + 1, (int)parser->context_mark.column + 1};
        own = diagnostics_add(problems, ERR_SPEC_INVALID, mark, "%s", wording->ours);
        own->hint = wording->hint;
    }
    if (own->hint == NULL && parser->context != NULL && (wording == NULL || !wording->at_beginning))
        own->hint = arena_printf(diagnostics_arena(problems), "what is being read here begins at line %zu, column %zu",
                                 parser->context_mark.line + 1, parser->context_mark.column + 1);
}
