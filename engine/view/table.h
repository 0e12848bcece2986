#ifndef ENGINE_VIEW_TABLE_H
#define ENGINE_VIEW_TABLE_H

/*
 * A table for people: aligned, no borders. On a terminal the least important columns are cut, then left out, until it
 * fits; elsewhere every value is whole.
 */

#include <stdbool.h>

struct arena;
struct screen;
struct strbuf;

struct table;

struct table_column {
    const char *title;
    int rank;   /* 1 = never given up; larger numbers go first */
    bool right; /* numbers */
};

/* `columns` ends with a NULL title and is borrowed, as are the cells. */
struct table *table_new(struct arena *arena, const struct table_column *columns);
/* As many cells as there are columns; NULL is an empty cell. */
void table_row(struct table *table, const char *const *cells);
/*
 * For rows that come in several tables: `widths` (an int a column, zeros before the first) is kept from one to the next, so
 * that they look like one. Only the first shows the titles. Borrowed.
 */
void table_go_on(struct table *table, int *widths);
int table_rows(const struct table *table);
void table_render(const struct table *table, const struct screen *screen, struct strbuf *out);

#endif
