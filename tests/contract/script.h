#ifndef TESTS_CONTRACT_SCRIPT_H
#define TESTS_CONTRACT_SCRIPT_H

/*
 * Written-down exchanges: what a call is expected to want, and what it is answered. No world, no time.
 *
 *     {EFFECT_LINE, "show servers state app; *", SAYS("1\n# be_id ...")},
 */

#include "contract/pump.h"

struct exchange {
    enum effect_kind kind;
    const char *wants; /* pattern of effect_text() */
    struct reply reply;
};

#define SAYS(words)                                                             \
    {                                                                           \
        .transport = TRANSPORT_OK, .text = (words), .length = sizeof(words) - 1 \
    }
#define SAYS_STATUS(code, words)                                                                  \
    {                                                                                             \
        .transport = TRANSPORT_OK, .status = (code), .text = (words), .length = sizeof(words) - 1 \
    }
#define OK_REPLY                  \
    {                             \
        .transport = TRANSPORT_OK \
    }
#define REFUSED                                                                    \
    {                                                                              \
        .transport = TRANSPORT_REFUSED, .text = "Connection refused", .length = 18 \
    }
#define NOT_THERE                                 \
    {                                             \
        .transport = TRANSPORT_OK, .there = false \
    }
#define THERE(number)                                                                                             \
    {                                                                                                             \
        .transport = TRANSPORT_OK, .there = true, .process = {.pid = (number), .start = 99, .boot_id = "boot-1" } \
    }

/* What an effect asks for, on one line. */
static inline const char *effect_text(struct arena *arena, const struct effect *effect)
{
    const char *text = "";

    switch (effect->kind) {
    case EFFECT_HTTP:
        return arena_printf(arena, "%s %s", effect->method, effect->url);
    case EFFECT_LINE:
        return arena_text_n(arena, effect->text, strcspn(effect->text, "\n"));
    case EFFECT_RUN:
    case EFFECT_START:
        for (const char *const *argument = effect->argv; *argument; argument++)
            text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", *argument);
        return text;
    case EFFECT_SIGNAL:
        return arena_printf(arena, "%d to %d", effect->signal, (int)effect->process.pid);
    case EFFECT_LOOK:
        return effect->process.pid ? arena_printf(arena, "%d", (int)effect->process.pid) : effect->mark;
    case EFFECT_AWAIT_EXIT:
        return arena_printf(arena, "%d", (int)effect->process.pid);
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
    case EFFECT_READ_FILE:
        return effect->path;
    case EFFECT_FREE_PORT:
    case EFFECT_SLEEP:
        return "";
    }
    return "";
}

/* Can this effect change anything outside? */
static inline bool script_changes(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_HTTP:
        return !text_is(effect->method, "GET");
    case EFFECT_LINE:
        /* The question whether servers can be added is an `add server` that cannot succeed. */
        return !text_starts(effect->text, "show ") && !text_ends(effect->text, "/penstock-asks\n");
    case EFFECT_RUN:
    case EFFECT_START:
    case EFFECT_SIGNAL:
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
        return true;
    case EFFECT_LOOK:
    case EFFECT_AWAIT_EXIT:
    case EFFECT_FREE_PORT:
    case EFFECT_READ_FILE:
    case EFFECT_SLEEP:
        return false;
    }
    return true;
}

/* Every effect says how long it may take, and has what its kind needs. */
static inline void assert_effect_is_whole(const struct effect *effect)
{
    assert_true(effect->timeout_ms > 0);
    switch (effect->kind) {
    case EFFECT_HTTP:
        assert_true(effect->method && text_starts(effect->url, "http://"));
        break;
    case EFFECT_LINE:
        assert_true(effect->path && effect->path[0] == '/' && text_ends(effect->text, "\n"));
        assert_true(strlen(effect->text) < 16384);
        break;
    case EFFECT_RUN:
    case EFFECT_START:
        assert_true(effect->argv && effect->argv[0] && effect->env && effect->env[0]);
        break;
    case EFFECT_SIGNAL:
    case EFFECT_AWAIT_EXIT:
        assert_true(effect->process.pid > 1 && effect->process.start > 0 && effect->process.boot_id[0]);
        break;
    case EFFECT_LOOK:
        assert_true(effect->process.pid > 1 || (effect->mark && strchr(effect->mark, '=')));
        break;
    case EFFECT_MAKE_DIR:
    case EFFECT_REMOVE_TREE:
    case EFFECT_PUT_FILE:
    case EFFECT_READ_FILE:
        assert_true(effect->path && effect->path[0] == '/');
        break;
    case EFFECT_FREE_PORT:
        break;
    case EFFECT_SLEEP:
        assert_true(effect->sleep_ms > 0 && effect->timeout_ms > effect->sleep_ms);
        break;
    }
}

/* Feeds the exchanges; the call must want each of them, and end after the last. */
static inline enum call_status script_run(advance_fn advance, struct call *call, const struct exchange *exchanges)
{
    struct effect want = {0};
    enum call_status status = advance(call, NULL, &want);

    for (int i = 0; exchanges[i].wants; i++) {
        const char *wanted;

        if (status != CALL_WANTS)
            fail_msg("the call ended before exchange %d, '%s': %s", i, exchanges[i].wants,
                     status == CALL_FAILED ? call->error->text : "done");
        assert_effect_is_whole(&want);
        wanted = effect_text(call->arena, &want);
        if (want.kind != exchanges[i].kind || !text_glob(exchanges[i].wants, wanted))
            fail_msg("exchange %d should be %d '%s', is %d '%s'", i, (int)exchanges[i].kind, exchanges[i].wants,
                     (int)want.kind, wanted);
        memset(&want, 0, sizeof(want));
        status = advance(call, &exchanges[i].reply, &want);
    }
    if (status == CALL_WANTS)
        fail_msg("the call goes on after the last exchange, with %d '%s'", (int)want.kind,
                 effect_text(call->arena, &want));
    return status;
}

#endif
