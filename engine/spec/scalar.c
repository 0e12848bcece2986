#include "spec/scalar.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"

static bool is_among(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static enum scalar_type number_type(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, DIGITS);
    size_t fraction = 0;
    bool dot = false;
    bool exponent = false;

    at += whole;
    if (*at == '.') {
        dot = true;
        at++;
        fraction = strspn(at, DIGITS);
        at += fraction;
    }
    if (whole + fraction == 0)
        return SCALAR_TEXT;
    if (*at == 'e' || *at == 'E') {
        exponent = true;
        at++;
        at += *at == '-' || *at == '+';
        if (strspn(at, DIGITS) == 0)
            return SCALAR_TEXT;
        at += strspn(at, DIGITS);
    }
    if (*at != '\0')
        return SCALAR_TEXT;
    return dot || exponent ? SCALAR_FLOAT : SCALAR_INT;
}

enum scalar_type scalar_type(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    static const char *const others[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
    const char *unsigned_text = text + (*text == '-' || *text == '+');

    if (is_among(text, nulls))
        return SCALAR_NULL;
    if (is_among(text, bools))
        return SCALAR_BOOL;
    if (strncmp(text, "0x", 2) == 0 && text[2] != '\0' && strspn(text + 2, DIGITS "abcdefABCDEF") == strlen(text + 2))
        return SCALAR_OTHER_NUMBER;
    if (strncmp(text, "0o", 2) == 0 && text[2] != '\0' && strspn(text + 2, "01234567") == strlen(text + 2))
        return SCALAR_OTHER_NUMBER;
    if (is_among(unsigned_text, others))
        return SCALAR_OTHER_NUMBER;
    return number_type(text);
}

const char *scalar_type_words(const char *text)
{
    switch (scalar_type(text)) {
    case SCALAR_BOOL:
        return "boolean";
    case SCALAR_INT:
    case SCALAR_FLOAT:
    case SCALAR_OTHER_NUMBER:
        return "number";
    case SCALAR_TEXT:
    case SCALAR_NULL:
        break;
    }
    return NULL;
}

bool scalar_is_ambiguous(const char *text)
{
    static const char *const words[] = {"yes", "no", "on", "off", "y", "n", NULL};

    for (size_t i = 0; words[i] != NULL; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

bool scalar_is_json_number(const char *text)
{
    const char *at = text + (*text == '-');
    size_t whole = strspn(at, DIGITS);

    if (whole == 0 || (whole > 1 && at[0] == '0'))
        return false;
    if (number_type(text) == SCALAR_TEXT)
        return false;
    at += whole;
    return *at != '.' || (at[1] >= '0' && at[1] <= '9');
}
