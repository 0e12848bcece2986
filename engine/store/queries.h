#ifndef ENGINE_STORE_QUERIES_H
#define ENGINE_STORE_QUERIES_H

/* For database.c: the named queries that a record keeps prepared. query_rows() is in record.h. */

struct record;

void queries_forget(struct record *record);

#endif
