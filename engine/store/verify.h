#ifndef ENGINE_STORE_VERIFY_H
#define ENGINE_STORE_VERIFY_H

/* For record.c: the cheap look at each opening. journal_verify() in record.h is the thorough one. */

#include "base/error.h"

struct record;

/* The last row matches its hash and follows the row before it. */
NODISCARD struct error *journal_check_tail(struct record *record);

#endif
