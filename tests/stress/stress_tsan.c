/* Workers answer at full rate and one transfers zones while control registers, renews, changes,
 * evicts, publishes and now and then replaces the whole struct dns. Every answer is checked for
 * structure; the thread sanitizer checks the rest.
 *
 *   stress_tsan [ROUNDS [WORKERS]]
 *
 * Bounded by rounds of control, not by time. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rand.h"
#include "base/rcu.h"
#include "support/answer.h"
#include "support/question.h"
#include "support/server.h"

enum {
    SERVICES = 12,
    INSTANCES = 40,
    LARGE = 300, /* instances of the first service */
    JOURNAL_BYTES = 1 << 18,
    BATCH = 32,
    QUESTIONS = 256,
    WORKERS_MAX = 8,
    RELOAD_EVERY = 97
};

struct prepared {
    uint8_t bytes[QUESTION_MAX];
    size_t size, limit;
    bool tcp;
};

static struct server_under_test server;
static struct prepared questions[QUESTIONS];
static _Atomic bool stop;

struct thread {
    pthread_t id;
    struct dns_worker *worker;
    struct rand rand;
    uint64_t answers;
};

static unsigned instance_of(struct rand *r, unsigned service)
{
    return rand_below(r, service ? INSTANCES : LARGE);
}

/* ---- questions ---------------------------------------------------------------------- */

static void make_name(struct rand *r, char *out, size_t size)
{
    static const char *const zones[] = {"disc.local", "disc.internal"};
    const char *zone = zones[rand_below(r, 2)];
    unsigned svc = rand_below(r, SERVICES + 1), inst = instance_of(r, svc);
    switch (rand_below(r, 10)) {
    case 0: snprintf(out, size, "i%u.s%u.%s", inst, svc, zone); break;
    case 1: snprintf(out, size, "_s%u._tcp.%s", svc, zone); break;
    case 2: snprintf(out, size, "_http._tcp.s%u.%s", svc, zone); break;
    case 3: snprintf(out, size, "%u.version.s%u.%s", rand_below(r, 5), svc, zone); break;
    case 4: snprintf(out, size, "%s", zone); break;
    case 5: snprintf(out, size, "nosuch%u.%s", inst, zone); break;
    default: snprintf(out, size, "s%u.%s", svc, zone);
    }
}

static void prepare_questions(void)
{
    static const uint16_t types[] = {1, 28, 33, 16, 6, 255};
    static const uint16_t sizes[] = {0, 512, 1232, 4096};
    struct rand r;
    rand_seed(&r, 20);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        char name[200];
        make_name(&r, name, sizeof(name));
        struct question q = {.name = name,
                             .type = types[rand_below(&r, 6)],
                             .id = (uint16_t)i,
                             .bufsize = sizes[rand_below(&r, 4)],
                             .tcp = rand_below(&r, 8) == 0};
        questions[i].size = question_write(&q, questions[i].bytes);
        questions[i].limit = question_limit(&q, DNS_UDP_DEFAULT);
        questions[i].tcp = q.tcp;
        REQUIRE(questions[i].size);
    }
}

/* ---- workers ------------------------------------------------------------------------- */

static void ask(struct thread *t, const struct dns *dns, uint8_t *out)
{
    const struct prepared *q = &questions[rand_below(&t->rand, QUESTIONS)];
    struct dns_request request = {
        q->bytes, q->size, {{FAMILY_V4, {127, 0, 0, 1}}, 40000}, q->tcp ? DNS_TCP : DNS_UDP, 0, 0};
    request.from.addr.bytes[3] = (uint8_t)rand_below(&t->rand, 250);
    size_t n = dns_respond(dns, t->worker, &request, out, q->tcp ? DNS_TCP_LIMIT : DNS_UDP_LIMIT);
    struct answer answer;
    if (!answer_check(q->bytes, q->size, out, n, q->limit, &answer)) {
        fprintf(stderr, "a bad answer: %s\n", answer.fault);
        abort();
    }
    REQUIRE(answer.rcode == 0 || answer.rcode == 3);
    t->answers++;
}

static void *work(void *context)
{
    struct thread *t = context;
    uint8_t *out = malloc(DNS_TCP_LIMIT);
    REQUIRE(out);
    rcu_reader_start();
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        rcu_reader_online();
        const struct dns *dns = RCU_READ(server.dns);
        for (unsigned i = 0; i < BATCH; i++)
            ask(t, dns, out);
        rcu_reader_offline();
    }
    rcu_reader_stop();
    free(out);
    return NULL;
}

/* ---- transfers ------------------------------------------------------------------------- */

static _Atomic(struct dns_task *) asked, begun; /* from the transferring thread, and back */

/* AXFR, or IXFR from some serials ago. */
static size_t write_transfer(struct rand *r, uint32_t serial, uint8_t out[static QUESTION_MAX])
{
    static const uint8_t head[] = {0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};
    bool steps = rand_below(r, 2);
    struct question q = {
        .name = "disc.local", .type = steps ? 251 : 252, .id = 7, .bufsize = 0, .tcp = true};
    size_t n = question_write(&q, out);
    if (!steps)
        return n;
    struct writer w = writer_of(out + n, QUESTION_MAX - n);
    write_bytes(&w, head, sizeof(head));
    write_u32(&w, serial - rand_below(r, 20));
    for (unsigned i = 0; i < 4; i++)
        write_u32(&w, 1);
    out[9] = 1; /* NSCOUNT */
    return n + writer_used(&w);
}

static struct dns_task *ask_transfer(struct thread *t, uint8_t *out)
{
    uint8_t query[QUESTION_MAX];
    rcu_reader_online();
    const struct dns *dns = RCU_READ(server.dns);
    size_t n = write_transfer(&t->rand, dns_zone_serial(dns, 0), query);
    struct dns_request request = {query, n, {{FAMILY_V4, {127, 0, 0, 1}}, 40000}, DNS_TCP, 0, 0};
    n = dns_respond(dns, t->worker, &request, out, DNS_TCP_LIMIT);
    rcu_reader_offline();
    struct dns_task *task = dns_worker_take_task(t->worker);
    REQUIRE(n == 0 && task);
    return task;
}

/* Control is to pin what is transferred. NULL: it has stopped. */
static struct dns_task *await_task(struct dns_task *task)
{
    atomic_store(&asked, task);
    while (!(task = atomic_exchange(&begun, NULL)) && !atomic_load(&stop))
        sched_yield();
    return task;
}

static void *transfer(void *context)
{
    struct thread *t = context;
    uint8_t *out = malloc(DNS_TCP_LIMIT);
    REQUIRE(out);
    rcu_reader_start();
    rcu_reader_offline();
    for (struct dns_task *task; (task = await_task(ask_transfer(t, out)));) {
        for (size_t n; (n = dns_task_next(task, t->worker, 0, out, DNS_TCP_LIMIT)); t->answers++) {
            REQUIRE(n > 12 && (out[3] & 15) == 0);
            sched_yield();
        }
        dns_task_free(task);
    }
    rcu_reader_stop();
    free(out);
    return NULL;
}

static void run_transfer(void)
{
    struct dns *dns = atomic_load_explicit(&server.dns, memory_order_relaxed);
    struct dns_task *task = atomic_exchange(&asked, NULL);
    if (!task)
        return;
    dns_task_run(dns, server.registry, server.now, task);
    atomic_store(&begun, task);
}

/* ---- control --------------------------------------------------------------------------- */

static void change(struct rand *r)
{
    unsigned svc = rand_below(r, 4) ? rand_below(r, SERVICES) : 0, inst = instance_of(r, svc);
    unsigned kind = rand_below(r, 20);
    if (kind < 9)
        server_send(&server,
                    "disc/1 reg svc=s%u inst=i%u addr=10.%u.%u.%u,[2001:db8::%x] "
                    "port=http:%u,53/udp w=%u ver=%u lease=%u m.k=%u",
                    svc, inst, svc, inst / 100, inst % 100, inst + 1, 1000 + inst,
                    rand_below(r, 300), rand_below(r, 5), 5 + rand_below(r, 20), rand_below(r, 9));
    else if (kind < 14)
        server_send(&server, "disc/1 ren svc=s%u inst=i%u", svc, inst);
    else if (kind < 16)
        server_send(&server, "disc/1 upd svc=s%u inst=i%u w=%u", svc, inst, rand_below(r, 300));
    else if (kind < 18)
        server_send(&server, "disc/1 upd svc=s%u inst=i%u st=%s", svc, inst,
                    rand_below(r, 2) ? "draining" : "up");
    else
        server_send(&server, "disc/1 del svc=s%u inst=i%u", svc, inst);
    REQUIRE(strncmp(server.reply, "disc/1 ok", 9) == 0 || strstr(server.reply, " c=404 "));
}

/* No answer to a query received after the reply to a del holds that instance. */
static void check_goodbye(struct rand *r, struct dns_worker *own, uint8_t *out)
{
    unsigned svc = rand_below(r, SERVICES), inst = instance_of(r, svc);
    char name[64];
    uint8_t query[QUESTION_MAX];
    struct answer answer;
    server_send(&server, "disc/1 del svc=s%u inst=i%u", svc, inst);
    server_publish(&server);
    snprintf(name, sizeof(name), "i%u.s%u.disc.local", inst, svc);
    struct question q = {.name = name, .type = 1, .id = 9, .bufsize = 1232};
    size_t n = question_write(&q, query);
    struct dns_request request = {query, n, {{FAMILY_V4, {127, 0, 0, 1}}, 40000}, DNS_UDP, 0, 0};
    n = dns_respond(atomic_load_explicit(&server.dns, memory_order_relaxed), own, &request, out,
                    DNS_UDP_LIMIT);
    REQUIRE(answer_check(query, request.size, out, n, 1232, &answer));
    REQUIRE(answer.counts[ANSWER_ANSWER] == 0);
}

/* As the status page does. */
static uint64_t read_counters(const struct thread *threads, unsigned count)
{
    uint64_t queries = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct dns_counters *c = dns_worker_counters(threads[i].worker);
        queries += counter_get(&c->queries[DNS_UDP]) + counter_get(&c->queries[DNS_TCP]);
        queries += 0 * counter_get(&c->answer_bytes);
    }
    return queries;
}

static void control(unsigned rounds, const struct thread *threads, unsigned count)
{
    struct rand r;
    struct dns_worker *own = dns_worker_new(5);
    uint8_t *out = malloc(DNS_UDP_LIMIT);
    REQUIRE(own && out);
    rand_seed(&r, 10);
    for (unsigned round = 1; round <= rounds; round++) {
        for (unsigned n = 1 + rand_below(&r, 12); n; n--)
            change(&r);
        server_pass(&server, rand_below(&r, 300));
        server_publish(&server);
        run_transfer();
        if (round % 8 == 0)
            check_goodbye(&r, own, out);
        if (round % 32 == 0)
            (void)read_counters(threads, count);
        if (round % RELOAD_EVERY == 0)
            server_reload(&server);
    }
    free(out);
    dns_worker_free(own);
}

/* ---- all of it --------------------------------------------------------------------------- */

static uint64_t number(const char *text)
{
    uint64_t value;
    if (text_number(text_of(text), UINT32_MAX, &value)) {
        fprintf(stderr, "usage: stress_tsan [ROUNDS [WORKERS]]\n");
        exit(2);
    }
    return value;
}

static void start(struct thread *t, unsigned seed, void *(*run)(void *))
{
    t->worker = dns_worker_new(100 + seed);
    rand_seed(&t->rand, seed);
    REQUIRE(t->worker);
    REQUIRE(pthread_create(&t->id, NULL, run, t) == 0);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)number(argv[1]) : 300;
    unsigned count = argc > 2 ? (unsigned)number(argv[2]) : 2;
    static struct thread threads[WORKERS_MAX], secondary;
    uint64_t answers = 0;
    REQUIRE(count >= 1 && count <= WORKERS_MAX);
    server_start(&server, JOURNAL_BYTES);
    prepare_questions();
    for (unsigned i = 0; i < count; i++)
        start(&threads[i], i, work);
    start(&secondary, 99, transfer);
    control(rounds, threads, count);
    atomic_store(&stop, true);
    REQUIRE(pthread_join(secondary.id, NULL) == 0);
    dns_task_free(atomic_load(&asked));
    dns_task_free(atomic_load(&begun));
    dns_worker_free(secondary.worker);
    for (unsigned i = 0; i < count; i++)
        REQUIRE(pthread_join(threads[i].id, NULL) == 0);
    REQUIRE(read_counters(threads, count) > 0);
    for (unsigned i = 0; i < count; i++) {
        answers += threads[i].answers;
        dns_worker_free(threads[i].worker);
    }
    struct registry_totals t = registry_totals(server.registry);
    printf("%u rounds: %llu registrations, %llu evictions, %llu deregistrations; %llu answers, "
           "%llu messages of transfers\n",
           rounds, (unsigned long long)t.registrations, (unsigned long long)t.evictions,
           (unsigned long long)t.deregistrations, (unsigned long long)answers,
           (unsigned long long)secondary.answers);
    REQUIRE(t.registrations && t.deregistrations && secondary.answers);
    REQUIRE(rounds < 100 || t.evictions);
    server_stop(&server);
    return 0;
}
