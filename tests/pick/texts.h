#ifndef TESTS_PICK_TEXTS_H
#define TESTS_PICK_TEXTS_H

/* Dice, and made-up texts that are changed by them. */

#include "pick/generate.h"

#define LINES_MOST 400

struct dice {
    struct arena *arena;
    uint64_t state;
};

struct lines {
    const char *items[LINES_MOST];
    int count;
};

uint64_t next(struct dice *dice);
int roll(struct dice *dice, int below); /* 0 .. below - 1 */
bool once_in(struct dice *dice, int times);

void make_lines(struct dice *dice, int count, struct lines *out);
void split(struct dice *dice, const struct made_file *file, struct lines *out);
void join(struct dice *dice, const struct lines *lines, bool newline_at_end, struct made_file *out);
void insert(struct lines *lines, int at, const char *line);
void cut(struct lines *lines, int at);

/* Some changes of lines, in the part of the file from `from` to `to` percent. */
void edit_text(struct dice *dice, struct made_file *file, int changes, int from, int to);
void edit_anywhere(struct dice *dice, struct made_file *file);

#endif
