#ifndef ENGINE_VIEW_PROGRESS_H
#define ENGINE_VIEW_PROGRESS_H

/*
 * A release as it goes on, for those who follow it. On a terminal: what matters as lines, and below them one block that
 * is drawn over at most ten times a second, so that nothing scrolls away. Elsewhere: one line an event, and a sign of
 * life each half minute. Reads the record only, whenever it is told to look.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "view/screen.h"

struct record;

enum progress_form {
    PROGRESS_LIVE,  /* lines and a block */
    PROGRESS_LINES, /* one line an event */
    PROGRESS_JSON,  /* one JSON object an event */
    PROGRESS_NONE,  /* nothing */
};

struct progress_options {
    enum progress_form form;
    FILE *stream;         /* borrowed */
    struct screen screen; /* what the stream can show */
    const char *program;  /* how commands in advice begin; borrowed */
    bool verbose;         /* every event */
    int64_t after_seq;    /* events up to this one are not shown */
    int64_t heartbeat_ms; /* PROGRESS_LINES: silence after which a line says that it still waits; 0 = 30 s */
};

struct progress;

struct progress *progress_new(struct record *record, const char *release, const struct progress_options *options);
/* Looks whether something happened; cheap when nothing did. `context` is the progress, for run_options.changed. */
void progress_look(void *context);
/* A line from elsewhere, above the block; for run_options.notice. */
void progress_notice(void *context, const char *line);
/* Shows the last state, leaves the block standing, and frees. An error is that of the last look, if it failed. */
NODISCARD struct error *progress_finish(struct progress *progress);

/* How long it is between two looks of a watcher. */
#define PROGRESS_LOOK_MS 250

#endif
