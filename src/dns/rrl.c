#include "dns/rrl.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* An account: whose it is, how many were refused since the last slip, and the time at which
 * it will be balanced, in microseconds modulo 2^36 (19 hours).
 *
 *    63        44 43      36 35                   0
 *   [    tag     | refused  |        balanced      ]
 *
 * An answer moves that time on by 1/rate; as long as it is no more than a second ahead of
 * now, answers pass. What is further ahead than that can be was left from long ago. */
enum {
    LINES = 1 << 14, /* 1 MiB: 131 072 accounts */
    WAYS = 8,        /* one cache line */
    TIME_BITS = 36,
    REFUSED_BITS = 8,
    SECOND_US = 1000000,
    TRIES = 4, /* then others are at the same account, which is over its rate if anybody */
};

#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
#define REFUSED_MASK ((UINT64_C(1) << REFUSED_BITS) - 1)

struct line {
    _Alignas(64) _Atomic uint64_t accounts[WAYS];
};

struct rrl {
    struct hash_key key;
    struct line *lines;
};

struct rrl *rrl_new(const struct hash_key *key)
{
    struct rrl *rrl = malloc(sizeof(*rrl));
    if (!rrl)
        return NULL;
    rrl->key = *key;
    rrl->lines = aligned_alloc(sizeof(struct line), LINES * sizeof(struct line));
    if (!rrl->lines) {
        free(rrl);
        return NULL;
    }
    memset(rrl->lines, 0, LINES * sizeof(struct line));
    return rrl;
}

void rrl_free(struct rrl *rrl)
{
    if (!rrl)
        return;
    free(rrl->lines);
    free(rrl);
}

static uint64_t hash_of(const struct rrl *rrl, const struct rrl_asked *asked)
{
    struct {
        uint64_t name;
        uint8_t network[RRL_V6_BITS / 8];
        uint8_t what;
    } input = {.name = asked->name};
    const struct addr *from = asked->from;
    memcpy(input.network, from->bytes,
           from->family == FAMILY_V4 ? RRL_V4_BITS / 8 : RRL_V6_BITS / 8);
    input.what = (uint8_t)(from->family << 4 | asked->kind);
    return hash_bytes(&rrl->key, &input, sizeof(input));
}

/* How far ahead of now the account is, in microseconds; 0 = balanced. */
static uint64_t ahead(uint64_t account, uint64_t now_us)
{
    uint64_t us = (account - now_us) & TIME_MASK;
    return us <= 2 * SECOND_US ? us : 0;
}

/* The tag's account, or the one that is nearest to being balanced. */
static _Atomic uint64_t *find(struct line *line, uint64_t tag, uint64_t now_us)
{
    _Atomic uint64_t *best = &line->accounts[0];
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < WAYS; i++) {
        uint64_t account = atomic_load_explicit(&line->accounts[i], memory_order_relaxed);
        if (account >> (TIME_BITS + REFUSED_BITS) == tag)
            return &line->accounts[i];
        uint64_t left = account ? ahead(account, now_us) + 1 : 0;
        if (left < least) {
            least = left;
            best = &line->accounts[i];
        }
    }
    return best;
}

/* What becomes of the account, and what of the answer. */
static enum rrl_verdict step(uint64_t *account, uint64_t tag, uint32_t rate, uint32_t slip,
                             uint64_t now_us)
{
    bool own = *account >> (TIME_BITS + REFUSED_BITS) == tag;
    uint64_t debt = own ? ahead(*account, now_us) : 0, each = SECOND_US / rate;
    uint64_t refused = own ? *account >> TIME_BITS & REFUSED_MASK : 0;
    enum rrl_verdict verdict = RRL_PASS;
    if (debt + each > SECOND_US && debt) {
        refused = refused < REFUSED_MASK ? refused + 1 : refused;
        verdict = slip && refused >= slip ? RRL_SLIP : RRL_DROP;
        if (verdict == RRL_SLIP)
            refused = 0;
    } else {
        debt += each ? each : 1;
    }
    *account =
        tag << (TIME_BITS + REFUSED_BITS) | refused << TIME_BITS | ((now_us + debt) & TIME_MASK);
    return verdict;
}

enum rrl_verdict rrl_take(struct rrl *rrl, const struct rrl_asked *asked, uint32_t rate,
                          uint32_t slip, uint64_t now_ms)
{
    uint64_t hash = hash_of(rrl, asked), now_us = now_ms * 1000;
    uint64_t tag = hash >> (TIME_BITS + REFUSED_BITS);
    struct line *line = &rrl->lines[hash % LINES];
    for (int i = 0; i < TRIES; i++) {
        _Atomic uint64_t *at = find(line, tag, now_us);
        uint64_t before = atomic_load_explicit(at, memory_order_relaxed), after = before;
        enum rrl_verdict verdict = step(&after, tag, rate, slip, now_us);
        if (atomic_compare_exchange_weak_explicit(at, &before, after, memory_order_relaxed,
                                                  memory_order_relaxed))
            return verdict;
    }
    return RRL_PASS;
}
