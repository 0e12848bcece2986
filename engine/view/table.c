#include "view/table.h"

#include <stddef.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "view/screen.h"

#define GAP 2
#define LEAST_WIDTH 8 /* a cut column narrower than this says nothing and is left out */
#define COLUMNS_MOST 64

struct table {
    struct arena *arena;
    const struct table_column *columns;
    int column_count;
    const char ***rows;
    size_t row_count, row_capacity;
    int *before; /* widths of the table that this one goes on from; NULL or zeros = it is the first */
};

struct table *table_new(struct arena *arena, const struct table_column *columns)
{
    struct table *table = ARENA_NEW(arena, struct table);

    table->arena = arena;
    table->columns = columns;
    while (columns[table->column_count].title)
        table->column_count++;
    MUST(table->column_count <= COLUMNS_MOST);
    return table;
}

void table_row(struct table *table, const char *const *cells)
{
    const char **row = arena_array(table->arena, (size_t)table->column_count, sizeof(*row));

    for (int i = 0; i < table->column_count; i++)
        row[i] = cells[i] ? cells[i] : "";
    *ARENA_PUSH(table->arena, table->rows, table->row_count, table->row_capacity) = row;
}

void table_go_on(struct table *table, int *widths)
{
    table->before = widths;
}

int table_rows(const struct table *table)
{
    return (int)table->row_count;
}

static int total(const int *widths, int count)
{
    int sum = 0;

    for (int i = 0; i < count; i++)
        sum += widths[i] ? widths[i] + (sum ? GAP : 0) : 0;
    return sum;
}

/* The column that is given up next: the largest rank that still stands and may go; -1 = none. */
static int next_victim(const struct table *table, const int *widths)
{
    int victim = -1;

    for (int i = 0; i < table->column_count; i++) {
        if (!widths[i] || table->columns[i].rank <= 1)
            continue;
        if (victim < 0 || table->columns[i].rank >= table->columns[victim].rank)
            victim = i;
    }
    return victim;
}

static void measure(const struct table *table, const struct screen *screen, int *widths)
{
    for (int i = 0; i < table->column_count; i++) {
        widths[i] = screen_columns(table->columns[i].title);
        if (table->before && table->before[i] > widths[i])
            widths[i] = table->before[i];
        for (size_t r = 0; r < table->row_count; r++) {
            int columns = screen_columns(table->rows[r][i]);

            widths[i] = columns > widths[i] ? columns : widths[i];
        }
    }
    while (screen->width > 0 && total(widths, table->column_count) > screen->width) {
        int victim = next_victim(table, widths);
        int over = total(widths, table->column_count) - screen->width;

        if (victim < 0)
            return;
        widths[victim] = widths[victim] - over >= LEAST_WIDTH ? widths[victim] - over : 0;
    }
}

static void pad(struct strbuf *out, int columns)
{
    for (int i = 0; i < columns; i++)
        strbuf_char(out, ' ');
}

static void render_row(const struct table *table, const struct screen *screen, const int *widths,
                       const char *const *cells, struct strbuf *out)
{
    int owed = 0; /* blanks before the next cell; never printed at the end of a line */

    for (int i = 0; i < table->column_count; i++) {
        int columns = screen_columns(cells[i]);
        int space = widths[i] > columns ? widths[i] - columns : 0;

        if (!widths[i])
            continue;
        if (columns > 0) {
            pad(out, owed + (table->columns[i].right ? space : 0));
            screen_cut(screen, out, cells[i], widths[i]);
            owed = GAP + (table->columns[i].right ? 0 : space);
        } else {
            owed += widths[i] + GAP;
        }
    }
    strbuf_char(out, '\n');
}

void table_render(const struct table *table, const struct screen *screen, struct strbuf *out)
{
    int widths[COLUMNS_MOST];
    const char *titles[COLUMNS_MOST];

    measure(table, screen, widths);
    for (int i = 0; i < table->column_count; i++)
        titles[i] = screen_ink(screen, table->arena, INK_BOLD, table->columns[i].title);
    if (!table->before || !table->before[0])
        render_row(table, screen, widths, titles, out);
    for (int i = 0; table->before && i < table->column_count; i++)
        table->before[i] = widths[i];
    for (size_t r = 0; r < table->row_count; r++)
        render_row(table, screen, widths, table->rows[r], out);
}
