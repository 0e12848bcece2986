/*
 * Errors as values, and the one table of error codes. An id never changes its meaning; a code that goes leaves a gap.
 * First two digits: 01 command line, 02 files that people write, 03 people and turns, 04 repository, 05 record,
 * 06 this machine, 07 the world, 09 penstock itself.
 */

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

enum exit_code {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INVALID = 3,
    EXIT_NOT_ALLOWED = 4,
    EXIT_CONFLICT = 7,
    EXIT_UNKNOWN = 9,
    EXIT_BUG = 70,
};

struct code_row {
    const char *id;
    int exit_code;
    const char *summary;
    const char *doc;
};

static const struct code_row codes[ERR_CODE_COUNT] = {
    [ERR_USAGE] = {"E0101", EXIT_USAGE, "the command line is wrong",
                   "A command, option or argument is not known, missing, or does not fit the others. Nothing was "
                   "done. `penstock help COMMAND` shows what the command takes."},
    [ERR_SPEC_INVALID] = {"E0201", EXIT_INVALID, "penstock.yaml or a pipeline is not valid",
                          "The file was read, but it says something that has no meaning: an unknown key, a value out "
                          "of its range, a name that nothing bears. Each problem is listed with file, line and "
                          "column. Nothing was done. `penstock explain KEY` prints what a key takes."},
    [ERR_PLAN_REFUSED] = {"E0202", EXIT_INVALID, "the pipeline asks for something unlawful",
                          "The file is well-formed, but the release it describes could lose work or traffic: new "
                          "traffic before validation, or destroying a stamp that still has work. The message names "
                          "the rule and the step. Nothing was done. Change the order of the stages."},
    [ERR_NOT_ALLOWED] = {"E0301", EXIT_NOT_ALLOWED, "you may not do that",
                         "The project gives this right to other people, or asks that somebody else than the one who "
                         "started the release does it. The try is in the record. Ask one of the people named in the "
                         "message."},
    [ERR_NOT_FOUND] = {"E0302", EXIT_FAILED, "the named thing does not exist",
                       "No release, environment, branch, file or other thing has this name. The message says where "
                       "it was looked for and, when one is near, which name was perhaps meant."},
    [ERR_CONFLICT] = {"E0303", EXIT_CONFLICT, "something is in the way",
                      "Another release is live in this environment, the question was already answered, or the name is "
                      "taken. Nothing was changed. `penstock status` shows what is going on; wait for it, or end it."},
    [ERR_LEASE_HELD] = {"E0304", EXIT_CONFLICT, "another runner works on this environment",
                        "One runner at a time may act on an environment, and another one holds the lease or took it "
                        "over. This process stopped before it touched anything more. The message names the holder; "
                        "if that process is dead, `penstock resume` takes over."},
    [ERR_REPOSITORY] = {"E0401", EXIT_FAILED, "the git repository cannot be used",
                        "The repository is shallow, damaged, owned by another user, or not a repository at all. "
                        "penstock reads it only, and repairs nothing. The message says what git found."},
    [ERR_PICK_REFUSED] = {"E0402", EXIT_CONFLICT, "a commit cannot be picked",
                          "The change does not fit onto the branch, is there already, or is none; or the commit is a "
                          "merge. Nothing was changed: no branch, no file, no object. The message names the files; "
                          "where git itself would have to guess it is refused too. Pick it by hand with git."},
    [ERR_RECORD] = {"E0501", EXIT_FAILED, "the record cannot be read or written",
                    "Every act is written to the record before it is tried, so without the record nothing acts. "
                    "Causes are a full disk, missing rights, or a file system without locks. Once that is repaired, "
                    "`penstock resume` goes on where the record ends."},
    [ERR_RECORD_DAMAGED] = {"E0502", EXIT_FAILED, "the record is damaged",
                            "The chain of the record is broken, or its schema is not one that this version knows. It "
                            "was opened for reading only, and nothing acts on it. Restore it from a backup; "
                            "`penstock audit verify` says from which entry on it cannot be trusted."},
    [ERR_IO] = {"E0601", EXIT_FAILED, "a file, socket or process could not be used",
                "The operating system refused; its own words end the message. Often it is a missing right, a wrong "
                "path, or a service that does not listen."},
    [ERR_LIMIT] = {"E0602", EXIT_FAILED, "an input is larger than its limit",
                   "Everything that comes from outside has a limit, so that a broken or hostile peer cannot exhaust "
                   "this machine. The message says which input, and the limit."},
    [ERR_UNKNOWN_ANSWER] = {"E0701", EXIT_UNKNOWN, "the world gave no usable answer",
                            "A probe, load balancer or command answered nothing, or nothing that can be understood. "
                            "Unknown is never taken for zero or for healthy, so the release does not go on from "
                            "here by itself. Ask the peer by hand; then retry the step or abort the release."},
    [ERR_UNHEALTHY] = {"E0702", EXIT_FAILED, "an instance is not healthy",
                       "An instance of the stamp does not run, does not answer, or says of itself that it is not "
                       "ready. Its last output is in the record: `penstock logs`."},
    [ERR_CHECK_FAILED] = {"E0703", EXIT_FAILED, "a check or a command said no",
                          "The check ran to its end and its result does not satisfy the pipeline. The message shows "
                          "the value found and the value wanted."},
    [ERR_TIMEOUT] = {"E0704", EXIT_FAILED, "a deadline passed",
                     "The step did not come to its end in the time that the pipeline gives it. What it had started "
                     "was stopped or observed; the message says what was last seen."},
    [ERR_FOREIGN_CHANGE] = {"E0705", EXIT_FAILED, "somebody else changed what the release steers",
                            "Weights, instances or files are not as this release left them, and no step of it did "
                            "that. It stopped rather than overwrite the other's work. Find out who it was; then "
                            "retry, which starts from what is there now, or abort."},
    [ERR_BUG] = {"E0901", EXIT_BUG, "a fault of penstock itself",
                 "penstock found itself in a state that must not be, and ended rather than guess. The record is "
                 "whole, and `penstock resume` goes on from it. Please report the message."},
};

static const char *const kind_texts[] = {
    [KIND_PERMANENT] = "permanent",
    [KIND_TRANSIENT] = "transient",
    [KIND_IN_DOUBT] = "in_doubt",
};

/* Takes ownership of `text`. */
static struct error *error_make(enum error_code code, enum error_kind kind, char *text)
{
    struct error *error = heap_alloc(sizeof(*error));

    error->code = code;
    error->kind = kind;
    error->text = text;
    return error;
}

struct error *error_new(enum error_code code, enum error_kind kind, const char *format, ...)
{
    struct error *error;
    va_list arguments;

    va_start(arguments, format);
    error = error_make(code, kind, heap_vprintf(format, arguments));
    va_end(arguments);
    return error;
}

struct error *error_at(enum error_code code, struct mark mark, const char *format, ...)
{
    struct error *error;
    va_list arguments;

    va_start(arguments, format);
    error = error_make(code, KIND_PERMANENT, heap_vprintf(format, arguments));
    va_end(arguments);
    error->mark = mark;
    return error;
}

/* Those that may be gone at the next try, with nobody doing anything about it. */
static bool errno_is_transient(int number)
{
    switch (number) {
    case EAGAIN:
    case EINTR:
    case EBUSY:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return true;
    default:
        return false;
    }
}

struct error *error_errno(const char *format, ...)
{
    int number = errno;
    char *front CLEANUP(heap_cleanup) = NULL;
    va_list arguments;

    va_start(arguments, format);
    front = heap_vprintf(format, arguments);
    va_end(arguments);
    return error_make(number == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                      errno_is_transient(number) ? KIND_TRANSIENT : KIND_PERMANENT,
                      heap_printf("%s: %s", front, strerror(number)));
}

struct error *error_hint(struct error *error, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return NULL;
    free(error->hint);
    va_start(arguments, format);
    error->hint = heap_vprintf(format, arguments);
    va_end(arguments);
    return error;
}

struct error *error_wrap(struct error *cause, const char *format, ...)
{
    struct error *error;
    va_list arguments;

    if (!cause)
        return NULL;
    va_start(arguments, format);
    error = error_make(cause->code, cause->kind, heap_vprintf(format, arguments));
    va_end(arguments);
    error->mark = cause->mark;
    error->hint = cause->hint;
    cause->hint = NULL; /* moved, so that it is shown once */
    error->cause = cause;
    return error;
}

void error_free(struct error *error)
{
    while (error) {
        struct error *cause = error->cause;

        free(error->text);
        free(error->hint);
        free(error);
        error = cause;
    }
}

void error_cleanup(struct error **error)
{
    error_free(*error);
    *error = NULL;
}

char *error_line(const struct error *error)
{
    struct strbuf line = STRBUF_INIT(0);

    for (; error; error = error->cause) {
        strbuf_text(&line, error->text);
        if (error->cause)
            strbuf_text(&line, ": ");
    }
    return strbuf_take(&line);
}

static const struct code_row *code_row(enum error_code code)
{
    MUST((unsigned)code < ERR_CODE_COUNT);
    return &codes[code];
}

const char *error_code_id(enum error_code code)
{
    return code_row(code)->id;
}

const char *error_code_summary(enum error_code code)
{
    return code_row(code)->summary;
}

const char *error_code_doc(enum error_code code)
{
    return code_row(code)->doc;
}

int error_exit_code(enum error_code code)
{
    return code_row(code)->exit_code;
}

const char *error_kind_text(enum error_kind kind)
{
    MUST((unsigned)kind <= KIND_IN_DOUBT);
    return kind_texts[kind];
}

bool error_kind_parse(const char *text, enum error_kind *out)
{
    for (unsigned i = 0; i <= KIND_IN_DOUBT; i++) {
        if (strcmp(kind_texts[i], text) == 0) {
            *out = (enum error_kind)i;
            return true;
        }
    }
    return false;
}

void bug_at(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("this is a bug in penstock: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (%s:%d)\n", file, line);
    va_end(arguments);
    exit(EXIT_BUG);
}
