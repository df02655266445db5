/* get, and that what it says registers the same record again. */
#include "unit/reg/rig.h"

#include "base/rand.h"

#define EP "ep=2b6296d4"

static void test_text(void **state)
{
    struct rig *t = *state;
    rig_send(t, "disc/1 reg svc=web inst=a port=8080");
    rig_check(t, "disc/1 get id=c3 svc=web inst=a",
              "disc/1 ok id=c3 " EP " svc=web inst=a addr=127.0.0.1 port=8080 lease=30 "
              "rev=1795245098534");
    rig_send(t, "disc/1 reg ns=prod svc=user.rpc inst=b addr=10.0.0.7,[2001:db8::7] "
                "port=http:80,dns:53/udp,9/sctp w=0 prio=1 st=draining zone=z region=r "
                "ver=1%20a cluster=c tags=x,y ttl=0 grp=g lease=60 rev=5 m.b=%25%20%C3%BC m.a=");
    rig_check(t, "disc/1 get ns=prod svc=user.rpc inst=b",
              "disc/1 ok " EP " ns=prod svc=user.rpc inst=b addr=10.0.0.7,2001:db8::7 "
              "port=http:80,dns:53/udp,9/sctp w=0 prio=1 st=draining zone=z region=r ver=1%20a "
              "cluster=c tags=x,y ttl=0 grp=g m.a= m.b=%25%20%C3%BC lease=60 rev=5");
    rig_send(t, "disc/1 reg svc=web inst=c port=-");
    rig_check(t, "disc/1 get svc=web inst=c",
              "disc/1 ok " EP " svc=web inst=c addr=127.0.0.1 port=- lease=30 rev=#");
}

/* The status in force is said where an operator overrides it. */
static void test_override(void **state)
{
    struct rig *t = *state;
    struct instance_key key = {TEXT("default"), TEXT("web"), TEXT("a")};
    struct override drain = {.drain = true};
    rig_send(t, "disc/1 reg svc=web inst=a port=1 rev=3");
    assert_int_equal(registry_override(t->registry, key, &drain, t->now), ERR_OK);
    rig_check(t, "disc/1 get svc=web inst=a",
              "disc/1 ok " EP " svc=web inst=a addr=127.0.0.1 port=1 lease=30 rev=3 now=draining");
    char text[200];
    const struct instance *i = registry_instance(t->registry, key);
    size_t n = reg_format_instance(i, false, text, sizeof(text));
    assert_int_equal(n, strlen("svc=web inst=a addr=127.0.0.1 port=1"));
    assert_memory_equal(text, "svc=web inst=a addr=127.0.0.1 port=1", n);
    for (size_t size = 0; size < n; size++) {
        char *small = malloc(size ? size : 1);
        assert_int_equal(reg_format_instance(i, false, small, size), 0);
        free(small);
    }
    assert_int_equal(reg_format_instance(i, false, text, n), n);
}

/* What was registered over another protocol may not fit into a datagram, or not be
 * sayable in one. */
static void register_with(struct rig *t, const char *id, struct text key, struct text value,
                          unsigned pairs)
{
    struct record r = {.ns = TEXT("default"),
                       .service = TEXT("web"),
                       .id = text_of(id),
                       .addresses = {rig_addr("10.0.0.1")},
                       .address_count = 1,
                       .ttl = TTL_UNSET};
    struct principal who = {.kind = PRINCIPAL_LOCAL};
    struct granted granted;
    char keys[METADATA_MAX][METADATA_KEY_MAX];
    for (unsigned i = 0; i < pairs; i++) {
        int n = snprintf(keys[i], sizeof(keys[i]), i ? "%.*s%u" : "%.*s", TEXT_ARG(key), i);
        r.metadata[r.metadata_count++] = (struct pair){{keys[i], (size_t)n}, value};
    }
    assert_int_equal(registry_register(t->registry, &r, &who, t->now, &granted), ERR_OK);
}

static void test_usetcp(void **state)
{
    struct rig *t = *state;
    char value[200];
    memset(value, 'v', sizeof(value));
    register_with(t, "big", TEXT("k"), (struct text){value, 200}, 6);
    rig_check(t, "disc/1 get svc=web inst=big", "disc/1 err " EP " c=413 why=usetcp");
    register_with(t, "odd", TEXT("Upper Case"), TEXT("x"), 0);
    rig_send(t, "disc/1 get svc=web inst=odd");
    assert_non_null(strstr(t->text, "disc/1 ok "));
    register_with(t, "odd", TEXT("Upper"), TEXT("x"), 1);
    rig_check(t, "disc/1 get svc=web inst=odd", "disc/1 err " EP " c=413 why=usetcp");
    register_with(t, "fits", TEXT("k"), (struct text){value, 200}, 5);
    rig_send(t, "disc/1 get svc=web inst=fits");
    assert_non_null(strstr(t->text, "disc/1 ok "));
    /* upd can add to what is larger than a datagram. */
    rig_check(t, "disc/1 upd svc=web inst=big w=3", "disc/1 ok " EP " rev=# dur=disk");
}

static const char *pick(struct rand *rand, const char *const *options, unsigned count)
{
    return options[rand_below(rand, count)];
}

#define PICK(...)                                                                                  \
    pick(rand, (const char *const[]){__VA_ARGS__},                                                 \
         ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static void random_request(struct rand *rand, char out[static 700])
{
    snprintf(out, 700, "disc/1 reg svc=%s inst=i%u port=%s%s%s%s%s%s%s%s%s%s%s%s%s",
             PICK("web", "a.b", "x_y"), rand_below(rand, 50),
             PICK("-", "80", "http:80", "80/udp,x:1,y:2/sctp", "65535,1"),
             PICK("", " addr=10.1.2.3", " addr=::2,10.0.0.1", " addr=[2001:db8::]"),
             PICK("", " w=0", " w=65535"), PICK("", " prio=5"),
             PICK("", " st=up", " st=starting", " st=down"), PICK("", " lease=77"),
             PICK("", " zone=z", " region=r zone=q"), PICK("", " ver=%7E%20%25"),
             PICK("", " tags=a", " tags=c,b,a"), PICK("", " ttl=0", " ttl=300"),
             PICK("", " grp=g", " grp=a%25b"), PICK("", " m.a=", " m.a=%09%E2%82%AC m.b=="),
             PICK("", " m.z=1 m.y.x-w=2"));
}

/* get's parameters, sent as a reg to an empty server, give the same text there. */
static void test_round_trip(void **state)
{
    struct rig *t = *state;
    struct rand seeded, *rand = &seeded;
    rand_seed(rand, 42);
    for (unsigned i = 0; i < 1000; i++) {
        char request[700], first[REG_DATAGRAM_MAX + 1];
        struct rig *other = rig_new();
        random_request(rand, request);
        rig_send(t, request);
        if (strncmp(t->text, "disc/1 ok ", 10) != 0)
            fail_msg("%s: %s", request, t->text);
        char *inst = strstr(request, "inst="), *svc = strstr(request, "svc=");
        snprintf(first, sizeof(first), "disc/1 get %.*s %.*s", (int)strcspn(svc, " "), svc,
                 (int)strcspn(inst, " "), inst);
        rig_send(t, first);
        strcpy(request, first);
        snprintf(first, sizeof(first), "disc/1 reg %s", t->text + strlen("disc/1 ok " EP " "));
        rig_send(other, first);
        if (strncmp(other->text, "disc/1 ok ", 10) != 0)
            fail_msg("%s: %s", first, other->text);
        rig_check(other, request, t->text);
        rig_free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_override, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_usetcp, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
