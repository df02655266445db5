/* Subscribers against the protocol module that discd runs, over a channel that loses 30 % of
 * the datagrams in both directions, doubles some and mixes up their order; the clock is the
 * test's. Each list that a subscriber ever shows is one that the service had, at the very
 * index that it says; and in the end all have the last one. */
#include "fake.h"

#include "unit/reg/rig.h"

#include <unistd.h>

enum {
    CLIENTS = 3,
    IDS = 60,
    PACKETS_MAX = 2048,
    HISTORY_MAX = 4096,
    LOSS = 30,      /* percent */
    DOUBLED = 3,    /* percent */
    DELAY_MS = 120, /* at most */
    BUSY_MS = 40000,
    PATIENCE_MS = 180000, /* ten refreshes */
};

struct packet {
    uint64_t due;
    unsigned client;
    bool to_server;
    size_t size; /* 0 = a free place */
    uint8_t bytes[REG_RECEIVE_SIZE];
};

struct subscriber {
    struct fake f;
    struct disc *d;
    int watch;
    unsigned changes;
};

/* What the service was at an index. */
struct moment_in_time {
    uint64_t index, print;
};

struct world {
    struct rig *rig;
    uint64_t random, now, started;
    struct subscriber clients[CLIENTS];
    struct packet *packets;
    struct moment_in_time history[HISTORY_MAX];
    size_t history_count;
    unsigned lost, sent;
    uint32_t epoch;
};

static uint64_t draw(struct world *w, uint64_t below)
{
    uint64_t v = w->random += 0x9e3779b97f4a7c15u;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return (v ^ (v >> 31)) % below;
}

/* ---- what a list is ------------------------------------------------------------------------- */

/* Of one instance; a list's is the sum. */
static uint64_t print_of(const char *id, size_t n, unsigned weight, bool stale, unsigned status,
                         const char *version, size_t version_size)
{
    char text[200];
    uint64_t hash = 0xcbf29ce484222325u;
    int size = snprintf(text, sizeof(text), "%.*s %u %d %u %.*s", (int)n, id, weight, stale, status,
                        (int)version_size, version);
    for (int i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t print_of_service(const struct service *s)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; s && i < service_count(s); i++) {
        struct record r;
        struct instance_state state;
        instance_read(service_instance(s, i), &r);
        instance_state(service_instance(s, i), &state);
        sum += print_of(r.id.s, r.id.n, state.weight, state.stale, state.status, r.version.s,
                        r.version.n);
    }
    return sum;
}

static uint64_t print_of_list(const struct disc_list *list)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct disc_instance *e = &list->instances[i];
        sum += print_of(e->id, strlen(e->id), e->weight, e->stale, e->status, e->version,
                        strlen(e->version));
    }
    return sum;
}

static const struct service *service_of(const struct world *w)
{
    return registry_service(w->rig->registry, TEXT("default"), TEXT("web"));
}

static void note_state(struct world *w)
{
    const struct service *s = service_of(w);
    uint64_t index = s ? service_index(s) : 0;
    if (!s || (w->history_count && w->history[w->history_count - 1].index == index))
        return;
    assert_true(w->history_count < HISTORY_MAX);
    w->history[w->history_count++] = (struct moment_in_time){index, print_of_service(s)};
}

static void on_change(void *context, const struct disc_watch_event *e)
{
    struct subscriber *c = context;
    c->changes += e->kind == DISC_WATCH_CHANGED;
}

static void check_list(struct world *w, struct subscriber *c)
{
    struct disc_list list;
    assert_int_equal(disc_get(c->d, c->watch, w->now, &list), DISC_OK);
    for (size_t i = 0; i < w->history_count && list.count; i++) {
        if (w->history[i].index != list.index)
            continue;
        if (w->history[i].print != print_of_list(&list))
            fail_msg("a list that never was, at index %llu", (unsigned long long)list.index);
        return;
    }
    if (list.count)
        fail_msg("index %llu never was", (unsigned long long)list.index);
}

/* ---- the channel ------------------------------------------------------------------------------
 */

static void post(struct world *w, unsigned client, bool to_server, const uint8_t *bytes, size_t n)
{
    w->sent++;
    if (draw(w, 100) < LOSS) {
        w->lost++;
        return;
    }
    for (unsigned i = 0; i < PACKETS_MAX; i++) {
        struct packet *p = &w->packets[i];
        if (p->size)
            continue;
        *p = (struct packet){w->now + 1 + draw(w, DELAY_MS), client, to_server, n, {0}};
        memcpy(p->bytes, bytes, n);
        if (draw(w, 100) >= DOUBLED)
            return;
    }
    fail_msg("too many datagrams under way");
}

/* What the clients have sent by now. */
static void collect(struct world *w)
{
    uint8_t bytes[REG_RECEIVE_SIZE];
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct fake *f = &w->clients[i].f;
        for (;;) {
            socklen_t size = sizeof(f->peer);
            ssize_t n =
                recvfrom(f->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&f->peer, &size);
            if (n <= 0)
                break;
            post(w, i, true, bytes, (size_t)n);
        }
    }
}

static void reach_server(struct world *w, const struct packet *p)
{
    char from[32];
    snprintf(from, sizeof(from), "10.0.0.%u", p->client + 1);
    rig_from(w->rig, from);
    w->rig->route[0] = p->client + 1;
    rig_send_bytes(w->rig, p->bytes, p->size);
    if (w->rig->size)
        post(w, p->client, false, w->rig->out, w->rig->size);
}

static void reach_client(struct world *w, const struct packet *p)
{
    struct subscriber *c = &w->clients[p->client];
    sendto(c->f.fd, p->bytes, p->size, 0, (struct sockaddr *)&c->f.peer, sizeof(c->f.peer));
    disc_process(c->d, w->now);
    check_list(w, c);
}

static void deliver(struct world *w)
{
    for (unsigned i = 0; i < PACKETS_MAX; i++) {
        struct packet *p = &w->packets[i];
        if (!p->size || p->due > w->now)
            continue;
        if (p->to_server)
            reach_server(w, p);
        else
            reach_client(w, p);
        p->size = 0;
    }
}

static void push(struct world *w)
{
    const void *route;
    uint8_t out[REG_DATAGRAM_MAX];
    reg_published(w->rig->reg, w->rig->now);
    for (size_t n; (n = reg_push(w->rig->reg, w->rig->now, out, &route));) {
        uint64_t client;
        memcpy(&client, route, sizeof(client));
        post(w, (unsigned)client - 1, false, out, n);
    }
}

/* ---- the clock ---------------------------------------------------------------------------------
 */

static uint64_t next_time(struct world *w, uint64_t latest)
{
    uint64_t push_due = reg_next_push(w->rig->reg), first = latest;
    uint64_t lease_now = w->rig->now.lease_ms;
    for (unsigned i = 0; i < PACKETS_MAX; i++) {
        if (w->packets[i].size && w->packets[i].due < first)
            first = w->packets[i].due;
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        int wait = disc_timeout_ms(w->clients[i].d, w->now);
        if (wait >= 0 && w->now + (uint64_t)wait < first)
            first = w->now + (uint64_t)wait;
    }
    if (push_due != UINT64_MAX && w->now + (push_due - lease_now) < first)
        first = push_due > lease_now ? w->now + (push_due - lease_now) : w->now;
    return first > w->now ? first : w->now + 1;
}

/* Until `end`. */
static void live(struct world *w, uint64_t end)
{
    while (w->now < end) {
        uint64_t next = next_time(w, end);
        rig_pass(w->rig, next - w->now);
        w->now = next;
        registry_expire(w->rig->registry, w->rig->now, 1000, NULL, NULL);
        note_state(w);
        deliver(w);
        push(w);
        for (unsigned i = 0; i < CLIENTS; i++)
            disc_process(w->clients[i].d, w->now);
        collect(w);
    }
}

/* ---- what happens to the service
 * ------------------------------------------------------------------ */

static void change_something(struct world *w)
{
    char line[600];
    unsigned id = (unsigned)draw(w, IDS);
    rig_from(w->rig, "127.0.0.1");
    if (draw(w, 4) == 0)
        snprintf(line, sizeof(line), "disc/1 del svc=web inst=web-%u", id);
    else
        snprintf(line, sizeof(line),
                 "disc/1 reg svc=web inst=web-%u addr=10.1.0.%u port=http:80 w=%u ver=%u "
                 "st=%s lease=%u m.text=%0*u",
                 id, id + 1, (unsigned)draw(w, 100), (unsigned)draw(w, 1000),
                 draw(w, 5) ? "up" : "draining", 20 + (unsigned)draw(w, 300), 1 + (int)draw(w, 150),
                 id);
    rig_send(w->rig, line);
    note_state(w);
}

/* The same records, but nobody is subscribed any more. */
static void restart(struct world *w)
{
    struct reg_config config = rig_config();
    struct reg_identity identity = {
        .epoch = ++w->epoch, .cookie_secret = "another secret!", .seed = 2, .durability = "disk"};
    reg_free(w->rig->reg);
    w->rig->reg = reg_new(&config, &identity, w->rig->registry);
    assert_non_null(w->rig->reg);
}

static void be_busy(struct world *w, bool restarts)
{
    uint64_t end = w->now + BUSY_MS, middle = w->now + BUSY_MS / 2;
    while (w->now < end) {
        for (uint64_t n = draw(w, 6); n; n--)
            change_something(w);
        live(w, w->now + 1 + draw(w, 900));
        if (restarts && w->now > middle) {
            restart(w);
            restarts = false;
        }
    }
}

static bool have_all(struct world *w)
{
    uint64_t right = print_of_service(service_of(w));
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct disc_list list;
        assert_int_equal(disc_get(w->clients[i].d, w->clients[i].watch, w->now, &list), DISC_OK);
        if (print_of_list(&list) != right)
            return false;
    }
    return true;
}

/* ---- worlds
 * ------------------------------------------------------------------------------------------- */

static void client_open(struct world *w, unsigned number, uint64_t seed)
{
    struct subscriber *c = &w->clients[number];
    struct disc_options options = {.seed = seed * CLIENTS + number + 1};
    struct disc_watch_spec spec = {
        .service = "web", .empty = DISC_EMPTY_BELIEVED, .changed = on_change, .context = c};
    fake_open(&c->f);
    c->d = disc_new(&options);
    assert_non_null(c->d);
    assert_int_equal(disc_add_server(c->d, c->f.text), DISC_OK);
    c->watch = disc_watch(c->d, &spec);
    assert_true(c->watch > 0);
}

static void world_open(struct world *w, uint64_t seed)
{
    *w = (struct world){.rig = rig_new(), .random = seed, .now = 1000, .epoch = 0x2b6296d4};
    w->packets = calloc(PACKETS_MAX, sizeof(*w->packets));
    assert_non_null(w->packets);
    for (unsigned i = 0; i < CLIENTS; i++)
        client_open(w, i, seed);
}

static void world_close(struct world *w)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        disc_free(w->clients[i].d);
        close(w->clients[i].f.fd);
    }
    rig_free(w->rig);
    free(w->packets);
}

struct totals {
    unsigned lost, sent, changes;
};

/* How long after the last change all have it. */
static uint64_t run_world(uint64_t seed, bool restarts, struct totals *totals)
{
    static struct world w;
    world_open(&w, seed);
    be_busy(&w, restarts);
    uint64_t quiet = w.now;
    while (!have_all(&w)) {
        if (w.now >= quiet + PATIENCE_MS)
            fail_msg("seed %llu: not all have the last list", (unsigned long long)seed);
        live(&w, w.now + 50);
    }
    uint64_t took = w.now - quiet;
    totals->lost += w.lost;
    totals->sent += w.sent;
    for (unsigned i = 0; i < CLIENTS; i++)
        totals->changes += w.clients[i].changes;
    world_close(&w);
    return took;
}

static void run_seeds(bool restarts)
{
    enum { SEEDS = 200 };
    uint64_t worst = 0, sum = 0, above_1s = 0;
    struct totals totals = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t took = run_world(seed, restarts, &totals);
        worst = took > worst ? took : worst;
        above_1s += took > 1000;
        sum += took;
    }
    assert_in_range(totals.lost, totals.sent * 29 / 100, totals.sent * 31 / 100);
    assert_true(totals.changes > 10 * SEEDS * CLIENTS); /* there was something to lose */
    print_message("%d worlds, 30 %% lost: all have the last list after %llu ms on average, "
                  "%llu ms at worst; %llu took more than a second\n",
                  SEEDS, (unsigned long long)(sum / SEEDS), (unsigned long long)worst,
                  (unsigned long long)above_1s);
}

static void all_have_the_last_list_in_the_end(void **state)
{
    (void)state;
    run_seeds(false);
}

static void a_restart_of_the_server_in_between_is_no_harm(void **state)
{
    (void)state;
    run_seeds(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_have_the_last_list_in_the_end),
        cmocka_unit_test(a_restart_of_the_server_in_between_is_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
