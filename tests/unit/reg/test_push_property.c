/* Under loss, duplication, reordering and restarts a subscriber always comes to have what
 * the registry has, and never has a state that never was. */
#include "unit/reg/rig.h"

#include "base/rand.h"
#include "unit/reg/model_subscriber.h"

enum { SUBSCRIBERS = 6, SERVICES = 2, INSTANCES = 90, AIR = 512, STEP_MS = 5, STATES = 8192 };

struct packet {
    bool used, to_server;
    unsigned model;
    uint64_t at_ms;
    char text[REG_DATAGRAM_MAX + 1];
};

struct state {
    uint64_t index, digest;
};

struct world {
    struct rig *rig;
    struct rand rand;
    unsigned loss; /* percent, each way */
    unsigned epoch;
    struct packet air[AIR];
    struct model models[SUBSCRIBERS];
    struct state states[SERVICES][STATES];
    size_t state_count[SERVICES];
};

static const char *const services[SERVICES] = {"web", "api"};

/* ---- what was ------------------------------------------------------------------------ */

static uint64_t digest_line(const char *line, size_t n)
{
    return hash_digest(line, n);
}

static uint64_t digest_model(const struct model *m)
{
    uint64_t digest = 0;
    for (unsigned i = 0; i < MODEL_LIST; i++)
        if (m->list[i][0])
            digest ^= digest_line(m->list[i], strlen(m->list[i]));
    return digest;
}

/* As a line of a push says it; the instances here have an address, a port and a weight. */
static uint64_t digest_instance(const struct instance *i)
{
    struct record r;
    struct instance_state s;
    char line[160], addr[ADDR_TEXT];
    instance_read(i, &r);
    instance_state(i, &s);
    int n = snprintf(line, sizeof(line), "%.*s a=%s p=%u w=%u q=0 s=%s", TEXT_ARG(r.id),
                     addr_format(&r.addresses[0], addr), r.ports[0].number, s.weight,
                     status_text(s.status));
    return digest_line(line, (size_t)n);
}

static uint64_t digest_service(const struct service *s)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; s && i < service_count(s); i++)
        digest ^= digest_instance(service_instance(s, i));
    return digest;
}

static const struct service *service_of(const struct world *w, unsigned n)
{
    return registry_service(w->rig->registry, TEXT("default"), text_of(services[n]));
}

static void note_states(struct world *w)
{
    for (unsigned n = 0; n < SERVICES; n++) {
        const struct service *s = service_of(w, n);
        size_t count = w->state_count[n];
        if (!s || (count && w->states[n][count - 1].index == service_index(s)))
            continue;
        assert_true(count < STATES);
        w->states[n][w->state_count[n]++] = (struct state){service_index(s), digest_service(s)};
    }
}

/* A number that is no state of the service is that of its not being known. */
static void check_was(const struct world *w, const struct model *m)
{
    unsigned n = m->service == services[1];
    uint64_t wanted = 0;
    for (size_t i = 0; i < w->state_count[n]; i++)
        if (w->states[n][i].index == m->have)
            wanted = w->states[n][i].digest;
    assert_true(digest_model(m) == wanted);
}

/* ---- the network ----------------------------------------------------------------------- */

static struct endpoint endpoint_of(unsigned model)
{
    struct endpoint e = {rig_addr("10.0.0.1"), (uint16_t)(4000 + model)};
    e.addr.bytes[3] = (uint8_t)(1 + model);
    return e;
}

static void fly(struct world *w, bool to_server, unsigned model, const char *text)
{
    unsigned copies = *text && rand_below(&w->rand, 100) >= w->loss;
    copies += copies && w->loss && rand_below(&w->rand, 100) < 10;
    for (unsigned i = 0; copies && i < AIR; i++) {
        struct packet *p = &w->air[i];
        if (p->used)
            continue;
        *p = (struct packet){true, to_server, model, 0, ""};
        p->at_ms = w->rig->now.lease_ms + 1 + rand_below(&w->rand, w->loss ? 60 : 3);
        strcpy(p->text, text);
        copies--;
    }
    assert_int_equal(copies, 0);
}

static void serve(struct world *w, const struct packet *p)
{
    struct rig *t = w->rig;
    uint64_t route[REG_ROUTE_SIZE / 8] = {p->model};
    struct reg_datagram in = {(const uint8_t *)p->text, strlen(p->text), false,
                              endpoint_of(p->model), route};
    t->size = reg_handle(t->reg, &in, t->now, t->out);
    t->out[t->size ? t->size - 1 : 0] = '\0';
    fly(w, false, p->model, (const char *)t->out);
}

static void hear(struct world *w, const struct packet *p)
{
    char answer[REG_DATAGRAM_MAX];
    struct model *m = &w->models[p->model];
    model_hear(m, p->text, w->rig->now.lease_ms, answer);
    if (m->changed)
        check_was(w, m);
    fly(w, true, p->model, answer);
}

static void send_pushes(struct world *w)
{
    const void *route;
    struct rig *t = w->rig;
    reg_published(t->reg, t->now);
    while ((t->size = reg_push(t->reg, t->now, t->out, &route))) {
        t->out[t->size - 1] = '\0';
        fly(w, false, (unsigned)*(const uint64_t *)route, (const char *)t->out);
    }
}

static void step(struct world *w)
{
    char request[REG_DATAGRAM_MAX];
    rig_pass(w->rig, STEP_MS);
    for (unsigned i = 0; i < AIR; i++) {
        struct packet *p = &w->air[i];
        if (!p->used || p->at_ms > w->rig->now.lease_ms)
            continue;
        p->used = false;
        if (p->to_server)
            serve(w, p);
        else
            hear(w, p);
    }
    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        model_tick(&w->models[i], w->rig->now.lease_ms, request);
        fly(w, true, i, request);
    }
    send_pushes(w);
}

/* ---- the registry ---------------------------------------------------------------------- */

static void change(struct world *w)
{
    struct rig *t = w->rig;
    char line[256];
    unsigned n = rand_below(&w->rand, INSTANCES), what = rand_below(&w->rand, 10);
    const char *service = services[rand_below(&w->rand, SERVICES)];
    struct endpoint from = t->from;
    rig_from(t, "127.0.0.1");
    if (what < 6)
        snprintf(line, sizeof(line),
                 "disc/1 reg svc=%s inst=i%u addr=10.1.0.%u port=%u lease=300 w=%u", service, n, n,
                 80 + n, rand_below(&w->rand, 3));
    else if (what < 9)
        snprintf(line, sizeof(line), "disc/1 del svc=%s inst=i%u", service, n);
    else
        snprintf(line, sizeof(line), "disc/1 upd svc=%s inst=i%u st=%s", service, n,
                 rand_below(&w->rand, 2) ? "draining" : "up");
    rig_send(t, line);
    t->from = from;
    note_states(w);
}

/* Everything, or nothing, at once. */
static void upheaval(struct world *w)
{
    unsigned n = INSTANCES;
    while (n--)
        change(w);
}

static struct reg *new_reg(struct world *w)
{
    struct reg_config config = rig_config();
    config.rate_per_s = 0;
    config.subscriptions_max = 100;
    struct reg_identity identity = {.epoch = 0x100 + w->epoch++,
                                    .cookie_secret = "fifteen bytes!!",
                                    .seed = 1,
                                    .durability = "disk"};
    identity.cookie_secret[15] = (uint8_t)w->epoch;
    return reg_new(&config, &identity, w->rig->registry);
}

/* A new process with an empty registry, whose clock may have gone back. */
static void restart(struct world *w, uint64_t first_index)
{
    struct rig *t = w->rig;
    struct registry_config rc = registry_config_default();
    struct hash_key key = {{8}};
    rc.namespace_known = rig_namespace_known;
    rc.service_retention_s = 20; /* empty ones are forgotten */
    rc.first_index = first_index;
    reg_free(t->reg);
    registry_free(t->registry);
    t->registry = registry_new(&rc, &key);
    assert_non_null(t->registry);
    t->reg = new_reg(w);
    assert_non_null(t->reg);
    memset(w->state_count, 0, sizeof(w->state_count));
}

static struct world *world_new(uint64_t seed, unsigned loss)
{
    struct world *w = calloc(1, sizeof(*w));
    w->rig = rig_new();
    w->loss = loss;
    rand_seed(&w->rand, seed);
    restart(w, 1000000);
    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        w->models[i].service = services[i % SERVICES];
        w->models[i].number = i;
    }
    return w;
}

static void world_free(struct world *w)
{
    rig_free(w->rig);
    free(w);
}

static void check_all_converged(const struct world *w)
{
    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        const struct model *m = &w->models[i];
        const struct service *s = service_of(w, i % SERVICES);
        if (s)
            assert_int_equal(m->have, service_index(s));
        assert_true(digest_model(m) == digest_service(s));
    }
}

static void run(struct world *w, unsigned seconds, bool changes)
{
    for (unsigned ms = 0; ms < seconds * 1000; ms += STEP_MS) {
        unsigned chance = rand_below(&w->rand, 2000);
        if (changes && chance < 90)
            change(w);
        if (changes && chance == 90)
            upheaval(w);
        step(w);
    }
}

/* `settle_s`: after the last change all have it. */
static void check_run(uint64_t seed, unsigned loss, unsigned settle_s)
{
    struct world *w = world_new(seed, loss);
    for (unsigned life = 0; life < 3; life++) {
        run(w, 20, true);
        registry_expire(w->rig->registry, w->rig->now, 100000, NULL, NULL);
        note_states(w);
        run(w, settle_s, false);
        check_all_converged(w);
        assert_int_equal(reg_subscriptions(w->rig->reg), SUBSCRIBERS);
        restart(w, life == 0 ? 5000000 : 500); /* the second time the clock went back */
    }
    unsigned full = 0, delta = 0, restarts = 0;
    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        full += w->models[i].applied_full;
        delta += w->models[i].applied_delta;
        restarts += w->models[i].restarts;
    }
    assert_int_equal(restarts, 2 * SUBSCRIBERS);
    assert_true(full >= 3 * SUBSCRIBERS);
    assert_true(delta >= (loss < 50 ? 100 : 5));
    world_free(w);
}

static void without_loss_all_arrives_at_once(void **state)
{
    (void)state;
    check_run(1, 0, 1);
}

static void with_loss_all_arrives_in_the_end(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 13; seed++)
        check_run(seed, 30, 180);
}

static void with_heavy_loss_too(void **state)
{
    (void)state;
    check_run(20, 55, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_loss_all_arrives_at_once),
        cmocka_unit_test(with_loss_all_arrives_in_the_end),
        cmocka_unit_test(with_heavy_loss_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
