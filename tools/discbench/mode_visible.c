#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "burst.h"
#include "clock.h"
#include "modes.h"
#include "place.h"
#include "question.h"
#include "seen.h"

enum {
    PLACES = 1024, /* changes that may be asked for at a time; a power of two */
    NEVER_NS = NS_PER_S,
    ADDRESSES = 128, /* of one answer: more than fit in a datagram of DATAGRAM_IN / 2 */
    AWAY_MAX = 100,  /* instances that are withdrawn at a time */
};

/* One change that was acknowledged. The id of its question: its place, and above it how often the
 * place was used. */
struct asking {
    uint32_t instance;
    uint64_t replied_ns, asked_ns;
    uint16_t id;
    bool waits, again;
};

struct visible {
    const struct options *options;
    struct load *load; /* NULL until the setting up is done */
    struct seen *seen; /* by instance */
    struct visible_counts *counts;
    uint32_t out, back; /* how many were changed or withdrawn; came back */
    uint32_t under_way; /* changes */
    uint32_t place;     /* where to look for a free one */
    unsigned turns;     /* generations of addresses */
    struct asking places[PLACES];
    struct burst dns;
};

/* ---- what is changed --------------------------------------------------------------------- */

static enum chosen choose(struct load *load, struct request *out)
{
    struct visible *v = load->config.watcher.context;
    uint32_t all = load->config.instances, away = all / 8 < AWAY_MAX ? all / 8 : AWAY_MAX;
    bool returns = v->options->withdraw && v->out - v->back > away;
    uint32_t *counter = returns ? &v->back : &v->out;
    for (uint32_t tries = 0; tries < all && v->under_way < PLACES / 2; tries++) {
        if (returns && v->back == v->out)
            break;
        uint32_t instance = (*counter)++ % all;
        struct seen *s = &v->seen[instance];
        if (s->asked || s->state != (returns ? SEEN_ABSENT : SEEN_PRESENT))
            continue;
        bool removes = v->options->withdraw && !returns;
        if (removes)
            seen_remove(s);
        else
            load->generations[instance] = seen_add(s);
        v->under_way++;
        *out =
            (struct request){.first = instance, .count = 1, .verb = (uint8_t)(removes ? DEL : REG)};
        return CHOSEN_ONE;
    }
    return CHOSEN_LATER;
}

/* ---- asking ------------------------------------------------------------------------------ */

static void send_question(struct visible *v, struct asking *a)
{
    const struct options *o = v->options;
    char name[PREFIX_MAX + ZONE_MAX + 40];
    int n = o->ask == ASK_SERVICE ? 0 : snprintf(name, sizeof(name), "i%" PRIu32 ".", a->instance);
    snprintf(name + n, sizeof(name) - (size_t)n, "%s-%" PRIu32 ".%s", o->prefix,
             a->instance % o->services, o->zone);
    if (v->dns.count == BURST)
        burst_send(&v->dns);
    a->id = (uint16_t)(a->id + PLACES);
    a->asked_ns = clock_ns();
    v->dns.sizes[v->dns.count] =
        question_write(v->dns.out[v->dns.count], a->id, name, TYPE_A, 1232);
    v->dns.count++;
}

static void replied(void *context, const struct request *request, bool ok, uint64_t now_ns)
{
    struct visible *v = context;
    struct asking *a;
    if (!v->load)
        return;
    seen_replied(&v->seen[request->first], ok, now_ns);
    if (!ok) {
        v->under_way--;
        return;
    }
    do /* there is one: fewer are under way */
        a = &v->places[v->place++ % PLACES];
    while (a->waits);
    uint16_t id = (uint16_t)((a->id & ~(PLACES - 1)) | (a - v->places));
    *a = (struct asking){request->first, now_ns, 0, id, true, false};
    v->seen[request->first].asked = true;
    send_question(v, a);
}

/* ---- judging ----------------------------------------------------------------------------- */

static void finish(struct visible *v, struct asking *a)
{
    a->waits = false;
    v->seen[a->instance].asked = false;
    v->under_way--;
}

/* Counts what is wrong with one address; sets in `shown` that the change's instance is there, in
 * `right` that it is as it was registered last. */
static void judge_address(struct visible *v, const struct asking *a, uint32_t address, bool *shown,
                          bool *right)
{
    const struct options *o = v->options;
    uint32_t number = (address & 0xffffff) - 1, instance = number % o->instances;
    bool belongs = address >> 24 == 10 &&
                   (o->ask == ASK_SERVICE ? instance % o->services == a->instance % o->services
                                          : instance == a->instance);
    unsigned generation = number / o->instances;
    enum verdict verdict = belongs
                               ? seen_judge(&v->seen[instance], generation, v->turns, a->asked_ns)
                               : VERDICT_UNTRUE;
    v->counts->untrue += verdict == VERDICT_UNTRUE;
    v->counts->withdrawn += verdict == VERDICT_WITHDRAWN;
    if (instance != a->instance)
        return;
    *shown = true;
    *right = *right || generation == v->seen[instance].current % v->turns;
}

/* True: it shows what was acknowledged. */
static bool judge(struct visible *v, const struct asking *a, const char *in, size_t size,
                  const struct answer *answer)
{
    uint32_t addresses[ADDRESSES];
    bool shown = false, right = false;
    int count = answer_addresses(in, size, addresses, ADDRESSES);
    if (count < 0 || (answer->rcode && answer->rcode != RCODE_NXDOMAIN)) {
        v->counts->untrue++;
        return false;
    }
    for (int i = 0; i < count; i++)
        judge_address(v, a, addresses[i], &shown, &right);
    return v->seen[a->instance].state == SEEN_ABSENT ? !shown : right;
}

static void take_answer(struct visible *v, const char *in, size_t size, uint64_t now_ns)
{
    struct answer answer;
    if (!answer_read(in, size, &answer))
        return;
    struct asking *a = &v->places[answer.id % PLACES];
    if (!a->waits || a->id != answer.id)
        return;
    histogram_add(&v->counts->asking, now_ns - a->asked_ns);
    if (judge(v, a, in, size, &answer)) {
        histogram_add(&v->counts->delay, now_ns - a->replied_ns);
        v->counts->changes++;
        v->counts->at_once += !a->again;
        finish(v, a);
        return;
    }
    a->again = true;
    v->counts->stale++;
    send_question(v, a);
}

static void give_up(struct visible *v, uint64_t now_ns)
{
    for (unsigned i = 0; i < PLACES; i++) {
        struct asking *a = &v->places[i];
        if (!a->waits || now_ns - a->replied_ns < NEVER_NS)
            continue;
        v->counts->changes++;
        v->counts->never++;
        finish(v, a);
    }
}

static bool turn(void *context, uint64_t now_ns)
{
    struct visible *v = context;
    unsigned sent = v->dns.count;
    burst_send(&v->dns);
    unsigned n = v->load ? burst_receive(&v->dns) : 0;
    uint64_t arrived_ns = clock_ns();
    for (unsigned i = 0; i < n; i++)
        take_answer(v, v->dns.in[i], v->dns.in_sizes[i], arrived_ns);
    burst_send(&v->dns);
    if (!n && !sent)
        give_up(v, now_ns);
    return n || sent;
}

/* The last ones: no more changes, but questions without an answer. */
static void drain(struct visible *v)
{
    for (bool waits = true; waits;) {
        (void)turn(v, clock_ns());
        give_up(v, clock_ns());
        waits = false;
        for (unsigned i = 0; i < PLACES && !waits; i++)
            waits = v->places[i].waits;
    }
}

/* ---- the mode ---------------------------------------------------------------------------- */

static void measure(struct visible *v, struct load *load, struct results *out)
{
    v->load = load;
    v->turns = load_turns(load);
    mode_load_measure(v->options, load, choose, out);
    drain(v);
    v->load = NULL;
}

static bool run(const struct options *o, struct results *out)
{
    struct visible *v = calloc(1, sizeof(*v));
    struct seen *seen = calloc(o->instances, sizeof(*seen));
    bool done = false;
    if (!v || !seen)
        fprintf(stderr, "discbench: out of memory\n");
    else if ((v->dns.fd = place_open("dns", o->dns, o->remote)) >= 0) {
        v->options = o;
        v->seen = seen;
        v->counts = &out->visible;
        out->has_visible = true;
        struct load_watcher watcher = {replied, turn, v, v->dns.fd};
        struct load *load = mode_load_new(o, &watcher);
        if (load) {
            mode_load_setup(o, load, out);
            if (out->ready)
                measure(v, load, out);
            mode_load_clean(o, load, out);
            mode_load_free(load);
            done = true;
        }
        close(v->dns.fd);
    }
    free(seen);
    free(v);
    return done;
}

const struct mode mode_visible = {
    .name = "visible",
    .what = "register, and ask DNS after each reply until it is shown",
    .heeds = HEEDS_REG | HEEDS_WITHDRAW | HEEDS_DNS,
    .rate = 1000,
    .seconds = 5,
    .whole_setup = true,
    .run = run,
};
