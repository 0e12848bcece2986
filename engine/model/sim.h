#ifndef ENGINE_MODEL_SIM_H
#define ENGINE_MODEL_SIM_H

/*
 * The model: a made-up world, in virtual time, for the real plan, run, store and drivers.
 *
 *   clock.c      time, the event heap, random numbers
 *   io.c         engine/io/io.h over them: no threads, no sockets, nothing sleeps
 *   world.c      processes, files, commands: what an effect does, and what it answers
 *   rooms.c      the instances: a service with rooms and recordings, and users that open them
 *   service.c    the same service, as a pipeline speaks to it: its probes, checks and drain
 *   door.c       HAProxy: servers, weights, checks; door_line.c: its runtime socket
 *   faults.c     what goes wrong, by seed
 *   hooks.c      the few functions of the engine that the linker hands to the model first (clock, commit, ...)
 *   rehearse.c   `penstock rehearse`: a pipeline's releases in this world; the simulator (tests/simulation) has its own
 *
 * A program either has engine/io or this, never both. One world a process, so it is a global. Everything is decided by
 * the seed: no real time, no addresses, no hash order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "drivers/effect.h"

struct io;
struct error;

/* ------------------------------------------------------------------------------------------------ clock.c */

struct rng {
    uint64_t state;
};
uint64_t rng_next(struct rng *rng);
bool rng_chance(struct rng *rng, int per_mille);
/* from..to, both included */
int64_t rng_range(struct rng *rng, int64_t from, int64_t to);
int64_t rng_exponential(struct rng *rng, int64_t mean);

struct sim_event {
    int64_t at;
    uint64_t order; /* events of one moment: first come, first served */
    void (*fire)(void *context);
    void *context;
    struct io *io; /* whose it is; NULL: the world's */
    int slot;      /* in the heap; -1 = not in it */
};

struct sim {
    uint64_t seed;
    int64_t now;         /* boot clock, ms */
    int64_t wall_offset; /* wall clock minus boot clock */
    struct sim_event **heap;
    int heap_count, heap_capacity;
    uint64_t orders;
    uint64_t steps;     /* events fired */
    struct rng latency; /* each kind of chance has a stream of its own, so that one does not shift the others */
    struct rng world;
    struct rng people;
    void (*tell)(const char *line); /* the transcript, line by line; NULL: nobody reads it */
    bool talkative;                 /* questions and answers too */
    bool killed;                    /* the runner is dead: nothing of it writes or acts any more */
    bool failed;                    /* something that must hold did not: all winds down */
    char violation[1024];           /* the first */
    int64_t deadline;               /* nothing has happened for too long: the harness is asked */
    void (*overtime)(void);         /* may move the deadline */
    uint64_t most_steps;            /* more events than this go round in circles */
    struct io *io;                  /* the runner's that is open; NULL between runs */
};
extern struct sim sim;

void sim_begin(uint64_t seed);
void sim_end(void);
struct sim_event *sim_at(int64_t at, struct io *io, void (*fire)(void *context), void *context);
struct sim_event *sim_after(int64_t ms, struct io *io, void (*fire)(void *context), void *context);
void sim_forget(struct sim_event *event); /* it does not fire; NULL is fine */
bool sim_step(void);                      /* fires the next event; false: there is none */
void sim_pass(int64_t ms);                /* lets the world go on by itself */
void sim_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something went wrong, or is out of the ordinary: for the transcript, and for the watcher. */
void sim_mishap(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* `invariant` as "I4". Only the first is kept. */
void sim_violation(const char *invariant, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *sim_text(const char *format, ...) __attribute__((format(printf, 1, 2))); /* malloc'd */

/* --------------------------------------------------------------------------------------------- watcher */

/* Who looks on: the simulator's checks, or a rehearsal's time line. What is NULL is not called. */
struct sim_watcher {
    int64_t (*opened)(void); /* a runner begins: the epoch of its lease, for sim_io_epoch() */
    bool (*commits)(void);   /* right before a commit of the runner; false: it is lost, and nobody is told */
    void (*committed)(void);
    void (*starts)(struct io *io, const struct effect *effect); /* an effect that the engine wants begins */
    void (*happens)(const struct effect *effect);               /* right before it changes the world */
    void (*happened)(const struct effect *effect);
    void (*commanded)(const char *command); /* after each command of the front door's line */
    void (*cuts)(const char *instance);     /* its connections are going to be cut */
    void (*moved)(void);                    /* after each event */
    void (*stalls)(void);                   /* the runner stands still: another one may take over */
    void (*mishap)(const char *text);
};
extern struct sim_watcher watcher;
#define WATCH(what, ...) (watcher.what ? watcher.what(__VA_ARGS__) : (void)0)

/* ---------------------------------------------------------------------------------------------- faults.c */

enum fault {
    FAULT_PROBE_TIMEOUT, /* an instance's answer does not come */
    FAULT_PROBE_500,
    FAULT_PROBE_CUT,  /* the answer breaks off */
    FAULT_PROBE_JSON, /* the answer is no JSON, or lacks something, or is negative */
    FAULT_PROBE_BOOT, /* the answer does not say who answers */
    FAULT_REBOOT,     /* the service starts anew inside its process: its rooms are lost, and it says zero */
    FAULT_CRASH_NEW,  /* an instance of the new unit dies */
    FAULT_CRASH_OLD,
    FAULT_CRASH_START, /* dies right after its start */
    FAULT_NEVER_HEALTHY,
    FAULT_FLAP,         /* unhealthy for a while */
    FAULT_SMOKE,        /* the check of the new unit fails */
    FAULT_BUILD,        /* a child ends with an error */
    FAULT_CHILD_SLOW,   /* a child takes so long that it is killed */
    FAULT_DOOR_RESTART, /* HAProxy comes back with the file it has */
    FAULT_DOOR_RELOAD,  /* the same, and the old worker keeps its connections */
    FAULT_DOOR_FORGET,  /* the same, with an older file */
    FAULT_DOOR_GONE,    /* HAProxy dies, and nobody starts it */
    FAULT_DOOR_REFUSE,  /* its socket refuses, for a while */
    FAULT_DOOR_GARBAGE,
    FAULT_DOOR_DEAF, /* says yes and does nothing, for a while */
    FAULT_DOOR_LAG,  /* a weight is shown before it is in force */
    FAULT_HAND,      /* a person changes a weight, or drains a server, by hand */
    FAULT_IGNORE_TERM,
    FAULT_LONG_ROOM,   /* a room, or a recording, that does not end */
    FAULT_ACTION_LOST, /* a POST, or its answer, is lost */
    FAULT_KILL,        /* the runner dies at any moment */
    FAULT_SIGNAL,      /* the runner is asked to leave */
    FAULT_ZOMBIE,      /* the runner stands still, another takes over, and the first goes on */
    FAULT_WALL,        /* the wall clock jumps */
    FAULT_SUSPEND,     /* the machine sleeps for a while */
    FAULT_DISK,        /* a commit fails */
    FAULT_PEOPLE,      /* late, twice, after the fact, the wrong ones, no, or never */
    FAULT_TAMPER,      /* a vote that was cast for something else is written into the journal again */
    FAULT_LIMIT,       /* an instance of the new unit counts more than it may, for a while */
    FAULT_COUNT,
};

extern uint64_t faults_off;               /* bits: never these (--shrink) */
extern uint64_t faults_only;              /* bits: these with certainty; 0 = by the seed */
const char *fault_text(enum fault fault); /* "probe-timeout" */
bool fault_parse(const char *text, enum fault *out);
void faults_begin(void);
void faults_release_begins(int most); /* each hits so often at most in it; spoilt answers three times as often */
bool fault_active(enum fault fault);
/* Rolls the dice of this fault; a hit is counted and told. */
bool fault_hits(enum fault fault, int per_mille);
struct rng *fault_rng(enum fault fault);
int64_t fault_count(enum fault fault); /* over all seeds */
void faults_watch(int64_t every_ms);   /* starts those that come by time: so often their dice are rolled */
/* The front door is not as the engine left it: what it does must not be blamed on the engine. */
bool faults_door_disturbed(void);

/* ----------------------------------------------------------------------------------------------- world.c */

#define POOLS_MOST 16
#define ROOMS_MOST 64

struct process {
    pid_t pid;
    uint64_t start;
    bool alive;
    char *environment;         /* NAME=value lines */
    struct instance *instance; /* NULL: HAProxy or a child */
    bool is_door;
};

struct room {
    int64_t ends;     /* of the room */
    int64_t recorded; /* of its recording; 0 = none */
    int64_t queued;   /* of what is left to do after it; 0 = nothing */
    pid_t door;       /* the HAProxy that its connection goes through; 0 = it goes past it */
};

struct instance {
    char *name; /* "prod-1a2b3c4-1.west.1" */
    char *unit;
    struct process *process; /* of its last start; NULL = never started */
    int port;
    int64_t healthy_at;
    int64_t sick_until;
    int64_t errors_since, errors_until; /* it counts errors in between */
    bool accepting;
    bool never_healthy, smoke_fails, ignores_term;
    bool broken;    /* the world broke it: crashed, or rebooted */
    bool stopped;   /* the engine signalled it */
    int boots;      /* of the service; part of what it calls itself */
    int64_t ending; /* it got a TERM and will be gone then; 0 = no */
    bool has_dir;
    struct room rooms[ROOMS_MOST];
    int room_count;
    /* What the engine was told last about what is on it, as far as the checks want to know. */
    int64_t told_at;
    bool told_good; /* a whole, true answer of zero */
    int told_boot;
    int told_zeros;   /* such answers in a row */
    int told_best;    /* the most of them in this release */
    bool had_traffic; /* ever */
    int drained_boot; /* who answered first since it drains, by the journal; 0 = nobody yet */
};

struct work {
    int64_t rooms, recordings, queued;
};

struct world {
    struct process *processes;
    int process_count, process_capacity;
    struct instance **instances;
    int instance_count, instance_capacity;
    struct file {
        char *path;
        char *text;
    } * files;
    int file_count, file_capacity;
    int next_pid, next_port;
    bool managed;                      /* the front door is the engine's */
    const char *door_url;              /* where users and the prober find it */
    const char *door_name, *door_mark; /* of its listener; of its process's environment */
    const char *pools[POOLS_MOST];
    int pool_count;
    const char *new_unit; /* of the release that is under way; NULL = none */
    int64_t users_until;  /* no new rooms after this */
    int64_t room_every, room_mean;
    int children;                      /* commands that ran */
    int64_t requests, requests_failed; /* of users who open rooms */
    struct work ended, died;           /* work that was lost with an instance that the engine stopped; or that broke */
};
extern struct world world;

void world_begin(void);
void world_end(void);
struct process *world_spawn(const char *environment, struct instance *instance, bool door);
struct process *world_process(const struct process_identity *identity); /* alive, and that very one; or NULL */
void world_die(struct process *process);
const char *world_file(const char *path); /* NULL: not there */
void world_put_file(const char *path, const char *text);
struct instance *world_instance(const char *name); /* NULL: no such */

/* An effect that the engine wants, and what becomes of it. */
struct happening {
    const struct effect *effect;
    struct reply reply;
    char *text; /* malloc'd, what reply.text shows */
};
/* Would it change anything? */
bool effect_acts(const struct effect *effect);
int64_t effect_latency(const struct effect *effect);
/* Makes it happen; fills reply. Returns how much later the answer comes. */
int64_t effect_happen(struct happening *happening);
void happening_answer(struct happening *happening, const char *format, ...) __attribute__((format(printf, 2, 3)));
void effect_describe(const struct effect *effect, char *out, size_t size);

/* ----------------------------------------------------------------------------------------- rooms.c */

void rooms_begin(void);
void rooms_start(struct instance *instance, int port);
int instance_errors(const struct instance *instance);
bool instance_alive(const struct instance *instance);
bool instance_healthy(const struct instance *instance); /* what /health would say */
int instance_rooms(const struct instance *instance);
int instance_recordings(const struct instance *instance);
int instance_queued(const struct instance *instance);
int instance_in_flight(const struct instance *instance, pid_t door);
void rooms_lose(struct instance *instance, const char *why); /* the process died or started anew */
void rooms_cut(void);                                        /* the front door died: its connections end */
/* One room more, past the front door; how long it, its recording and what follows last from now on. 0: has none. */
void rooms_linger(struct instance *instance, int64_t room_ms, int64_t recording_ms, int64_t queued_ms);
int64_t rooms_http(struct instance *instance, struct happening *happening, const char *path);
/* True when a fault spoils the answer to a question for numbers; *after is how late it is. */
bool rooms_answer_spoilt(struct instance *instance, struct happening *happening, int64_t *after);
/* Told over HTTP that it may take new rooms, or not. False: a fault came between, and the reply is filled in. */
bool rooms_accept(struct instance *instance, struct happening *happening, bool accept, int64_t *after);
void rooms_set_accepting(struct instance *instance, bool accept);

/* -------------------------------------------------------------------------------------------- service.c */

struct pipeline_spec;

enum work_kind { WORK_ROOMS, WORK_RECORDINGS, WORK_QUEUE, WORK_NONE };

/* The service is the pipeline's from now on, which must live as long as the world; NULL: the simulator's own. */
void service_begin(const struct pipeline_spec *pipeline);
const struct pipeline_spec *service_pipeline(void);
/* Which kind of work a probe counts, by its name. WORK_NONE: a number that is watched, such as errors. */
enum work_kind service_probe_kind(const char *probe);
const char *work_kind_text(enum work_kind kind); /* "rooms", "recordings", "queued work" */
bool service_has(enum work_kind kind);           /* some probe counts it */
int64_t service_http(struct instance *instance, struct happening *happening, const char *path);
/* Is this command its way to begin or cancel a drain? Then the instance is told. */
void service_command(const struct effect *effect);
/* The signal is its way to be told of a drain. */
bool service_signal(struct instance *instance, int signal);
int service_stop_signal(void);
/* What the collecting of artifacts prints. */
void service_artifacts(struct happening *happening);

/* ------------------------------------------------------------------------------------------ door.c */

enum door_state { DOOR_READY, DOOR_DRAIN, DOOR_MAINT };

struct server {
    char *name;
    int pool;
    int port;
    int weight;       /* as it is shown */
    int force;        /* as new traffic meets it */
    int64_t force_at; /* when `force` becomes `weight` */
    enum door_state state;
    enum door_state shown; /* the same, for a change that is not in force yet */
    bool up, checked;
    int good, bad, rise, fall;
    bool health; /* checks are enabled */
    int64_t inter;
};

struct door {
    struct process *process; /* NULL or not alive: nobody answers */
    int64_t started;         /* boot ms */
    struct server *servers;
    int count, capacity;
    struct check_entry {
        char *server, *value;
    } * checks;
    int check_count, check_capacity;
    int64_t refuses_until, deaf_until, garbage_until;
    struct told { /* what the engine asked for last: what differs from it is the world's doing */
        char *name;
        int pool, weight;
        enum door_state state;
    } * told;
    int told_count, told_capacity;
    char *older_file;         /* haproxy.cfg of a while ago */
    const char *config, *map; /* paths */
    int generation;
};
extern struct door door;

void door_begin(void);
void door_end(void);
bool door_alive(void);
void door_start(struct process *process, bool older);
void door_die(bool cut);
bool door_is_as_told(void);
struct server *door_server(int pool, const char *name);
struct server *door_add(int pool, const char *name, int port);
void door_remove(struct server *server);
void door_set_weight(struct server *server, int weight);
void door_set_state(struct server *server, enum door_state state);
void door_told(int pool, const char *name, int weight, int state); /* -1: as before; both -2: it is gone */
void door_add_check(const char *server, const char *value);
void door_settle(void);                            /* what was accepted and is due is in force now */
bool server_in_force(const struct server *server); /* new traffic may go there */
/* By weight; NULL: nobody. */
struct server *door_pick(int pool, struct rng *rng);
int64_t door_http(struct happening *happening, const char *path);
const char *door_pool(int pool);
int door_pool_index(const char *name); /* -1 */
char *door_answer(const char *text);   /* door_line.c: malloc'd; NULL: it does not understand a word */

/* ----------------------------------------------------------------------------------------------- hooks.c */

void hooks_people(bool on); /* what is written now is not the runner's */
/* A place where the runner may die. */
void kill_point(const char *where);
int64_t kills_total(void);
void hooks_begin(void);
int64_t commits_total(void);
void hooks_release_begins(int kills); /* so often the runner may die in it */
void hooks_no_kills(bool on);
bool error_was_made_up(const struct error *error); /* by a fault, not by the engine */

/* ---------------------------------------------------------------------------------------------- io.c */

void sim_io_signal(int signal);                 /* to the runner that is open */
void sim_io_perish(struct io *io);              /* the runner is dead: what is under way is done, or not */
int64_t sim_io_epoch(const struct io *io);      /* of the lease under which it was opened */
void sim_io_freeze(struct io *io, bool frozen); /* it stands still: nothing reaches it */

#endif
