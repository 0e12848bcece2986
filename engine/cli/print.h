#ifndef ENGINE_CLI_PRINT_H
#define ENGINE_CLI_PRINT_H

/*
 * What a command says: data to stdout, all else to stderr, in the form that -o wants. And the questions it asks,
 * which need a person at both ends: otherwise they fail and name the flag that would have answered.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct cli;
struct strbuf;

/* To stdout, as it is. */
void print_text(struct cli *cli, const char *text);
/* The same; on a terminal, lines that are too long for it are broken between words. */
void print_wrapped(struct cli *cli, const char *text);
/* To stdout: indented for -o json, one line for jsonl. The document is stolen. Not for -o text. */
void print_document(struct cli *cli, json_t *document);
/* A document's beginning: {"schema_version": 1, "kind": kind}. New reference. */
json_t *document_new(const char *kind);
/* True when data has to be JSON. */
bool wants_json(const struct cli *cli);

/* One line to stderr; nothing with -q. */
void say(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* "penstock" with the options that find the same record again: "penstock -C /srv". In the arena. */
const char *program_words(const struct cli *cli);
/* A hint of a room that does not know how it was called: its "penstock watch" with those options too. In the arena. */
const char *placed_words(struct cli *cli, const char *hint);
/* Adds advice for the end: `format` is the command without "penstock". */
void next_add(struct cli *cli, const char *why, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same for another program's command: `format` is all of it. */
void next_add_other(struct cli *cli, const char *why, const char *format, ...) PRINTF_LIKE(3, 4);
/* Adds a view's advice: [{command (whole), why}]. Borrowed. */
void next_add_all(struct cli *cli, const json_t *next);
/* The advice, to stderr, unless -q or a JSON form. */
void print_next(struct cli *cli);
/* To stderr, with the advice: a frame for people, one JSON object for -o json and jsonl. */
void report_error(struct cli *cli, const struct error *error);
/* The same as text, without the advice: to be said where nothing more can be made. For free(). */
char *error_report(struct cli *cli, const struct error *error);

/* *yes true when the person, or --yes, says so. ERR_USAGE when nobody can be asked. */
NODISCARD struct error *ask_yes(struct cli *cli, const char *question, bool *yes);
/* The person types `name`, or --confirm has it. */
NODISCARD struct error *ask_name(struct cli *cli, const char *question, const char *name, bool *yes);

#endif
