/* Requests and replies, read by other code than reg's. */
#include "sim/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNVALIDATED_MAX = 96, UNVALIDATED_FACTOR = 3 };

/* The value of " key=" on the first line; empty when it is not there. */
static struct text param(const char *line, const char *key)
{
    size_t n = strlen(key);
    size_t length = strcspn(line, "\n");
    for (const char *p = line; (p = memchr(p, ' ', length - (size_t)(p - line)));) {
        p++;
        if ((size_t)(line + length - p) > n && memcmp(p, key, n) == 0 && p[n] == '=')
            return (struct text){p + n + 1, strcspn(p + n + 1, " \n")};
    }
    return (struct text){0};
}

static struct entry *entry_of(const struct check *c, const char *line)
{
    char buffer[PATH_SIZE];
    struct instance_key key = {param(line, "ns"), param(line, "svc"), param(line, "inst")};
    if (!key.ns.n)
        key.ns = TEXT("default");
    if (!key.service.n || !key.id.n)
        return NULL;
    return ledger_find(c, path_join(key, buffer));
}

static void read_verb(struct request *r)
{
    const char *verb = r->text + strlen("disc/1 ");
    size_t n = strcspn(verb, " \n");
    if (n >= sizeof(r->verb))
        n = sizeof(r->verb) - 1;
    memcpy(r->verb, verb, n);
    r->verb[n] = 0;
}

void check_request(struct check *c, const struct datagram *d, struct moment now)
{
    struct request *r = &c->request;
    (void)now;
    *r = (struct request){.host = d->host, .size = d->size};
    memcpy(r->text, d->bytes, d->size);
    r->text[d->size] = 0;
    if (d->size < 8)
        return;
    read_verb(r);
    r->entry = entry_of(c, r->text);
    r->was_present = r->entry && r->entry->now.present;
    r->group = param(r->text, "grp");
    r->changes = store_journal_last(c->journal);
    bool knows = c->cookie_boots[d->host] == c->boots && param(r->text, "ck").n;
    r->unvalidated = host_auth(c->options, d->host) != REG_AUTH_OPEN && !knows;
    if (c->options->trace)
        fprintf(stderr, "%10.3f > h%u %.*s\n", (double)c->engine->now_us / 1e6, d->host,
                (int)strcspn(r->text, "\n"), r->text);
}

/* What is acknowledged as a renewal was one. */
static void hear(struct check *c, struct request *r)
{
    bool is_reg = strcmp(r->verb, "reg") == 0;
    if (!is_reg && strcmp(r->verb, "ren") != 0)
        return;
    struct entry *e = r->entry;
    if (e && e->client < c->clients->count) {
        uint32_t start = c->clients->list[e->client]->starts;
        if (is_reg)
            e->met = start;
        else if (e->met == start)
            e->greeted = start;
    }
    if (is_reg && !r->was_present) {
        c->stats.registrations++;
        return;
    }
    c->stats.renewals++;
    if (!e && r->group.n) {
        struct group *g = ledger_group(c, r->group, false);
        if (g)
            time_beat(c, &g->heard, c->options->lease_s);
    } else if (e && e->now.present) {
        time_beat(c, ledger_heard(e), e->lease_s);
        if (e->stale_ms)
            ledger_tell(c, SIM_NEWS_UP, e);
        e->stale_ms = 0;
    } else {
        check_fail(c, "I1", "acknowledged, but it is not there: %.*s", (int)strcspn(r->text, "\n"),
                   r->text);
    }
}

/* The newest change that the request made, or that made what it found. */
static uint64_t change_of(const struct check *c, const struct request *r)
{
    uint64_t change = r->entry ? r->entry->last_change : 0;
    for (size_t i = c->note_count; i > 0; i--) {
        const struct change_note *n = &c->notes[c->note_first + i - 1];
        if (n->number <= r->changes)
            break;
        if (n->number > change)
            change = n->number;
    }
    return change;
}

struct promise check_reply(struct check *c, const uint8_t *reply, size_t size)
{
    struct request *r = &c->request;
    char text[REG_DATAGRAM_MAX + 1];
    struct promise promise = {.unvalidated = r->unvalidated, .request_size = r->size};
    if (!size)
        return promise;
    memcpy(text, reply, size);
    text[size] = 0;
    bool ok = strncmp(text, "disc/1 ok", 9) == 0;
    bool del = strcmp(r->verb, "del") == 0;
    if (!r->entry)
        r->entry = entry_of(c, r->text);
    if (ok || text_is(param(text, "why"), TEXT("resync")))
        hear(c, r);
    if (ok && del)
        c->stats.goodbyes++;
    if (ok ? text_is(param(text, "dur"), TEXT("disk"))
           : del && text_is(param(text, "c"), TEXT("404")))
        promise.change = change_of(c, r);
    return promise;
}

static void mix(struct check *c, const void *bytes, size_t size)
{
    static const struct hash_key key = {{1}};
    c->fingerprint =
        c->fingerprint * 0x9e3779b97f4a7c15u + hash_bytes(&key, bytes, size) + c->engine->now_us;
}

void check_leaves(struct check *c, const struct promise *promise, uint32_t host,
                  const uint8_t *reply, size_t size, uint64_t on_disk)
{
    char text[REG_DATAGRAM_MAX + 1];
    memcpy(text, reply, size);
    text[size] = 0;
    size_t most = UNVALIDATED_FACTOR * promise->request_size;
    if (most > UNVALIDATED_MAX)
        most = UNVALIDATED_MAX;
    mix(c, reply, size);
    if (c->options->trace)
        fprintf(stderr, "%10.3f < h%u %.*s\n", (double)c->engine->now_us / 1e6, host,
                (int)strcspn(text, "\n"), text);
    if (promise->change > on_disk)
        check_fail(c, "I1", "acknowledged before it is on disk: %.*s", (int)strcspn(text, "\n"),
                   text);
    if (promise->unvalidated && size > most)
        check_fail(c, "amplification", "%zu bytes for %zu to an unvalidated sender", size,
                   promise->request_size);
    if (param(text, "ck").n)
        c->cookie_boots[host] = c->boots;
}
