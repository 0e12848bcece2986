#ifndef ENGINE_VIEW_SCREEN_H
#define ENGINE_VIEW_SCREEN_H

/*
 * What the stream that we print to can show: its width, colours, characters, and whether lines may be drawn over.
 * Colour never carries a meaning alone; marks have an ASCII form for other locales.
 */

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct strbuf;

struct screen {
    bool terminal; /* a person looks at it; else lines are neither cut nor drawn over */
    bool live;     /* may be drawn over: a terminal that is not dumb, and no CI */
    bool color;
    bool utf8;
    int width;  /* columns; 0 = unlimited */
    int height; /* lines; 0 = unlimited */
};

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum mark_kind {
    MARK_DONE,    /* a check mark */
    MARK_FAILED,  /* a cross */
    MARK_WARN,    /* an exclamation mark */
    MARK_NOW,     /* a dot: this is going on */
    MARK_LATER,   /* not begun */
    MARK_SKIPPED, /* left out */
};

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_RED, INK_GREEN, INK_YELLOW, INK_CYAN };

/* Asks the system about the descriptor, and the environment about colour (NO_COLOR, CLICOLOR_FORCE, TERM, CI). */
struct screen screen_of(int fd, enum color_choice choice);

/* Asks a terminal for its size again: people drag windows. */
void screen_measure(struct screen *screen, int fd);

/* The mark, coloured when the screen has colours. A constant; one column wide. */
const char *screen_mark(const struct screen *screen, enum mark_kind mark);
/* The text between the colour's codes, in the arena; the text itself without colours. */
const char *screen_ink(const struct screen *screen, struct arena *arena, enum ink ink, const char *text);
/* Columns of a text that may hold our colour codes. */
int screen_columns(const char *text);
/* Appends at most `width` columns of the text (0 = all), then ends an open colour. The cut is shown by "~" or an ellipsis. */
void screen_cut(const struct screen *screen, struct strbuf *out, const char *text, int width);
/* Appends whole lines, each cut to the screen's width; at most `most` of them (0 = all). Returns how many. */
int screen_lines(const struct screen *screen, struct strbuf *out, const char *text, int most);
/* Appends the text; lines that are too long for the screen are broken between words, and go on below their own text. */
void screen_wrap(const struct screen *screen, struct strbuf *out, const char *text);
/* Appends whole lines, uncut. Returns how many rows of the screen they take. */
int screen_whole(const struct screen *screen, struct strbuf *out, const char *text);
/* A bar of `cells` columns, filled in proportion to the share. */
void screen_bar(const struct screen *screen, struct strbuf *out, int basis_points, int cells);

/* For people: "3 m ago", "now"; from the largest unit only. */
const char *ago_text(struct arena *arena, int64_t at_ms, int64_t now_ms);
/* For people, in whole seconds: "0s", "4m10s". */
const char *waited_text(struct arena *arena, int64_t ms);
/* For people: "850ms", "9s", "4m10s", "2h05m", "3d4h". */
const char *lasting_text(struct arena *arena, int64_t ms);

#endif
