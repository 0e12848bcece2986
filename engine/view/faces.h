#ifndef ENGINE_VIEW_FACES_H
#define ENGINE_VIEW_FACES_H

/*
 * The faces of the read model: JSON documents for programs (docs/reference/show.schema.json) and text for people.
 * Fields of documents are added, never renamed.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct release_view;
struct screen;
struct strbuf;

/* The `show` document. New reference. */
NODISCARD struct error *show_document(const struct release_view *view, json_t **out);
/* What it waits for, with times as text. New reference. */
json_t *waiting_json(const struct release_view *view);
/* "2026-11-21T19:25:36Z", or JSON null for 0. New reference. */
json_t *time_json(struct arena *arena, int64_t at_ms);
/* A row of release_list or release_live, with times as text. New reference. */
json_t *release_row_json(struct arena *arena, const json_t *row);
/* What is left of a hotfix to do: "review due in 2d", "review late by 3h"; NULL when there is nothing. */
const char *review_words(struct arena *arena, const json_t *row, int64_t now_ms);
/* Of a row of release_list or release_show; JSON null when it needs none. New reference. */
json_t *review_json(struct arena *arena, const json_t *row);
/* The conditions of a release: authors, rules, picks, what was shortened, closures. New reference. */
json_t *terms_json(const struct release_view *view);
/* An event row for -o jsonl: {"seq", "release", "kind", "at", "actor", "reason", ...}. New reference. */
json_t *event_json(struct arena *arena, const json_t *row);

/* Everything about one release. */
NODISCARD struct error *show_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
/* Why it failed, the cause first, with the last lines of its log. */
NODISCARD struct error *failures_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
/* Two lines about a release: its state and what it waits for. */
void release_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
/* What a decision about the waiting gate would bind to. */
void gate_text(const struct release_view *view, const json_t *waiting, const struct screen *screen, struct strbuf *out);
/* Rows of release_list as a table. */
void history_text(struct arena *arena, const json_t *rows, int64_t now_ms, const struct screen *screen,
                  struct strbuf *out);
/* One line for an event row: "14:02:11 step.done   shift  20% to prod-1a2b3c4-7". */
const char *event_text(struct arena *arena, const json_t *row);

/* Pieces that the live block shares. Each appends whole lines. */
void stages_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
/* Only the stages that are neither over nor still to come. */
void stages_now_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
void shares_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
void drains_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
void prober_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
void kind_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
void terms_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);
void waiting_text(const struct release_view *view, const struct screen *screen, struct strbuf *out);

#endif
