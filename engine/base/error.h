#ifndef ENGINE_BASE_ERROR_H
#define ENGINE_BASE_ERROR_H

/*
 * Errors are values: returned, chained, located. NULL is success.
 *
 * A function that can fail returns `struct error *`; the caller owns it and
 * either hands it on (TRY, TRY_AS) or ends it with error_free(). Out of memory
 * is not an error here: it ends the process, and the journal resumes the work.
 */

#include <stdbool.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* What went wrong. Each code has one row (id, exit code, explanation) in error.c. */
enum error_code {
    ERR_USAGE,          /* the command line is wrong */
    ERR_SPEC_INVALID,   /* penstock.yaml or a pipeline is wrong */
    ERR_PLAN_REFUSED,   /* the order of the pipeline is unlawful */
    ERR_NOT_ALLOWED,    /* this person may not do that */
    ERR_NOT_FOUND,      /* the named thing is not in the record, the repository or on disk */
    ERR_CONFLICT,       /* in the way: another live release, an old answer, a taken name */
    ERR_LEASE_HELD,     /* another runner works on this environment */
    ERR_REPOSITORY,     /* git repository: shallow, owned by another, damaged */
    ERR_PICK_REFUSED,   /* a commit cannot be picked onto a branch without somebody deciding something */
    ERR_RECORD,         /* the record cannot be read or written; nothing acts without it */
    ERR_RECORD_DAMAGED, /* the record's chain or schema is broken; opened read-only */
    ERR_IO,             /* a file, socket or process could not be used */
    ERR_UNKNOWN_ANSWER, /* the world gave no usable answer; unknown is never zero */
    ERR_UNHEALTHY,      /* an instance is not healthy */
    ERR_CHECK_FAILED,   /* a check or a command said no */
    ERR_TIMEOUT,        /* a deadline passed */
    ERR_FOREIGN_CHANGE, /* somebody else changed what the release steers */
    ERR_LIMIT,          /* an input is larger than its limit */
    ERR_BUG,            /* a fault of penstock itself */
    ERR_CODE_COUNT,
};

/* What to do about it. */
enum error_kind {
    KIND_PERMANENT, /* trying again will not help */
    KIND_TRANSIENT, /* trying again may help */
    KIND_IN_DOUBT,  /* it may have happened: observe, or ask a person */
};

/* A place in a text file. Lines and columns count from 1, columns in characters. line 0 = no place. */
struct mark {
    const char *file; /* borrowed; lives as long as the document */
    int line;
    int column;
};

struct error {
    enum error_code code;
    enum error_kind kind;
    struct mark mark;
    char *text;          /* lower case, no full stop, names in 'quotes' */
    char *hint;          /* what to type or change next; may be NULL */
    struct error *cause; /* owned; what was behind it; may be NULL */
};

NODISCARD struct error *error_new(enum error_code code, enum error_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);
NODISCARD struct error *error_at(enum error_code code, struct mark mark, const char *format, ...) PRINTF_LIKE(3, 4);
/* From errno; the text ends with the system's words for it. EAGAIN, EINTR and the like are transient. */
NODISCARD struct error *error_errno(const char *format, ...) PRINTF_LIKE(1, 2);

/* Adds or replaces the hint; returns `error`, which may be NULL (then nothing happens). */
struct error *error_hint(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);
/* Puts a sentence in front, keeping code, kind, mark and hint. Takes ownership of `cause`. */
NODISCARD struct error *error_wrap(struct error *cause, const char *format, ...) PRINTF_LIKE(2, 3);
void error_free(struct error *error);
/* For CLEANUP(error_cleanup). */
void error_cleanup(struct error **error);

/* "outer: inner: inmost" on one line; malloc'd, the caller frees it. */
char *error_line(const struct error *error);

const char *error_code_id(enum error_code code);      /* "E0101" */
const char *error_code_summary(enum error_code code); /* one line */
const char *error_code_doc(enum error_code code);     /* a paragraph: what it means, what to do */
int error_exit_code(enum error_code code);            /* the table of `penstock help exit-codes` */
const char *error_kind_text(enum error_kind kind);    /* "permanent" | "transient" | "in_doubt" */
bool error_kind_parse(const char *text, enum error_kind *out);

/* Ends the process with exit code 70: a fault in penstock. Dying is safe, guessing is not. */
_Noreturn void bug_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
#define MUST(condition) ((condition) ? (void)0 : bug_at(__FILE__, __LINE__, "'%s' does not hold", #condition))

#define TRY(call)                          \
    do {                                   \
        struct error *try_error_ = (call); \
        if (try_error_)                    \
            return try_error_;             \
    } while (0)

#define TRY_AS(call, ...)                               \
    do {                                                \
        struct error *try_error_ = (call);              \
        if (try_error_)                                 \
            return error_wrap(try_error_, __VA_ARGS__); \
    } while (0)

#endif
