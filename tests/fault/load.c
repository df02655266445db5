#include "fault/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 1000, WEIGHT_MAX = 60000 };

void load_init(struct load *l, struct drive *d, struct model *m, uint64_t seed, unsigned window)
{
    memset(l, 0, sizeof *l);
    l->drive = d;
    l->model = m;
    l->random = seed * 0x9e3779b97f4a7c15u | 1;
    l->window = window;
    l->busy = calloc(m->count, sizeof *l->busy);
    if (!l->busy)
        die("out of memory");
}

void load_deinit(struct load *l)
{
    free(l->busy);
}

/* xorshift64* */
uint64_t load_random(struct load *l, uint64_t below)
{
    l->random ^= l->random >> 12;
    l->random ^= l->random << 25;
    l->random ^= l->random >> 27;
    return (l->random * 0x2545f4914f6cdd1du >> 11) % below;
}

static struct load_request *slot_of(struct load *l, uint32_t id)
{
    for (unsigned i = 0; i < l->window; i++)
        if (l->requests[i].id == id)
            return &l->requests[i];
    return NULL;
}

static void request(struct load *l, unsigned n, const char *verb, int state)
{
    const struct model_instance *i = &l->model->instances[n];
    struct load_request *r = slot_of(l, 0);
    char rest[160];
    int used = snprintf(rest, sizeof rest, "svc=s%u inst=i%u", i->service, n);
    if (state != MODEL_ABSENT)
        used += snprintf(rest + used, sizeof rest - (size_t)used, " w=%d", state);
    if (verb[0] == 'r')
        snprintf(rest + used, sizeof rest - (size_t)used, " port=%u addr=10.%u.%u.%u m.n=%u",
                 1 + n % 65535, n >> 16 & 255, n >> 8 & 255, n & 255, n);
    model_asked(l->model, n, state);
    l->busy[n] = true;
    l->under_way++;
    *r = (struct load_request){drive_send(l->drive, verb, rest), n, state, now_ms()};
}

/* One reply; it may be for somebody who gave up waiting. */
static void take(struct load *l, uint32_t id, const char *reply)
{
    struct load_request *r = id ? slot_of(l, id) : NULL;
    if (!r)
        return;
    if (reply_is_disk(reply)) {
        model_acknowledged(l->model, r->instance, r->state);
        l->acknowledged++;
    } else if (strstr(reply, " c=404 ") &&
               l->model->instances[r->instance].acknowledged != MODEL_ABSENT) {
        die("i%u was acknowledged, now the running server says: %s", r->instance, reply);
    } else {
        l->refused++;
    }
    l->busy[r->instance] = false;
    r->id = 0;
    l->under_way--;
}

/* False: nothing came within `ms`. */
static bool receive(struct load *l, int ms)
{
    char reply[DRIVE_TEXT];
    reply[0] = '\0';
    uint32_t id = drive_receive(l->drive, reply, ms);
    take(l, id, reply);
    return reply[0] != '\0';
}

static void start_one(struct load *l)
{
    unsigned n = (unsigned)load_random(l, l->model->count);
    const struct model_instance *i = &l->model->instances[n];
    int weight = (int)load_random(l, WEIGHT_MAX);
    if (l->busy[n] || i->open_count >= MODEL_OPEN_MAX)
        return;
    uint64_t dice = load_random(l, 10);
    if (i->acknowledged == MODEL_ABSENT || i->open_count || dice < 4)
        request(l, n, "reg", weight);
    else if (dice < 7)
        request(l, n, "upd", weight);
    else
        request(l, n, "del", MODEL_ABSENT);
}

void load_run(struct load *l, int ms)
{
    uint64_t until = now_ms() + (uint64_t)ms;
    for (uint64_t now = now_ms(); now < until; now = now_ms()) {
        for (unsigned tries = 0; l->under_way < l->window && tries < 2 * l->window; tries++)
            start_one(l);
        if (receive(l, (int)(until - now)))
            while (receive(l, 0))
                ;
    }
}

/* A datagram was lost, or the server was too busy: the same instance once more. */
static void repeat_old(struct load *l, unsigned *again)
{
    uint64_t now = now_ms();
    for (unsigned i = 0; i < l->window; i++) {
        struct load_request *r = &l->requests[i];
        if (!r->id || now - r->sent_ms < AGAIN_MS)
            continue;
        unsigned n = r->instance;
        r->id = 0;
        l->under_way--;
        model_refused(l->model, n);
        request(l, n, "reg", r->state);
        ++*again;
    }
}

void load_fill(struct load *l)
{
    unsigned again = 0;
    for (unsigned next = 0; next < l->model->count || l->under_way;) {
        while (next < l->model->count && l->under_way < l->window) {
            request(l, next, "reg", (int)(next % WEIGHT_MAX));
            next++;
        }
        if (!receive(l, AGAIN_MS) && ++again > 30)
            die("the server does not answer; %lu are registered", l->acknowledged);
        repeat_old(l, &again);
        if (l->refused)
            die("a registration was refused");
    }
}

void load_drain(struct load *l)
{
    while (receive(l, 0))
        ;
    memset(l->requests, 0, sizeof l->requests);
    memset(l->busy, 0, l->model->count * sizeof *l->busy);
    l->under_way = 0;
}
