#ifndef ENGINE_STORE_RECORD_H
#define ENGINE_STORE_RECORD_H

/*
 * The record: one SQLite file in the state directory, its locks, and the only ways to change it.
 *
 * Every write, in whatever process, happens inside a struct tx: it holds an flock beside the file (SQLite 3.40.1 can
 * corrupt a WAL when two connections write and checkpoint at the same moment) and rolls back unless committed.
 * Readers open read-only and never checkpoint. Durable when tx_commit() returns NULL; a failure of the disk means
 * "stop acting": no journal, no effect.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/event.h"

struct arena;
struct fact_release;
struct fact_rules;
struct facts;
struct record;
struct strbuf;

enum record_mode {
    RECORD_READ,    /* ERR_NOT_FOUND when there is none */
    RECORD_WRITE,   /* ERR_NOT_FOUND when there is none; migrates an older schema after a VACUUM INTO copy */
    RECORD_CREATE,  /* makes the directory (0700) and the file (0600) when there is none */
    RECORD_INSPECT, /* as RECORD_READ, but lets a broken chain tail pass: for journal_verify() and for people's eyes */
};

/* `directory` is the state directory. Refuses network file systems, a foreign file, a newer schema, a broken chain tail. */
NODISCARD struct error *record_open(const char *directory, enum record_mode mode, struct record **out);
void record_close(struct record *record);
void record_cleanup(struct record **record);
/* Random id made with the record; part of every process's mark. */
const char *record_id(const struct record *record);
const char *record_directory(const struct record *record);

struct tx {
    struct record *record; /* NULL = not open */
};
#define TX_INIT \
    {           \
        NULL    \
    }
NODISCARD struct error *tx_begin(struct record *record, struct tx *tx);
/* Changes nothing, and nobody else can until tx_rollback(): all that commit hold the same lock. Half of what tx_begin() costs. */
NODISCARD struct error *tx_look(struct record *record, struct tx *tx);
NODISCARD struct error *tx_commit(struct tx *tx);
void tx_rollback(struct tx *tx); /* also for CLEANUP; nothing when committed */

/*
 * Appends one event: sets seq, chains it by SHA-256, and applies its projections (state/project/<kind>.sql).
 * event->release may be NULL only for kinds that are not about one. at_ms and boot_ms are the caller's.
 */
NODISCARD struct error *journal_append(struct tx *tx, struct event *event);
/* Stores bytes by digest (hex, in the arena). The same bytes are stored once. */
NODISCARD struct error *evidence_put(struct tx *tx, struct arena *arena, const char *bytes, size_t length,
                                     const char **digest);
NODISCARD struct error *evidence_get(struct record *record, struct arena *arena, const char *digest, const char **bytes,
                                     size_t *length);
/*
 * All evidence matches its digest, and what releases and steps rest on is there: ERR_RECORD_DAMAGED naming the first that
 * does not. *count is how many were good.
 */
NODISCARD struct error *evidence_verify(struct record *record, int64_t *count);

/*
 * All events of one release after `after_seq`, in order. The event is borrowed until `visit` returns; its body may be left
 * out where nothing goes on from it (event_body_is_folded()).
 */
typedef struct error *(*journal_visit_fn)(void *context, const struct event *event);
NODISCARD struct error *journal_read(struct record *record, const char *release, int64_t after_seq,
                                     journal_visit_fn visit, void *context);
/* The last row's number; 0 when there is none. */
NODISCARD struct error *journal_seq(struct record *record, int64_t *out);
/* Walks the whole chain: ERR_RECORD_DAMAGED naming the first bad row. *rows is how many were good. */
NODISCARD struct error *journal_verify(struct record *record, int64_t *rows);
/*
 * Folds the journal into an empty record in memory and compares: ERR_RECORD_DAMAGED naming the first table that is not
 * what the journal says. Takes no lock. For a journal that was verified.
 */
NODISCARD struct error *journal_compare(struct record *record);
/* Drops every projection and folds the journal again. The result must be byte for byte the same. */
NODISCARD struct error *journal_rebuild(struct tx *tx);

/* Planning's facts of an environment: next ids, live unit, leftovers, front door. All in the arena. */
NODISCARD struct error *facts_read(struct record *record, struct arena *arena, const char *environment,
                                   struct facts *out);
/* The newest release that brought the commit to the environment and succeeded; NULL = none. */
NODISCARD struct error *facts_succeeded(struct record *record, struct arena *arena, const char *environment,
                                        const char *commit, const char **release);
/* The newest releases that succeeded there, at most 200, newest first. */
NODISCARD struct error *facts_released(struct record *record, struct arena *arena, const char *environment,
                                       struct fact_release **out, int *count);
/* An earlier hotfix carried `commit` as a person's resolution of a pick of `source`. */
NODISCARD struct error *facts_picked_by_hand(struct record *record, const char *commit, const char *source, bool *out);
/* Overrides in force that any release may use; those given for a live one are in its own journal. */
NODISCARD struct error *facts_overrides(struct record *record, struct arena *arena, const char *environment,
                                        int64_t now_ms, struct fact_rules *out);
/* The last scheduled release, unless it or one after it succeeded; NULL = so it is, or there was none. */
NODISCARD struct error *facts_scheduled_failed(struct record *record, struct arena *arena, const char *environment,
                                               const char **release);
/* The newest release that succeeded with another commit than the live one; `release` (may be NULL): only that one. */
NODISCARD struct error *facts_earlier(struct record *record, struct arena *arena, const char *environment,
                                      const char *release, struct fact_release *out);
/*
 * First thing in the transaction that begins a release: ERR_CONFLICT when the environment has a live release, or when
 * anything happened there since the facts were read (`seq` is their journal_seq).
 */
NODISCARD struct error *facts_unchanged(struct tx *tx, const char *environment, int64_t seq);
/* What is known of a release's instances now: {name: {address, pid, start, boot_id, dir, log, mark, ...}}; new reference. */
NODISCARD struct error *instances_read(struct record *record, const char *release, json_t **out);

/*
 * A named query of state/queries/<name>.sql: all rows as a JSON array of objects; columns whose name ends in "_json"
 * are parsed and lose that ending; NULL is null. `params` are bound by name (":environment"); new reference.
 */
NODISCARD struct error *query_rows(struct record *record, const char *name, const json_t *params, json_t **out);
/* The first row, or JSON null. */
NODISCARD struct error *query_row(struct record *record, const char *name, const json_t *params, json_t **out);

/* When idle, by the writer: keeps the write-ahead log small. */
void record_checkpoint(struct record *record);

#endif
