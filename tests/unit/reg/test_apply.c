/* What the verbs do and say, from open senders. */
#include "unit/reg/rig.h"

#define EP "ep=2b6296d4"
#define OK_END "lease=30 ren=9000 rev=1795245098534 dur=disk"

static void read_record(struct rig *t, const char *service, const char *id, struct record *out)
{
    struct instance_key key = {TEXT("default"), text_of(service), text_of(id)};
    const struct instance *i = registry_instance(t->registry, key);
    assert_non_null(i);
    instance_read(i, out);
}

/* The datagrams of the shell recipes. */
static void test_recipes(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 reg svc=web port=8080",
              "disc/1 ok " EP " inst=127-0-0-1-8080 addr=127.0.0.1 " OK_END);
    rig_check(t, "disc/1 reg svc=web port=8080 lease=60",
              "disc/1 ok " EP " inst=127-0-0-1-8080 addr=127.0.0.1 lease=60 ren=18000 rev=# "
              "dur=disk");
    rig_check(t, "disc/1 reg svc=web inst=web-1 port=http:8080,grpc:9090 w=100 m.build=42",
              "disc/1 ok " EP " inst=web-1 addr=127.0.0.1 " OK_END);
    struct record r;
    read_record(t, "web", "web-1", &r);
    assert_int_equal(r.port_count, 2);
    assert_int_equal(r.ports[1].number, 9090);
    assert_true(text_is(r.ports[1].name, TEXT("grpc")));
    assert_true(text_is(r.metadata[0].value, TEXT("42")));
}

static void test_everything(void **state)
{
    struct rig *t = *state;
    struct record r;
    rig_check(t,
              "disc/1 reg id=a1 ns=Default svc=User.RPC inst=U-1 addr=10.0.0.7,[2001:db8::7] "
              "port=http:8080,dns:53/udp,7/sctp w=0 prio=32767 st=starting lease=300 "
              "zone=EU1-a region=eu ver=1.4.2%20b cluster=Blue tags=a,b ttl=0 rev=7 m.proto=h2 "
              "m.a=x%20y",
              "disc/1 ok id=a1 " EP " inst=u-1 addr=10.0.0.7,2001:db8::7 lease=300 ren=90000 rev=7 "
              "dur=disk");
    read_record(t, "user.rpc", "u-1", &r);
    assert_int_equal(r.address_count, 2);
    assert_int_equal(r.port_count, 3);
    assert_int_equal(r.ports[1].protocol, PROTOCOL_UDP);
    assert_int_equal(r.ports[2].protocol, PROTOCOL_SCTP);
    assert_true(r.weight_set);
    assert_int_equal(r.weight, 0);
    assert_int_equal(r.priority, 32767);
    assert_int_equal(r.status, STATUS_STARTING);
    assert_true(text_is(r.zone, TEXT("eu1-a")));
    assert_true(text_is(r.region, TEXT("eu")));
    assert_true(text_is(r.version, TEXT("1.4.2 b")));
    assert_true(text_is(r.cluster, TEXT("blue")));
    assert_int_equal(r.tag_count, 2);
    assert_int_equal(r.ttl, 0);
    assert_int_equal(r.metadata_count, 2);
    assert_true(text_is(r.metadata[0].value, TEXT("x y")));
}

static void test_addresses(void **state)
{
    struct rig *t = *state;
    static const struct {
        const char *from, *request, *reply;
    } rows[] = {
        {"172.16.0.9", "port=80", "inst=172-16-0-9-80 addr=172.16.0.9"},
        {"172.16.0.9", "port=-", "inst=172-16-0-9 addr=172.16.0.9"},
        {"172.16.0.9", "port=80 addr=0.0.0.0", "inst=172-16-0-9-80 addr=172.16.0.9"},
        {"172.16.0.9", "port=80 addr=0.0.0.0,172.16.0.9", "inst=172-16-0-9-80 addr=172.16.0.9"},
        {"172.16.0.9", "port=80 addr=172.16.0.9,0.0.0.0", "inst=172-16-0-9-80 addr=172.16.0.9"},
        {"172.16.0.9", "port=80 addr=[::],172.16.0.9", "inst=172-16-0-9-80 addr=172.16.0.9"},
        {"127.0.0.1", "port=80 addr=198.51.100.9", "inst=198-51-100-9-80 addr=198.51.100.9"},
        {"127.0.0.1", "port=80 addr=127.0.0.5", "inst=127-0-0-5-80 addr=127.0.0.5"},
        /* SHA-256 of the address and port, first 6 bytes. */
        {"::1", "port=8080", "inst=ha51ed774b390 addr=::1"},
        {"::1", "port=-", "inst=h7c3ccd10bb7e addr=::1"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char request[200], reply[200];
        rig_from(t, rows[i].from);
        snprintf(request, sizeof(request), "disc/1 reg svc=s%zu %s", i, rows[i].request);
        snprintf(reply, sizeof(reply), "disc/1 ok " EP " %s " OK_END, rows[i].reply);
        rig_check(t, request, reply);
    }
}

static void test_local_addresses(void **state)
{
    struct rig *t = *state;
    struct reg_config config = rig_config();
    config.local_v4 = rig_addr("192.0.2.1");
    config.local_v6 = rig_addr("2001:db8::1");
    reg_configure(t->reg, &config);
    rig_check(t, "disc/1 reg svc=a port=80",
              "disc/1 ok " EP " inst=192-0-2-1-80 addr=192.0.2.1 " OK_END);
    rig_check(t, "disc/1 reg svc=b port=80 addr=127.0.0.1",
              "disc/1 ok " EP " inst=127-0-0-1-80 addr=127.0.0.1 " OK_END);
    rig_from(t, "::1");
    rig_check(t, "disc/1 reg svc=c inst=x port=80 addr=[::]",
              "disc/1 ok " EP " inst=x addr=2001:db8::1 " OK_END);
}

static void test_refusals(void **state)
{
    struct rig *t = *state;
    static const struct {
        const char *from, *request, *reply;
    } rows[] = {
        {"127.0.0.1", "disc/1 reg port=80", "c=422 why=value f=svc"},
        {"127.0.0.1", "disc/1 reg svc=web", "c=422 why=value f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=", "c=400 why=syntax f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=0", "c=422 why=port0 f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=80,b:0", "c=422 why=port0 f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=65536", "c=422 why=value f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=80/icmp", "c=422 why=value f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=:80", "c=422 why=value f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=1,2,3,4,5,6,7,8,9", "c=422 why=value f=port"},
        {"127.0.0.1", "disc/1 reg svc=web port=80,80", "c=422 why=value f=port"},
        {"127.0.0.1", "disc/1 reg svc=_web port=80", "c=422 why=value f=svc"},
        {"127.0.0.1", "disc/1 reg svc=a.b.c.d.e port=80", "c=422 why=value f=svc"},
        {"127.0.0.1", "disc/1 reg svc=a..b port=80", "c=422 why=value f=svc"},
        {"127.0.0.1", "disc/1 reg svc=web. port=80", "c=422 why=value f=svc"},
        {"127.0.0.1", "disc/1 reg svc=web inst=a.b port=80", "c=422 why=value f=inst"},
        {"127.0.0.1", "disc/1 reg ns=nowhere svc=web port=80", "c=422 why=value f=ns"},
        {"127.0.0.1", "disc/1 ren ns=nowhere svc=web inst=a", "c=422 why=value f=ns"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 w=65536", "c=422 why=value f=w"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 prio=32768", "c=422 why=value f=prio"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 ttl=301", "c=422 why=value f=ttl"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 st=dead", "c=422 why=value f=st"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 lease=0", "c=422 why=value f=lease"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 lease=static", "c=403 why=acl f=lease"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 tags=a,,b", "c=422 why=value f=tags"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 tags=a,", "c=422 why=value f=tags"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 zone=a.b", "c=422 why=value f=zone"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 grp=", "c=422 why=value f=grp"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=1.2.3", "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=", "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=224.0.0.1", "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=::2,::3,::4,::5,::6,::7,::8,::9,::a",
         "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=::2,::2", "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=169.254.0.1", "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=255.255.255.255", "c=422 why=value f=addr"},
        {"127.0.0.1", "disc/1 reg svc=web port=80 addr=[::]", "c=422 why=family f=addr"},
        {"::1", "disc/1 reg svc=web port=80 addr=0.0.0.0", "c=422 why=family f=addr"},
        {"172.16.0.9", "disc/1 reg svc=web port=80 addr=127.0.0.1", "c=422 why=loopback f=addr"},
        {"172.16.0.9", "disc/1 reg svc=web port=80 addr=[::1]", "c=422 why=loopback f=addr"},
        {"172.16.0.9", "disc/1 reg svc=web port=80 addr=172.16.0.8", "c=403 why=addr"},
        {"172.16.0.9", "disc/1 reg svc=web port=80 addr=172.16.0.9,8.8.8.8", "c=403 why=addr"},
        {"127.0.0.1", "disc/1 reg svc=payments port=80", "c=403 why=acl"},
        {"127.0.0.1", "disc/1 del svc=payments inst=a", "c=403 why=acl"},
        {"127.0.0.1", "disc/1 get svc=payments inst=a", "c=404 why=gone wait=#"},
        {"127.0.0.1", "disc/1 reg svc=ns1 port=80", "c=409 why=name"},
        {"127.0.0.1", "disc/1 ren svc=web", "c=422 why=value f=inst"},
        {"127.0.0.1", "disc/1 ren svc=web inst=a port=80", "c=400 why=key f=port"},
        {"127.0.0.1", "disc/1 ren svc=web inst=a addr=0.0.0.0", "c=400 why=key f=addr"},
        {"127.0.0.1", "disc/1 ren inst=a", "c=422 why=value f=svc"},
        {"127.0.0.1", "disc/1 ren svc=web inst=a", "c=404 why=gone wait=#"},
        {"127.0.0.1", "disc/1 ren svc=web inst=a cnt=1", "c=400 why=key f=cnt"},
        {"127.0.0.1", "disc/1 upd svc=web inst=a w=1", "c=404 why=gone wait=#"},
        {"127.0.0.1", "disc/1 upd svc=web inst=a lease=5", "c=400 why=key f=lease"},
        {"127.0.0.1", "disc/1 del svc=web inst=a", "c=404 why=gone wait=#"},
        {"127.0.0.1", "disc/1 get svc=web inst=a", "c=404 why=gone wait=#"},
        {"127.0.0.1", "disc/1 get svc=web inst=a after=b", "c=400 why=key f=after"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char reply[100];
        rig_from(t, rows[i].from);
        snprintf(reply, sizeof(reply), "disc/1 err " EP " %s", rows[i].reply);
        rig_check(t, rows[i].request, reply);
    }
    assert_int_equal(registry_totals(t->registry).instances, 0);
}

static void test_metadata_limits(void **state)
{
    struct rig *t = *state;
    char line[1300];
    int n = snprintf(line, sizeof(line), "disc/1 reg svc=web port=1");
    for (int i = 0; i < 16; i++)
        n += snprintf(line + n, sizeof(line) - (size_t)n, " m.k%d=v", i);
    rig_check(t, line, "disc/1 ok " EP " inst=127-0-0-1-1 addr=127.0.0.1 " OK_END);
    strcat(line, " m.x=v");
    rig_check(t, line, "disc/1 err " EP " c=413 why=big f=m.x");
    snprintf(line, sizeof(line), "disc/1 reg svc=web port=1 m.a=%0200d", 0);
    rig_send(t, line);
    assert_non_null(strstr(t->text, " ok "));
    snprintf(line, sizeof(line), "disc/1 reg svc=web port=1 m.a=%0201d", 0);
    rig_check(t, line, "disc/1 err " EP " c=413 why=big f=m.a");
    /* 5 x 201 = 1005 bytes with keys; 19 more are 1024. */
    n = snprintf(line, sizeof(line), "disc/1 reg svc=web port=1");
    for (int i = 0; i < 5; i++)
        n += snprintf(line + n, sizeof(line) - (size_t)n, " m.%c=%0200d", 'a' + i, 0);
    snprintf(line + n, sizeof(line) - (size_t)n, " m.z=%018d", 0);
    rig_send(t, line);
    assert_non_null(strstr(t->text, " ok "));
    snprintf(line + n, sizeof(line) - (size_t)n, " m.z=%019d", 0);
    rig_check(t, line, "disc/1 err " EP " c=413 why=big f=m.z");
}

static void test_rev(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 reg svc=web inst=a port=1 rev=10",
              "disc/1 ok " EP " inst=a addr=127.0.0.1 lease=30 ren=9000 rev=10 dur=disk");
    rig_check(t, "disc/1 reg svc=web inst=a port=2 rev=9",
              "disc/1 err " EP " c=409 why=stale rev=10");
    rig_check(t, "disc/1 upd svc=web inst=a w=3 rev=9", "disc/1 err " EP " c=409 why=stale rev=10");
    rig_check(t, "disc/1 del svc=web inst=a rev=9", "disc/1 err " EP " c=409 why=stale rev=10");
    rig_check(t, "disc/1 upd svc=web inst=a w=3 rev=11", "disc/1 ok " EP " rev=11 dur=disk");
    rig_check(t, "disc/1 del svc=web inst=a rev=12", "disc/1 ok " EP " dur=disk");
    rig_check(t, "disc/1 reg svc=web inst=a port=1 rev=12",
              "disc/1 err " EP " c=409 why=stale rev=12");
    rig_check(t, "disc/1 reg svc=web inst=a port=1 rev=13",
              "disc/1 ok " EP " inst=a addr=127.0.0.1 lease=30 ren=9000 rev=13 dur=disk");
}

static void test_lease(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 reg svc=web inst=a port=1 lease=1",
              "disc/1 ok " EP " inst=a addr=127.0.0.1 lease=5 ren=1500 rev=# dur=disk");
    rig_check(t, "disc/1 reg svc=web inst=b port=1 lease=1000",
              "disc/1 ok " EP " inst=b addr=127.0.0.1 lease=300 ren=90000 rev=# dur=disk");
    rig_pass(t, 4999);
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 ok " EP " ren=1500");
    rig_pass(t, 4999);
    (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 ok " EP " ren=1500");
    rig_pass(t, 5001);
    (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 err " EP " c=404 why=gone wait=#");
    rig_check(t, "disc/1 ren svc=web inst=b", "disc/1 ok " EP " ren=90000");
}

/* wait= spreads over 0-3000 ms. */
static void test_wait(void **state)
{
    struct rig *t = *state;
    unsigned low = 0, high = 0;
    char value[128];
    for (unsigned i = 0; i < 1000; i++) {
        rig_send(t, "disc/1 ren svc=web inst=a");
        unsigned long wait = strtoul(rig_value(t, "wait", value), NULL, 10);
        assert_true(wait <= 3000);
        low += wait < 300;
        high += wait > 2700;
    }
    assert_in_range(low, 60, 140);
    assert_in_range(high, 60, 140);
}

static void test_owner(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 reg svc=web inst=a port=1",
              "disc/1 ok " EP " inst=a addr=127.0.0.1 " OK_END);
    static const char *const rows[] = {
        "disc/1 reg svc=web inst=a port=1", "disc/1 ren svc=web inst=a",
        "disc/1 upd svc=web inst=a st=down", "disc/1 del svc=web inst=a"};
    rig_from(t, "172.16.0.9");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        rig_check(t, rows[i], "disc/1 err " EP " c=403 why=owner");
    rig_from(t, "::1"); /* all loopback transports are one owner */
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 ok " EP " ren=9000");
    rig_from(t, "172.16.0.9"); /* reading is free */
    rig_send(t, "disc/1 get svc=web inst=a");
    assert_non_null(strstr(t->text, "disc/1 ok " EP " svc=web inst=a addr=127.0.0.1 port=1 "));
}

static void test_default_id(void **state)
{
    struct rig *t = *state;
    rig_from(t, "172.16.0.9");
    rig_send(t, "disc/1 reg svc=web port=8080");
    rig_check(t, "disc/1 ren svc=web port=8080", "disc/1 ok " EP " ren=9000");
    rig_check(t, "disc/1 upd svc=web port=8080 st=draining", "disc/1 ok " EP " rev=# dur=disk");
    rig_from(t, "127.0.0.1");
    rig_check(t, "disc/1 ren svc=web port=8080 addr=172.16.0.9",
              "disc/1 err " EP " c=403 why=owner");
    rig_from(t, "172.16.0.9");
    rig_check(t, "disc/1 del svc=web port=8080", "disc/1 ok " EP " dur=disk");
    rig_check(t, "disc/1 ren svc=web port=8080", "disc/1 err " EP " c=404 why=gone wait=#");
}

static void test_upd(void **state)
{
    struct rig *t = *state;
    struct record r;
    rig_send(t, "disc/1 reg svc=web inst=a port=http:80 w=5 prio=3 zone=z1 ver=1 tags=a,b m.x=1 "
                "m.y=2 ttl=9 lease=60 rev=1");
    rig_check(t, "disc/1 upd svc=web inst=a m.x= m.z=3 st=draining",
              "disc/1 ok " EP " rev=1795245098534 dur=disk");
    read_record(t, "web", "a", &r);
    assert_int_equal(r.weight, 5);
    assert_int_equal(r.priority, 3);
    assert_int_equal(r.ttl, 9);
    assert_int_equal(r.lease_s, 60);
    assert_int_equal(r.status, STATUS_DRAINING);
    assert_int_equal(r.port_count, 1);
    assert_true(text_is(r.ports[0].name, TEXT("http")));
    assert_true(text_is(r.zone, TEXT("z1")));
    assert_int_equal(r.tag_count, 2);
    assert_int_equal(r.metadata_count, 2);
    assert_true(text_is(r.metadata[0].key, TEXT("y")) && text_is(r.metadata[1].key, TEXT("z")));
    rig_check(t, "disc/1 upd svc=web inst=a w=7 prio=0 zone= ver=2 tags=c cluster=q region=r m.y=9",
              "disc/1 ok " EP " rev=1795245098535 dur=disk");
    read_record(t, "web", "a", &r);
    assert_int_equal(r.weight, 7);
    assert_int_equal(r.priority, 0);
    assert_int_equal(r.zone.n, 0);
    assert_true(text_is(r.version, TEXT("2")) && text_is(r.cluster, TEXT("q")));
    assert_true(text_is(r.tags[0], TEXT("c")) && r.tag_count == 1);
    assert_true(text_is(r.metadata[0].value, TEXT("9")));
    rig_check(t, "disc/1 upd svc=web inst=a tags=", "disc/1 ok " EP " rev=# dur=disk");
    read_record(t, "web", "a", &r);
    assert_int_equal(r.tag_count, 0);
    rig_check(t, "disc/1 upd svc=web inst=a cluster=a.b",
              "disc/1 err " EP " c=422 why=value f=cluster");
    /* It is no renewal. */
    rig_pass(t, 59000);
    rig_send(t, "disc/1 upd svc=web inst=a w=8");
    rig_pass(t, 1001);
    (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 err " EP " c=404 why=gone wait=#");
}

/* upd can fill the model's limit of metadata, 16 pairs at a time. */
static void test_upd_metadata_limit(void **state)
{
    struct rig *t = *state;
    rig_send(t, "disc/1 reg svc=web inst=a port=80");
    for (int round = 0; round < 4; round++) {
        char line[400];
        int n = snprintf(line, sizeof(line), "disc/1 upd svc=web inst=a");
        for (int i = 0; i < 16; i++)
            n += snprintf(line + n, sizeof(line) - (size_t)n, " m.k%d=v", round * 16 + i);
        rig_check(t, line, "disc/1 ok " EP " rev=# dur=disk");
    }
    rig_check(t, "disc/1 upd svc=web inst=a m.more=v", "disc/1 err " EP " c=413 why=big f=m.more");
    rig_check(t, "disc/1 upd svc=web inst=a m.k0= m.more=v", "disc/1 ok " EP " rev=# dur=disk");
}

static void test_full(void **state)
{
    struct rig *t = *state;
    char ck[128], line[200];
    rig_from(t, "10.0.0.7");
    rig_cookie(t, ck);
    for (int i = 0; i < 5; i++) {
        snprintf(line, sizeof(line), "disc/1 reg svc=web port=%d ck=%s", i + 1, ck);
        rig_send(t, line);
        assert_int_equal(strstr(t->text, " ok ") != NULL, i < 4);
    }
    assert_string_equal(t->text, "disc/1 err " EP " c=507 why=full");
    assert_int_equal(rig_outcome(t, REG_OUT_FULL), 1);
    rig_from(t, "172.16.0.9"); /* open sources have no quota */
    for (int i = 0; i < 50; i++) {
        snprintf(line, sizeof(line), "disc/1 reg svc=web port=%d", i + 1);
        rig_send(t, line);
        assert_non_null(strstr(t->text, " ok "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recipes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_everything, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_addresses, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_local_addresses, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_metadata_limits, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_rev, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_lease, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_wait, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_owner, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_default_id, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_upd, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_upd_metadata_limit, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_full, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
