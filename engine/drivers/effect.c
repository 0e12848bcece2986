#include "drivers/effect.h"

#include "base/text.h"

bool effect_changes(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_HTTP:
        return !text_is(effect->method, "GET") && !text_is(effect->method, "HEAD");
    case EFFECT_LINE:
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
    BUG("effect %d", (int)effect->kind);
}
