/* Fuzz target: a conversation with a protocol server of its own.
 *
 * Input: one byte for the sender (see `senders`), then datagrams, each behind two bytes:
 * bit 15 = sign it with the right key, bit 14 = ten seconds pass first, bits 0-10 its
 * length. In a datagram "ck=@" stands for the sender's cookie, "n=#" for a fresh number,
 * "sub=#" and "seq=#" for the last that the server gave.
 * What must hold is in disc_oracle.h. */
#include "fuzz/disc_oracle.h"

#define ALL_VERBS ((1u << REG_VERB_COUNT) - 1)

static const struct {
    const char *from;
    enum reg_auth auth;
} senders[] = {{"127.0.0.1", REG_AUTH_OPEN},     {"10.0.0.7", REG_AUTH_COOKIE},
               {"192.168.1.7", REG_AUTH_KEY},    {"::1", REG_AUTH_OPEN},
               {"2001:db8::7", REG_AUTH_COOKIE}, {"172.16.0.9", REG_AUTH_OPEN},
               {"8.8.8.8", REG_AUTH_DENY}};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct addr parse_addr(const char *text)
{
    struct addr a;
    require(addr_parse(text_of(text), &a) == ERR_OK);
    return a;
}

static char **strings(const char *only)
{
    char **list = calloc(2, sizeof(*list));
    list[0] = strdup(only);
    return list;
}

/* The one source is the sender, as it is to be treated. */
static struct reg_config make_config(const struct addr *from, enum reg_auth auth)
{
    struct reg_config c = {.source_quota = 8,
                           .rate_per_s = 200,
                           .rate_burst = 400,
                           .replay_entries_max = 4,
                           .subscriptions_max = 8,
                           .source_subscriptions = 4,
                           .source_count = 1,
                           .key_count = 1};
    c.sources = calloc(1, sizeof(*c.sources));
    c.sources[0] = (struct reg_source){{*from, (uint8_t)(8 * addr_size(from))}, auth};
    c.keys = calloc(1, sizeof(*c.keys));
    strcpy(c.keys[0].id, "deploy");
    memcpy(c.keys[0].secret, ORACLE_SECRET, 32);
    c.keys[0].secret_size = 32;
    c.keys[0].permanent = true;
    c.keys[0].grant_count = 1;
    c.keys[0].grants = calloc(1, sizeof(*c.keys[0].grants));
    c.keys[0].grants[0].verbs = ALL_VERBS;
    c.keys[0].grants[0].services = strings("default/*");
    c.protected_services = strings("default/pay*");
    return c;
}

static void talk(struct disc_oracle *o, const uint8_t *data, size_t size)
{
    static uint8_t wire[REG_RECEIVE_SIZE + 700], out[REG_DATAGRAM_MAX];
    struct moment now = {.lease_ms = 10000000, .wall_ms = 1795245098534};
    oracle_learn_cookie(o, now);
    while (size >= 2) {
        unsigned head = (unsigned)data[0] << 8 | data[1];
        size_t n = head & 0x7ff;
        data += 2;
        size -= 2;
        n = n < size ? n : size;
        now.lease_ms += head & 0x4000 ? 10000 : 1;
        now.wall_ms += head & 0x4000 ? 10000 : 1;
        (void)registry_expire(o->registry, now, 10, NULL, NULL);
        size_t sent = oracle_prepare(o, data, n, head & 0x8000, wire, sizeof(wire));
        uint8_t *copy = malloc(sent ? sent : 1); /* its end is the allocation's end */
        require(copy);
        memcpy(copy, wire, sent);
        (void)oracle_handle(o, copy, sent, now, out);
        free(copy);
        data += n;
        size -= n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t who = data[0] % ARRAY_COUNT(senders);
    struct registry_config limits = registry_config_default();
    limits.instances_max = 50;
    limits.tombstones_max = 20;
    limits.leave_max = 2;
    struct hash_key key = {{1}};
    struct reg_identity identity = {0x2b6296d4, {9}, 1, "mem"};
    struct disc_oracle o = {.registry = registry_new(&limits, &key), .auth = senders[who].auth};
    o.from = (struct endpoint){parse_addr(senders[who].from), 40000};
    struct reg_config config = make_config(&o.from.addr, o.auth);
    require(o.registry);
    o.reg = reg_new(&config, &identity, o.registry);
    require(o.reg);
    talk(&o, data + 1, size - 1);
    reg_free(o.reg);
    registry_free(o.registry);
    return 0;
}
