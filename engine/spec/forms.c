/* What texts must look like: the check, the words for messages, and the pattern for editors. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "spec/fields.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_made_of(const char *text, const char *first, const char *others, size_t most)
{
    size_t length = strlen(text);

    return length > 0 && length <= most && strchr(first, text[0]) != NULL && strspn(text, others) == length;
}

static bool is_any(const char *text)
{
    return *text != '\0';
}

static bool is_argument(const char *text)
{
    (void)text;
    return true;
}

static bool is_name(const char *text)
{
    return is_made_of(text, LETTERS DIGITS, LETTERS DIGITS "-_.", 63);
}

static bool is_person(const char *text)
{
    return is_made_of(text, LETTERS DIGITS "_", LETTERS DIGITS "_.@+-", 128);
}

static bool is_variable(const char *text)
{
    return is_made_of(text, LETTERS "_", LETTERS DIGITS "_", 255);
}

static bool has_blank(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7F)
            return true;
    return false;
}

static bool is_below(const char *text)
{
    const char *part = text;

    if (*text == '\0' || *text == '/')
        return false;
    while (part != NULL) {
        if (strncmp(part, "..", 2) == 0 && (part[2] == '\0' || part[2] == '/'))
            return false;
        part = strchr(part, '/');
        part = part == NULL ? NULL : part + 1;
    }
    return true;
}

static bool is_absolute(const char *text)
{
    return *text == '/';
}

static bool is_http_path(const char *text)
{
    return *text == '/' && !has_blank(text);
}

/* A name is refused with better words, where the field says that none is replaced there. */
static bool is_door_path(const char *text)
{
    return text_is_plain_url(text) || (is_http_path(text) && strstr(text, "${") != NULL);
}

static bool is_url(const char *text)
{
    const char *host = text_starts(text, "http://") ? text + 7 : text_starts(text, "https://") ? text + 8 : "";

    return *host != '\0' && *host != '/' && !has_blank(host);
}

static bool is_port(const char *text)
{
    size_t length = strspn(text, DIGITS);

    return length > 0 && length <= 5 && text[length] == '\0' && text[0] != '0' && atoi(text) <= 65535;
}

static bool is_bind(const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    bool six = length > 2 && text[0] == '[' && text[length - 1] == ']';

    if (colon == NULL || !is_port(colon + 1))
        return false;
    length -= six ? 2 : 0;
    if (length >= sizeof(host))
        return false;
    memcpy(host, text + (six ? 1 : 0), length);
    host[length] = '\0';
    return inet_pton(six ? AF_INET6 : AF_INET, host, address) == 1;
}

/* $ ( . name | [ number ] )* */
static bool is_json_path(const char *text)
{
    const char *at = text;

    if (*at++ != '$')
        return false;
    while (*at != '\0') {
        size_t length = 0;

        if (*at == '.') {
            at++;
            if (*at == '\0' || strchr(LETTERS "_", *at) == NULL)
                return false;
            at += strspn(at, LETTERS DIGITS "_-");
        } else if (*at == '[') {
            at++;
            length = strspn(at, DIGITS);
            if (length == 0 || length > 6 || (length > 1 && *at == '0') || at[length] != ']')
                return false;
            at += length + 1;
        } else {
            return false;
        }
    }
    return true;
}

/* label="value", with \\ \" \n as escapes */
static const char *skip_label(const char *at)
{
    if (*at == '\0' || strchr(LETTERS "_", *at) == NULL)
        return NULL;
    at += strspn(at, LETTERS DIGITS "_");
    if (strncmp(at, "=\"", 2) != 0)
        return NULL;
    for (at += 2; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (*at == '\0' || *at == '\n')
            return NULL;
    }
    return at + 1;
}

static bool is_metric(const char *text)
{
    const char *at = text;

    if (*at == '\0' || strchr(LETTERS "_:", *at) == NULL)
        return false;
    at += strspn(at, LETTERS DIGITS "_:");
    if (*at == '\0')
        return true;
    if (*at++ != '{')
        return false;
    for (;;) {
        at = skip_label(at);
        if (at == NULL)
            return false;
        if (strcmp(at, "}") == 0)
            return true;
        if (*at++ != ',')
            return false;
    }
}

static bool is_sql(const char *text)
{
    static const char *const words[] = {"select", "with"};

    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(words[i]);

        if (strncasecmp(text, words[i], length) == 0 && strchr(" \t\r\n(", text[length]) != NULL &&
            text[length] != '\0')
            return true;
    }
    return false;
}

static bool is_mail(const char *text)
{
    const char *at = strchr(text, '@');

    return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL && !has_blank(text) &&
           strlen(text) <= 254;
}

/* What git refuses in names is only refused as far as it would surprise: nothing could ever match it. */
static bool is_branches(const char *text)
{
    return *text != '\0' && *text != '-' && *text != '/' && !text_starts(text, "refs/") && !has_blank(text) &&
           strpbrk(text, "~^:?[\\") == NULL && strstr(text, "..") == NULL;
}

static bool is_branch(const char *text)
{
    return is_branches(text) && strchr(text, '*') == NULL;
}

static bool is_zone(const char *text)
{
    return is_made_of(text, LETTERS, LETTERS DIGITS "_+-/", 63);
}

struct form {
    bool (*accepts)(const char *text);
    const char *words;
    const char *pattern;
    bool numbers;
};

static const struct form forms[FORM_COUNT_] = {
    [FORM_ANY] = {is_any, "text", NULL, true},
    [FORM_ARGUMENT] = {is_argument, "text", NULL, true},
    [FORM_NAME] = {is_name, "a name (letters, digits, '-', '_', '.'; a letter or digit first; at most 63)",
                   "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", false},
    [FORM_PERSON] = {is_person, "a login name or mail address", "^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}$", false},
    [FORM_VARIABLE] = {is_variable, "the name of an environment variable (letters, digits, '_')",
                       "^[A-Za-z_][A-Za-z0-9_]{0,254}$", false},
    [FORM_FILE] = {is_any, "a path", "^[\\s\\S]+$", false},
    [FORM_ABSOLUTE] = {is_absolute, "an absolute path", "^/", false},
    [FORM_BELOW] = {is_below, "a relative path without '..'", "^(?!/)(?![\\s\\S]*(^|/)\\.\\.(/|$))[\\s\\S]+$", false},
    [FORM_HTTP_PATH] = {is_http_path, "a path that begins with '/', without blanks", "^/[^\\x00-\\x20\\x7f]*$", false},
    [FORM_DOOR_PATH] = {is_door_path, "a path that begins with '/', of letters, digits and /-._~?&=:@!*+%",
                        "^/[A-Za-z0-9/._~?&=:@!*+%-]{0,998}$", false},
    [FORM_URL] = {is_url, "a URL that begins with http:// or https://",
                  "^https?://[^/\\x00-\\x20\\x7f][^\\x00-\\x20\\x7f]*$", false},
    [FORM_BIND] = {is_bind, "an address and port, such as 127.0.0.1:8080",
                   "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9A-Fa-f:.]+\\]):[1-9][0-9]{0,4}$", false},
    [FORM_JSON_PATH] = {is_json_path, "a JSON path, such as $.rooms or $.a[0].b",
                        "^\\$(\\.[A-Za-z_][A-Za-z0-9_-]*|\\[(0|[1-9][0-9]{0,5})\\])*$", false},
    [FORM_METRIC] = {is_metric, "a metric, such as rooms_active or rooms{state=\"open\"}",
                     "^[A-Za-z_:][A-Za-z0-9_:]*(\\{[A-Za-z_][A-Za-z0-9_]*=\"([^\"\\\\\\n]|\\\\[^\\n])*\""
                     "(,[A-Za-z_][A-Za-z0-9_]*=\"([^\"\\\\\\n]|\\\\[^\\n])*\")*\\})?$",
                     false},
    [FORM_SQL] = {is_sql, "a SQL query that begins with 'select' or 'with'",
                  "^([Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh])[ \\t\\r\\n(]", false},
    [FORM_MAIL] = {is_mail, "a mail address", "^[^@\\x00-\\x20\\x7f]+@[^@\\x00-\\x20\\x7f]+$", false},
    [FORM_BRANCH] = {is_branch, "the name of a branch, such as main",
                     "^(?![-/])(?!refs/)(?![\\s\\S]*\\.\\.)[^\\x00-\\x20\\x7f~^:?\\[\\\\*]+$", false},
    [FORM_BRANCHES] = {is_branches, "the name of a branch, such as main or release/*",
                       "^(?![-/])(?!refs/)(?![\\s\\S]*\\.\\.)[^\\x00-\\x20\\x7f~^:?\\[\\\\]+$", false},
    [FORM_ZONE] = {is_zone, "a time zone, such as Europe/Warsaw or UTC", "^[A-Za-z][A-Za-z0-9_+/-]{0,62}$", false},
};

bool form_accepts(enum text_form form, const char *text)
{
    return forms[form].accepts(text);
}

const char *form_words(enum text_form form)
{
    return forms[form].words;
}

const char *form_pattern(enum text_form form)
{
    return forms[form].pattern;
}

bool form_takes_numbers(enum text_form form)
{
    return forms[form].numbers;
}
