#include "view/screen.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#define WIDTH_WITHOUT_ANSWER 80
#define WIDTH_LEAST 20
#define LABEL_MOST 16 /* bytes in front of a line's text */
#define WORDS_LEAST 8 /* columns that are left for it */
#define RESET "\033[0m"

static const char *const ink_codes[] = {
    [INK_PLAIN] = "",         [INK_BOLD] = "\033[1m",    [INK_DIM] = "\033[2m",   [INK_RED] = "\033[31m",
    [INK_GREEN] = "\033[32m", [INK_YELLOW] = "\033[33m", [INK_CYAN] = "\033[36m",
};

struct mark_row {
    const char *utf8;
    const char *utf8_color;
    const char *ascii;
    const char *ascii_color;
};

static const struct mark_row marks[] = {
    [MARK_DONE] = {"✓", "\033[32m✓" RESET, "+", "\033[32m+" RESET},
    [MARK_FAILED] = {"✗", "\033[31m✗" RESET, "x", "\033[31mx" RESET},
    [MARK_WARN] = {"!", "\033[33m!" RESET, "!", "\033[33m!" RESET},
    [MARK_NOW] = {"•", "\033[36m•" RESET, "*", "\033[36m*" RESET},
    [MARK_LATER] = {"·", "·", ".", "."},
    [MARK_SKIPPED] = {"-", "-", "-", "-"},
};

/* The variable is there, not empty, and not "0". */
static bool wanted(const char *name)
{
    const char *value = getenv(name);

    return value && *value && !text_is(value, "0");
}

static bool named(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}

static bool colored(enum color_choice choice, bool terminal, bool dumb)
{
    if (choice != COLOR_AUTO)
        return choice == COLOR_ALWAYS;
    if (named("NO_COLOR"))
        return false;
    if (wanted("CLICOLOR_FORCE") || wanted("FORCE_COLOR"))
        return true;
    return terminal && !dumb;
}

static int width_of(const struct winsize *size)
{
    const char *columns = getenv("COLUMNS");
    long typed = columns ? strtol(columns, NULL, 10) : 0;

    if (size->ws_col > 0)
        return size->ws_col < WIDTH_LEAST ? WIDTH_LEAST : size->ws_col;
    if (typed >= WIDTH_LEAST && typed < 10000)
        return (int)typed;
    return WIDTH_WITHOUT_ANSWER;
}

void screen_measure(struct screen *screen, int fd)
{
    struct winsize size = {0};

    if (!screen->terminal)
        return;
    (void)ioctl(fd, TIOCGWINSZ, &size);
    screen->width = width_of(&size);
    screen->height = size.ws_row;
}

struct screen screen_of(int fd, enum color_choice choice)
{
    const char *term = getenv("TERM");
    bool dumb = !term || !*term || text_is(term, "dumb");
    struct screen screen = {0};

    screen.terminal = isatty(fd) == 1;
    screen.live = screen.terminal && !dumb && !wanted("CI");
    screen.color = colored(choice, screen.terminal, dumb);
    screen.utf8 = text_is(nl_langinfo(CODESET), "UTF-8");
    screen_measure(&screen, fd);
    return screen;
}

const char *screen_mark(const struct screen *screen, enum mark_kind mark)
{
    const struct mark_row *row = &marks[mark];

    if (screen->utf8)
        return screen->color ? row->utf8_color : row->utf8;
    return screen->color ? row->ascii_color : row->ascii;
}

const char *screen_ink(const struct screen *screen, struct arena *arena, enum ink ink, const char *text)
{
    if (!screen->color || ink == INK_PLAIN)
        return text;
    return arena_printf(arena, "%s%s" RESET, ink_codes[ink], text);
}

/* Bytes of one of our colour codes at `text`, or 0. */
static size_t code_bytes(const char *text)
{
    size_t length;

    if (text[0] != '\033' || text[1] != '[')
        return 0;
    length = 2 + strspn(text + 2, "0123456789;");
    return text[length] == 'm' ? length + 1 : 0;
}

/* Bytes of the UTF-8 character at `text`, at least 1; never past the NUL. */
static size_t character_bytes(const char *text)
{
    size_t bytes = 1;

    if (((unsigned char)text[0] & 0xc0) != 0xc0)
        return 1;
    while (bytes < 4 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
        bytes++;
    return bytes;
}

/* Columns of the one character at `text`, which has `bytes` bytes. */
static int character_columns(const char *text, size_t bytes)
{
    char one[8];

    memcpy(one, text, bytes);
    one[bytes] = '\0';
    return text_columns(one);
}

int screen_columns(const char *text)
{
    int columns = 0;

    while (*text) {
        size_t bytes = code_bytes(text);

        if (!bytes) {
            bytes = character_bytes(text);
            columns += character_columns(text, bytes);
        }
        text += bytes;
    }
    return columns;
}

void screen_cut(const struct screen *screen, struct strbuf *out, const char *text, int width)
{
    bool open = false;
    int left = width;

    if (width <= 0 || screen_columns(text) <= width) {
        strbuf_text(out, text);
        return;
    }
    while (*text) {
        size_t bytes = code_bytes(text);

        if (bytes) {
            open = !text_starts(text, RESET);
        } else {
            int columns;

            bytes = character_bytes(text);
            columns = character_columns(text, bytes);
            if (columns > left - 1)
                break;
            left -= columns;
        }
        strbuf_add(out, text, bytes);
        text += bytes;
    }
    strbuf_text(out, screen->utf8 ? "…" : "~");
    if (open)
        strbuf_text(out, RESET);
}

int screen_lines(const struct screen *screen, struct strbuf *out, const char *text, int most)
{
    int lines = 0;

    while (*text && (most <= 0 || lines < most)) {
        size_t length = strcspn(text, "\n");
        struct strbuf line CLEANUP(strbuf_release) = STRBUF_INIT(0);

        strbuf_add(&line, text, length);
        screen_cut(screen, out, strbuf_view(&line), screen->width);
        strbuf_char(out, '\n');
        lines++;
        text += length + (text[length] == '\n');
    }
    return lines;
}

/* Where the rest of a line that is too long goes on: below its text, when a short label stands in front of that. */
static int hanging_columns(const char *line)
{
    size_t blanks = strspn(line, " ");
    size_t label = blanks;

    while (line[label] && label < LABEL_MOST && strncmp(line + label, "  ", 2) != 0)
        label += character_bytes(line + label);
    if (strncmp(line + label, "  ", 2) == 0) {
        struct strbuf front CLEANUP(strbuf_release) = STRBUF_INIT(0);

        strbuf_add(&front, line, label + strspn(line + label, " "));
        return screen_columns(strbuf_view(&front));
    }
    return (int)blanks + 2;
}

static void wrap_line(const struct screen *screen, struct strbuf *out, const char *line)
{
    int indent = hanging_columns(line);
    int column = 0;

    if (indent + WORDS_LEAST > screen->width)
        indent = 0;
    while (*line) {
        size_t blanks = strspn(line, " ");
        size_t length = blanks + strcspn(line + blanks, " ");
        struct strbuf word CLEANUP(strbuf_release) = STRBUF_INIT(0);
        int columns;

        strbuf_add(&word, line, length);
        columns = screen_columns(strbuf_view(&word));
        if (column > indent && column + columns > screen->width) {
            strbuf_printf(out, "\n%*s%s", indent, "", strbuf_view(&word) + blanks);
            column = indent + columns - (int)blanks;
        } else {
            strbuf_text(out, strbuf_view(&word));
            column += columns;
        }
        line += length;
    }
}

void screen_wrap(const struct screen *screen, struct strbuf *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        struct strbuf line CLEANUP(strbuf_release) = STRBUF_INIT(0);

        strbuf_add(&line, text, length);
        if (screen->width > 0 && screen_columns(strbuf_view(&line)) > screen->width)
            wrap_line(screen, out, strbuf_view(&line));
        else
            strbuf_text(out, strbuf_view(&line));
        text += length;
        if (*text == '\n') {
            strbuf_char(out, '\n');
            text++;
        }
    }
}

int screen_whole(const struct screen *screen, struct strbuf *out, const char *text)
{
    int rows = 0;

    while (*text) {
        size_t length = strcspn(text, "\n");
        struct strbuf line CLEANUP(strbuf_release) = STRBUF_INIT(0);
        int columns;

        strbuf_add(&line, text, length);
        columns = screen_columns(strbuf_view(&line));
        rows += screen->width > 0 && columns > 0 ? (columns + screen->width - 1) / screen->width : 1;
        strbuf_printf(out, "%s\n", strbuf_view(&line));
        text += length + (text[length] == '\n');
    }
    return rows;
}

void screen_bar(const struct screen *screen, struct strbuf *out, int basis_points, int cells)
{
    int filled = (basis_points * cells + SHARE_ALL / 2) / SHARE_ALL;

    /* Something is never drawn as nothing, nor almost all as all. */
    if (basis_points > 0 && filled == 0)
        filled = 1;
    if (basis_points < SHARE_ALL && filled == cells)
        filled = cells - 1;
    for (int i = 0; i < cells; i++) {
        if (i < filled)
            strbuf_text(out, screen->utf8 ? "█" : "#");
        else
            strbuf_text(out, screen->utf8 ? "░" : ".");
    }
}

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

const char *ago_text(struct arena *arena, int64_t at_ms, int64_t now_ms)
{
    int64_t age = now_ms - at_ms;

    if (age < SECOND)
        return "now";
    if (age < MINUTE)
        return arena_printf(arena, "%d s ago", (int)(age / SECOND));
    if (age < HOUR)
        return arena_printf(arena, "%d m ago", (int)(age / MINUTE));
    if (age < 2 * DAY)
        return arena_printf(arena, "%d h ago", (int)(age / HOUR));
    return arena_printf(arena, "%lld d ago", (long long)(age / DAY));
}

const char *lasting_text(struct arena *arena, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    if (ms < SECOND)
        return arena_printf(arena, "%dms", (int)ms);
    if (ms < 10 * SECOND && ms % SECOND >= 100)
        return arena_printf(arena, "%d.%ds", (int)(ms / SECOND), (int)(ms % SECOND / 100));
    if (ms < MINUTE)
        return arena_printf(arena, "%ds", (int)(ms / SECOND));
    if (ms < HOUR)
        return arena_printf(arena, "%dm%02ds", (int)(ms / MINUTE), (int)(ms % MINUTE / SECOND));
    if (ms < DAY)
        return arena_printf(arena, "%dh%02dm", (int)(ms / HOUR), (int)(ms % HOUR / MINUTE));
    return arena_printf(arena, "%lldd%dh", (long long)(ms / DAY), (int)(ms % DAY / HOUR));
}

const char *waited_text(struct arena *arena, int64_t ms)
{
    return ms < SECOND ? "0s" : lasting_text(arena, ms - ms % SECOND);
}
