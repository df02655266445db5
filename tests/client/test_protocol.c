/* libdisc against the protocol module that discd runs: both ends are the real ones, the
 * clock is the test's. */
#include "fake.h"

#include "unit/reg/rig.h"

#include <unistd.h>

struct pair_of_ends {
    struct stage stage;
    struct rig *rig;
    unsigned requests;
    bool deaf; /* the server hears nothing */
};

static void open_ends(struct pair_of_ends *p, const char *from, const struct disc_options *options)
{
    *p = (struct pair_of_ends){.rig = rig_new()};
    stage_open(&p->stage, 1, options);
    rig_from(p->rig, from);
}

static void close_ends(struct pair_of_ends *p)
{
    stage_close(&p->stage);
    rig_free(p->rig);
}

/* Lets both talk until they have nothing more to say at this moment. */
static void talk(struct pair_of_ends *p)
{
    struct fake *f = &p->stage.servers[0];
    uint8_t bytes[REG_RECEIVE_SIZE];
    disc_process(p->stage.d, p->stage.now);
    for (;;) {
        socklen_t size = sizeof(f->peer);
        ssize_t n = recvfrom(f->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&f->peer, &size);
        if (n < 0)
            return;
        p->requests++;
        if (p->deaf)
            continue;
        rig_send_bytes(p->rig, bytes, (size_t)n);
        if (p->rig->size)
            sendto(f->fd, p->rig->out, p->rig->size, 0, (struct sockaddr *)&f->peer, size);
        disc_process(p->stage.d, p->stage.now);
    }
}

/* Time for both, in steps; the server also forgets what ran out. */
static void live(struct pair_of_ends *p, uint64_t ms)
{
    for (uint64_t t = 0; t < ms; t += 100) {
        p->stage.now += 100;
        rig_pass(p->rig, 100);
        registry_expire(p->rig->registry, p->rig->now, 1000, NULL, NULL);
        talk(p);
    }
}

static const struct instance *stored(const struct pair_of_ends *p, const char *service,
                                     const char *id)
{
    struct instance_key key = {TEXT("default"), text_of(service), text_of(id)};
    return registry_instance(p->rig->registry, key);
}

static int add(struct pair_of_ends *p, const char *service, const char *id, const char *group,
               uint64_t rev)
{
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = service, spec.instance = id, spec.ports = "8080", spec.group = group;
    spec.rev = rev;
    int handle = disc_register(p->stage.d, &spec);
    assert_true(handle > 0);
    return handle;
}

static void an_instance_lives_and_leaves(void **state)
{
    (void)state;
    struct pair_of_ends p;
    open_ends(&p, "172.16.0.7", NULL);
    int handle = add(&p, "web", NULL, NULL, 0);
    talk(&p);
    assert_string_equal(event(&p.stage, DISC_EVENT_REGISTERED)->instance, "172-16-0-7-8080");
    live(&p, 300000);
    assert_non_null(stored(&p, "web", "172-16-0-7-8080"));
    assert_in_range(p.requests, 30, 37); /* one in 9 s */
    disc_deregister(p.stage.d, handle);
    talk(&p);
    assert_string_equal(event(&p.stage, DISC_EVENT_LEFT)->words, "deregistered");
    assert_null(stored(&p, "web", "172-16-0-7-8080"));
    assert_int_equal(disc_count(p.stage.d), 0);
    close_ends(&p);
}

static void a_cookie_source_is_challenged_once(void **state)
{
    (void)state;
    struct pair_of_ends p;
    open_ends(&p, "10.0.0.7", NULL);
    add(&p, "web", "web-1", NULL, 0);
    talk(&p);
    event(&p.stage, DISC_EVENT_REGISTERED);
    assert_int_equal(p.requests, 2);
    live(&p, 7200000); /* two hours: the cookie was renewed on the way */
    assert_no_event(&p.stage);
    assert_non_null(stored(&p, "web", "web-1"));
    close_ends(&p);
}

#ifdef DISC_KEYED
static void a_key_source_is_served(void **state)
{
    (void)state;
    struct pair_of_ends p;
    struct disc_options options = DISC_OPTIONS_INIT;
    options.key_id = "deploy";
    options.secret = RIG_SECRET;
    options.secret_size = 32;
    open_ends(&p, "192.168.0.7", &options);
    int handle = add(&p, "web", "web-1", NULL, 0);
    live(&p, 120000);
    event(&p.stage, DISC_EVENT_REGISTERED);
    assert_no_event(&p.stage);
    disc_deregister(p.stage.d, handle);
    talk(&p);
    assert_string_equal(event(&p.stage, DISC_EVENT_LEFT)->words, "deregistered");
    close_ends(&p);
}

static void a_wrong_secret_is_refused(void **state)
{
    (void)state;
    struct pair_of_ends p;
    struct disc_options options = DISC_OPTIONS_INIT;
    options.key_id = "deploy";
    options.secret = "0123456789abcdef0123456789abcdeX";
    options.secret_size = 32;
    open_ends(&p, "192.168.0.7", &options);
    add(&p, "web", "web-1", NULL, 0);
    talk(&p);
    assert_int_equal(event(&p.stage, DISC_EVENT_FAILED)->code, 401);
    close_ends(&p);
}
#endif

static void a_lost_instance_comes_back(void **state)
{
    (void)state;
    struct pair_of_ends p;
    open_ends(&p, "172.16.0.7", NULL);
    add(&p, "web", "web-1", NULL, 0);
    talk(&p);
    event(&p.stage, DISC_EVENT_REGISTERED);
    p.deaf = true;
    live(&p, 60000);
    event(&p.stage, DISC_EVENT_LOST);
    assert_null(stored(&p, "web", "web-1"));
    p.deaf = false;
    live(&p, 20000);
    assert_int_equal(event(&p.stage, DISC_EVENT_LOST)->code, 404);
    event(&p.stage, DISC_EVENT_REGISTERED);
    assert_non_null(stored(&p, "web", "web-1"));
    close_ends(&p);
}

static void a_group_is_kept_by_few_and_healed(void **state)
{
    (void)state;
    struct pair_of_ends p;
    char name[16];
    open_ends(&p, "172.16.0.7", NULL);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "w%d", i);
        add(&p, "web", name, "node7", 0);
    }
    talk(&p);
    unsigned before = p.requests;
    live(&p, 60000);
    assert_in_range(p.requests - before, 6, 60); /* 330 if each were for itself */
    p.deaf = true;                               /* all of them run out */
    live(&p, 60000);
    assert_null(stored(&p, "web", "w0"));
    p.deaf = false;
    live(&p, 30000);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "w%d", i);
        assert_non_null(stored(&p, "web", name));
    }
    close_ends(&p);
}

static void an_older_revision_overtakes(void **state)
{
    (void)state;
    struct pair_of_ends p;
    open_ends(&p, "172.16.0.7", NULL);
    rig_send(p.rig, "disc/1 reg svc=web inst=web-1 port=9 rev=1000");
    add(&p, "web", "web-1", NULL, 3);
    talk(&p);
    event(&p.stage, DISC_EVENT_REGISTERED);
    struct record record;
    instance_read(stored(&p, "web", "web-1"), &record);
    assert_int_equal(record.ports[0].number, 8080);
    assert_int_equal(record.rev, 1001);
    close_ends(&p);
}

static void the_servers_words_arrive(void **state)
{
    (void)state;
    struct pair_of_ends p;
    open_ends(&p, "172.16.0.7", NULL);
    add(&p, "ns1", "a", NULL, 0); /* a static name */
    talk(&p);
    assert_memory_equal(event(&p.stage, DISC_EVENT_FAILED)->words, "409 name: ", 10);
    add(&p, "payments", "a", NULL, 0); /* protected: needs a key */
    talk(&p);
    assert_memory_equal(event(&p.stage, DISC_EVENT_FAILED)->words, "403 acl", 7);
    close_ends(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_lives_and_leaves),
        cmocka_unit_test(a_cookie_source_is_challenged_once),
#ifdef DISC_KEYED
        cmocka_unit_test(a_key_source_is_served),
        cmocka_unit_test(a_wrong_secret_is_refused),
#endif
        cmocka_unit_test(a_lost_instance_comes_back),
        cmocka_unit_test(a_group_is_kept_by_few_and_healed),
        cmocka_unit_test(an_older_revision_overtakes),
        cmocka_unit_test(the_servers_words_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
