#include "flow.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "burst.h"
#include "clock.h"
#include "interrupt.h"
#include "pace.h"

enum {
    LOST_NS = NS_PER_S, /* no answer for so long: lost */
    SILENT_S = 3,       /* no answer at all for so long: the phase ends */
    SPIN_NS = 30000,    /* the kernel's timers are not exact enough to sleep for less */
    IDLE_NS = 1000000,
    ASK_NS = 20000000, /* between looks for a signal */
};

struct waiting {
    uint64_t due_ns, sent_ns;
    bool waits;
};

struct flow {
    const struct flow_calls *calls;
    void *context;
    int beside_fd;
    uint64_t oldest, next; /* sequence numbers */
    uint32_t outstanding;
    int stopped_by;    /* a signal; 0 = none */
    uint64_t asked_ns; /* when a signal was looked for */
    bool answered; /* at all; until then one request at a time: it may be answered with a cookie */
    struct pace pace;
    struct waiting ring[FLOW_RING];
    struct burst burst;
};

struct flow *flow_new(const struct flow_calls *calls, void *context, int fd, int beside_fd)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    if (!flow)
        return NULL;
    flow->calls = calls;
    flow->context = context;
    flow->burst.fd = fd;
    flow->beside_fd = beside_fd;
    return flow;
}

void flow_free(struct flow *flow)
{
    free(flow);
}

int flow_stopped(const struct flow *flow)
{
    return flow->stopped_by;
}

void flow_go_on(struct flow *flow)
{
    flow->stopped_by = 0;
}

static bool is_stopped(struct flow *flow, uint64_t now)
{
    if (!flow->stopped_by && now - flow->asked_ns >= ASK_NS) {
        flow->asked_ns = now;
        flow->stopped_by = interrupt_take();
    }
    return flow->stopped_by != 0;
}

/* ---- losses ------------------------------------------------------------------------------ */

/* Whatever becomes of the oldest, it is no longer waited for. */
static void drop_oldest(struct flow *flow, struct tally *tally)
{
    struct waiting *w = &flow->ring[flow->oldest++ % FLOW_RING];
    if (!w->waits)
        return;
    w->waits = false;
    flow->outstanding--;
    tally->lost++;
}

static void give_up_lost(struct flow *flow, uint64_t now, struct tally *tally)
{
    while (flow->oldest < flow->next) {
        const struct waiting *w = &flow->ring[flow->oldest % FLOW_RING];
        if (w->waits && now - w->sent_ns < LOST_NS)
            return;
        drop_oldest(flow, tally);
    }
}

/* ---- sending ----------------------------------------------------------------------------- */

/* Where the ring is full, the oldest was overtaken by far more than a window: it is lost, and must
 * not keep the others waiting. */
static void remember(struct flow *flow, uint64_t now, struct tally *tally)
{
    if (flow->next - flow->oldest == FLOW_RING)
        drop_oldest(flow, tally);
    struct waiting *w = &flow->ring[flow->next++ % FLOW_RING];
    *w = (struct waiting){.due_ns = pace_next_ns(&flow->pace, now), .sent_ns = now, .waits = true};
    if (flow->pace.rate > 0)
        histogram_add(&tally->late, now - w->due_ns);
    flow->pace.taken++;
    flow->outstanding++;
}

/* True: there are no more. */
static bool fill(struct flow *flow, const struct flow_limits *limits, struct tally *tally)
{
    struct burst *burst = &flow->burst;
    uint64_t now = clock_ns(), due = pace_due(&flow->pace, now);
    if (due > limits->most - tally->sent)
        due = limits->most - tally->sent;
    uint32_t window = flow->answered ? limits->window : 1;
    while (burst->count < BURST && burst->count < due && flow->outstanding < window) {
        size_t size = flow->calls->write(flow->context, flow->next, burst->out[burst->count]);
        if (size == FLOW_END)
            return true;
        if (size == FLOW_LATER)
            return false;
        burst->sizes[burst->count++] = size;
        remember(flow, now, tally);
    }
    return false;
}

/* ---- receiving --------------------------------------------------------------------------- */

static void take(struct flow *flow, unsigned i, uint64_t now, struct tally *tally)
{
    const char *in = flow->burst.in[i];
    size_t size = flow->burst.in_sizes[i];
    uint64_t sequence = flow->calls->match(flow->context, in, size, flow->next);
    if (sequence < flow->oldest || sequence >= flow->next)
        return;
    struct waiting *w = &flow->ring[sequence % FLOW_RING];
    if (!w->waits)
        return;
    w->waits = false;
    flow->outstanding--;
    flow->answered = true;
    if (flow->calls->read(flow->context, sequence, in, size, now))
        histogram_add(&tally->latency, now - w->due_ns);
}

static bool receive(struct flow *flow, struct tally *tally)
{
    unsigned n = burst_receive(&flow->burst);
    uint64_t now = clock_ns();
    for (unsigned i = 0; i < n; i++)
        take(flow, i, now, tally);
    return n > 0;
}

/* ---- the loop ---------------------------------------------------------------------------- */

/* Until input, or shortly before the next request is due: timers wake late, the rest is spun. */
static void rest(struct flow *flow, bool ended, uint64_t spin_ns)
{
    struct pollfd fds[] = {{.fd = flow->burst.fd, .events = POLLIN},
                           {.fd = flow->beside_fd, .events = POLLIN}};
    uint64_t now = clock_ns(), next = pace_next_ns(&flow->pace, now), wait = IDLE_NS;
    if (!ended && next > now && next < now + IDLE_NS)
        wait = next - now > spin_ns ? next - now - spin_ns : 0;
    struct timespec timeout = {.tv_nsec = (long)wait};
    if (wait)
        (void)ppoll(fds, flow->beside_fd < 0 ? 1 : 2, &timeout, NULL);
}

static uint64_t due_by(const struct flow_limits *limits)
{
    if (limits->rate <= 0 || !limits->limit_ns)
        return limits->most;
    uint64_t all = (uint64_t)((double)limits->limit_ns / 1e9 * limits->rate + 0.5);
    return all < limits->most ? all : limits->most;
}

/* In an open loop, what was due is sent even when it is late, up to twice the time. */
static bool is_over(const struct flow_limits *limits, uint64_t elapsed, uint64_t silent,
                    const struct tally *tally)
{
    uint64_t limit = limits->rate > 0 ? 2 * limits->limit_ns : limits->limit_ns;
    return (limit && elapsed >= limit) || tally->sent >= limits->most ||
           silent >= (uint64_t)SILENT_S * NS_PER_S;
}

static bool turn(struct flow *flow)
{
    return flow->calls->turn && flow->calls->turn(flow->context, clock_ns());
}

void flow_run(struct flow *flow, const struct flow_limits *wanted, struct tally *tally)
{
    struct flow_limits limits = *wanted;
    uint64_t start = clock_ns(), now = start, heard = start, counted = start;
    bool ended = is_stopped(flow, start);
    limits.most = due_by(wanted);
    flow->pace = (struct pace){.rate = limits.rate, .start_ns = start};
    tally->paced = limits.rate > 0;
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    while (!ended || flow->outstanding) {
        ended = ended || fill(flow, &limits, tally);
        unsigned n = flow->burst.count;
        tally->sent += n;
        burst_send(&flow->burst);
        bool received = receive(flow, tally);
        bool busy = turn(flow) || received || n;
        if (!busy)
            rest(flow, ended, limits.relaxed ? 0 : SPIN_NS);
        now = clock_ns();
        if (received || !flow->outstanding)
            heard = now;
        give_up_lost(flow, now, tally);
        if (!ended || received)
            counted = now;
        ended = ended || is_stopped(flow, now) || is_over(&limits, now - start, now - heard, tally);
    }
    tally->elapsed_ns += counted - start;
    if (limits.rate > 0 && limits.most != UINT64_MAX && limits.limit_ns)
        tally->unsent = limits.most - tally->sent;
}
