#ifndef ENGINE_STORE_VERIFY_H
#define ENGINE_STORE_VERIFY_H

/* The parts of journal_verify() that others need: record.c for the cheap look at each opening, export.c on its way. */

#include "base/error.h"

struct journal_row;
struct journal_tail;
struct record;

/* The last row matches its hash and follows the row before it. */
NODISCARD struct error *journal_check_tail(struct record *record);
/* The row fits behind *last, which it then is (seq 0: there was none), and is as it was written. */
NODISCARD struct error *journal_check_row(struct record *record, const struct journal_row *row,
                                          struct journal_tail *last);

#endif
