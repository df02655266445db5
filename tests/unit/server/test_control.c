/* The control thread's turns on real sockets: datagrams that arrive together are answered each
 * to its sender and in order, what they change is published before the replies leave, and
 * heartbeats publish nothing. Memory only; no threads. */
#include "server/control.h"

#include "unit/server/common.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/loop.h"
#include "server/notify_out.h"
#include "server/tasks.h"

enum { SENDERS = 3, LEAVE_MAX = 30, REPLY_MAX = REG_DATAGRAM_MAX + 1 };

static const struct hash_key key = {"0123456789abcdef"};

struct rig {
    struct event_base *base;
    struct registry *registry;
    struct dns_records *records;
    struct reg *reg;
    _Atomic(struct dns *) dns;
    struct durable *durable;
    struct tasks *tasks;
    struct notify_out *notify;
    struct listeners sockets;
    struct control *control;
    int senders[SENDERS];
    unsigned told; /* that a publication is over */
};

/* ---- the rig ------------------------------------------------------------------------- */

static struct reg *open_reg(struct registry *registry)
{
    struct reg_config config = {.source_quota = 1000, .source_count = 1};
    struct reg_identity identity = {.durability = "memory", .epoch = 7, .seed = 1};
    config.sources = calloc(1, sizeof *config.sources);
    config.sources[0].auth = REG_AUTH_OPEN;
    assert_int_equal(network_parse(TEXT("127.0.0.0/8"), &config.sources[0].from), ERR_OK);
    return reg_new(&config, &identity, registry);
}

static struct dns *open_dns(void)
{
    struct dns_config config = {
        .udp_max_size = DNS_UDP_DEFAULT,
        .zones = calloc(1, sizeof *config.zones),
        .zone_count = 1,
    };
    struct dns_fault fault;
    config.zones[0] = (struct dns_zone_config){.name = strdup("d.test"),
                                               .ns = strdup("default"),
                                               .ttl = 5,
                                               .negative_ttl = 2,
                                               .srv_weight_scale = 1};
    return dns_new(&config, &key, &fault);
}

static void on_published(void *context, struct moment now UNUSED)
{
    struct rig *r = context;
    r->told++;
}

static void open_senders(struct rig *r)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&r->sockets.sets[0].local, &sa);
    for (unsigned n = 0; n < SENDERS; n++) {
        r->senders[n] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(connect(r->senders[n], (struct sockaddr *)&sa, size), 0);
    }
}

static void rig_start(struct rig *r)
{
    struct registry_config config = registry_config_default();
    config.leave_max = LEAVE_MAX;
    struct endpoint at = endpoint_of("127.0.0.1:0");
    *r = (struct rig){.base = loop_new(), .records = dns_records_new(&key)};
    r->registry = registry_new(&config, &key);
    r->reg = open_reg(r->registry);
    r->dns = open_dns();
    assert_int_equal(durable_open("", (uid_t)-1, (gid_t)-1, &r->durable), ERR_OK);
    r->tasks = tasks_new(&(struct tasks_options){1, 16, 1, dns_task_free});
    r->notify = notify_out_new(r->base, &notify_times_default);
    assert_int_equal(listeners_open("test", SOCKET_UDP_STAMPED, &at, 1, 1, &r->sockets), ERR_OK);
    r->control = control_new(&(struct control_options){
        .base = r->base,
        .registry = r->registry,
        .records = r->records,
        .reg = r->reg,
        .dns = &r->dns,
        .durable = r->durable,
        .tasks = r->tasks,
        .notify = r->notify,
        .registration = &r->sockets,
        .published = on_published,
        .context = r,
    });
    assert_non_null(r->control);
    assert_int_equal(control_start(r->control), ERR_OK);
    open_senders(r);
}

static void rig_end(struct rig *r)
{
    control_stop(r->control);
    control_free(r->control);
    for (unsigned n = 0; n < SENDERS; n++)
        close(r->senders[n]);
    listeners_close(&r->sockets);
    notify_out_free(r->notify);
    tasks_free(r->tasks);
    durable_close(r->durable);
    dns_free(r->dns);
    reg_free(r->reg);
    registry_free(r->registry);
    dns_records_free(r->records);
    event_base_free(r->base);
}

/* ---- talking --------------------------------------------------------------------------- */

/* The n-th request, from the senders by turns. */
static void say(struct rig *r, unsigned n, const char *verb, unsigned instance, const char *rest)
{
    char text[160];
    int size = snprintf(text, sizeof text, "disc/1 %s id=%u svc=web inst=i%u%s\n", verb, n,
                        instance, rest);
    assert_int_equal(send(r->senders[n % SENDERS], text, (size_t)size, 0), size);
}

/* Turns until the n-th is answered; the answer must begin like this. */
static void expect(struct rig *r, unsigned n, const char *kind)
{
    char reply[REPLY_MAX], wanted[64];
    ssize_t size;
    while ((size = recv(r->senders[n % SENDERS], reply, sizeof reply - 1, 0)) < 0)
        assert_int_equal(event_base_loop(r->base, EVLOOP_ONCE), 0);
    reply[size] = '\0';
    snprintf(wanted, sizeof wanted, "disc/1 %s id=%u ", kind, n);
    if (strncmp(reply, wanted, strlen(wanted)) != 0)
        fail_msg("%s instead of %s", reply, wanted);
    assert_int_equal(dns_published_index(r->dns), registry_index(r->registry));
}

static uint64_t publications(const struct rig *r)
{
    return dns_totals(r->dns).publications;
}

/* ---- the tests ------------------------------------------------------------------------- */

enum { MANY = 100 }; /* more than are read together, fewer than a batch */

/* All wait before the first one is read. */
static void registered(struct rig *r)
{
    for (unsigned n = 0; n < MANY; n++)
        say(r, n, "reg", n, " port=80 addr=10.0.0.1");
    for (unsigned n = 0; n < MANY; n++)
        expect(r, n, "ok");
    assert_int_equal(registry_totals(r->registry).instances, MANY);
}

static void each_is_answered_and_all_published_once(void **state UNUSED)
{
    struct rig r;
    rig_start(&r);
    uint64_t before = publications(&r);
    registered(&r);
    assert_int_equal(publications(&r), before + 1);
    rig_end(&r);
}

static void heartbeats_publish_nothing(void **state UNUSED)
{
    struct rig r;
    rig_start(&r);
    registered(&r);
    uint64_t before = publications(&r), index = registry_index(r.registry);
    unsigned told = r.told;
    for (unsigned n = 0; n < MANY; n++)
        say(&r, n, "ren", MANY - 1 - n, "");
    for (unsigned n = 0; n < MANY; n++)
        expect(&r, n, "ok");
    assert_int_equal(publications(&r), before);
    assert_int_equal(registry_index(r.registry), index);
    assert_true(r.told > told);  /* watchers have their turn all the same */
    say(&r, 0, "ren", MANY, ""); /* one change among heartbeats is published */
    say(&r, 1, "upd", 3, " w=3");
    say(&r, 2, "ren", 4, "");
    expect(&r, 0, "err");
    expect(&r, 1, "ok");
    expect(&r, 2, "ok");
    assert_int_equal(publications(&r), before + 1);
    rig_end(&r);
}

/* Each finds what those in front of it left. */
static void changes_within_a_flight(void **state UNUSED)
{
    static const struct {
        const char *verb, *rest, *kind;
    } rows[] = {
        {"ren", "", "err"}, {"reg", " port=80 addr=10.0.0.1", "ok"},
        {"ren", "", "ok"},  {"del", "", "ok"},
        {"ren", "", "err"},
    };
    struct rig r;
    rig_start(&r);
    for (unsigned n = 0; n < 20 * ARRAY_COUNT(rows); n++)
        say(&r, n, rows[n % 5].verb, n / 5, rows[n % 5].rest);
    for (unsigned n = 0; n < 20 * ARRAY_COUNT(rows); n++)
        expect(&r, n, rows[n % 5].kind);
    assert_int_equal(registry_totals(r.registry).instances, 0);
    rig_end(&r);
}

/* The group's members go in several turns, in which others are served; who said goodbye, and
 * who does it again, is answered behind the last. */
static void a_group_leaves(void **state UNUSED)
{
    struct rig r;
    char early[REPLY_MAX];
    rig_start(&r);
    for (unsigned n = 0; n < MANY; n++)
        say(&r, n, "reg", n, n ? " port=80 addr=10.0.0.1 grp=node" : " port=80 addr=10.0.0.1");
    for (unsigned n = 0; n < MANY; n++)
        expect(&r, n, "ok");
    static const char goodbye[] = "disc/1 del id=0 grp=node\n",
                      again[] = "disc/1 del id=1 grp=node\n";
    assert_int_equal(send(r.senders[0], goodbye, sizeof goodbye - 1, 0), sizeof goodbye - 1);
    assert_int_equal(send(r.senders[1], again, sizeof again - 1, 0), sizeof again - 1);
    say(&r, 2, "ren", 0, "");
    expect(&r, 2, "ok");
    assert_int_equal(registry_totals(r.registry).instances, MANY - LEAVE_MAX);
    assert_int_equal(recv(r.senders[0], early, sizeof early, 0), -1);
    assert_int_equal(recv(r.senders[1], early, sizeof early, 0), -1);
    assert_int_equal(control_held_replies(r.control), 2);
    expect(&r, 0, "ok"); /* and all is published */
    assert_int_equal(registry_totals(r.registry).instances, 1);
    expect(&r, 1, "err");
    assert_int_equal(control_held_replies(r.control), 0);
    rig_end(&r);
}

/* It stops before the last has gone: what cannot be awaited is not acknowledged. */
static void a_stop_refuses_goodbyes(void **state UNUSED)
{
    static const char goodbye[] = "disc/1 del id=0 grp=node\n";
    struct rig r;
    rig_start(&r);
    for (unsigned n = 0; n < MANY; n++)
        say(&r, n, "reg", n, " port=80 addr=10.0.0.1 grp=node");
    for (unsigned n = 0; n < MANY; n++)
        expect(&r, n, "ok");
    assert_int_equal(send(r.senders[0], goodbye, sizeof goodbye - 1, 0), sizeof goodbye - 1);
    while (!control_held_replies(r.control))
        assert_int_equal(event_base_loop(r.base, EVLOOP_ONCE), 0);
    control_stop(r.control);
    expect(&r, 0, "err");
    assert_true(registry_totals(r.registry).instances > 0);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_answered_and_all_published_once),
        cmocka_unit_test(heartbeats_publish_nothing),
        cmocka_unit_test(changes_within_a_flight),
        cmocka_unit_test(a_group_leaves),
        cmocka_unit_test(a_stop_refuses_goodbyes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
