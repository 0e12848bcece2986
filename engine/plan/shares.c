#include "plan/shares.h"

#include "base/error.h"
#include "base/text.h"

static long greatest_divisor(long a, long b)
{
    while (b) {
        long rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

bool shares_weights(int share_new, int new_count, int old_count, int weight_max, struct weights *out)
{
    long a, b, divisor;

    MUST(share_new >= 0 && share_new <= SHARE_ALL);
    if (old_count == 0) {
        *out = (struct weights){1, 0};
        return true;
    }
    a = (long)share_new * old_count;
    b = (long)(SHARE_ALL - share_new) * new_count;
    divisor = greatest_divisor(a, b);
    a /= divisor;
    b /= divisor;
    if (a > weight_max || b > weight_max)
        return false;
    *out = (struct weights){(int)a, (int)b};
    return true;
}

int shares_nearest(int share_new, int new_count, int old_count, int weight_max)
{
    struct weights ignored;

    /* All is always exact, so this ends; nothing is no step of a ladder. */
    for (int distance = 0; distance <= SHARE_ALL; distance++) {
        if (share_new - distance > 0 &&
            shares_weights(share_new - distance, new_count, old_count, weight_max, &ignored))
            return share_new - distance;
        if (share_new + distance <= SHARE_ALL &&
            shares_weights(share_new + distance, new_count, old_count, weight_max, &ignored))
            return share_new + distance;
    }
    BUG("no share is exact");
}
