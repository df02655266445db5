#include "dns/plain.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------- */

static bool is_name(const void *entry, const void *key)
{
    const struct plain_name *n = entry;
    const struct plain_key *k = key;
    return n->owner.size == k->owner_size && n->zone.size == k->zone_size &&
           memcmp(n->owner.wire, k->owner, k->owner_size) == 0 &&
           memcmp(n->zone.wire, k->zone, k->zone_size) == 0;
}

/* Of a whole, valid wire name. */
static size_t wire_size(const uint8_t *wire)
{
    size_t size = 0;
    while (wire[size])
        size += 1U + wire[size];
    return size + 1;
}

struct plain_key plain_name_key(const struct dns_record *record)
{
    return (struct plain_key){record->zone, record->owner, wire_size(record->zone),
                              wire_size(record->owner)};
}

static uint64_t hash_of(const struct dns_records *records, const struct plain_key *key)
{
    return hash_bytes(&records->key, key->owner, key->owner_size);
}

struct plain_name *plain_name_find(const struct dns_records *records, const struct plain_key *key)
{
    return map_find(&records->names, hash_of(records, key), is_name, key);
}

struct plain_name *plain_name_get(struct dns_records *records, const struct plain_key *key)
{
    struct plain_name *n = plain_name_find(records, key);
    if (n)
        return n;
    n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    name_from_wire(key->zone, &n->zone);
    name_from_wire(key->owner, &n->owner);
    n->hash = hash_of(records, key);
    if (map_insert(&records->names, n->hash, n)) {
        free(n);
        return NULL;
    }
    TAILQ_INSERT_HEAD(&records->feed, n, feed);
    records->bytes += sizeof(*n);
    return n;
}

void plain_name_drop(struct dns_records *records, struct plain_name *n)
{
    TAILQ_REMOVE(&records->feed, n, feed);
    map_remove(&records->names, n->hash, n);
    records->bytes -= sizeof(*n);
    free(n->records);
    free(n);
}

/* One that was made for nothing. */
void plain_name_release(struct dns_records *records, struct plain_name *n)
{
    if (n->count == 0 && n->index == 0)
        plain_name_drop(records, n);
}

static void touch_name(struct dns_records *records, struct plain_name *n)
{
    n->index = ++records->index;
    TAILQ_REMOVE(&records->feed, n, feed);
    TAILQ_INSERT_TAIL(&records->feed, n, feed);
}

/* Room for what is being prepared and one more. */
enum err plain_name_grow(struct plain_name *n)
{
    size_t needed = n->count + n->puts + 1;
    if (needed <= n->capacity)
        return ERR_OK;
    size_t capacity = needed < 4 ? 4 : needed * 2;
    struct plain **grown = realloc(n->records, capacity * sizeof(*grown));
    if (!grown)
        return ERR_MEMORY;
    n->records = grown;
    n->capacity = capacity;
    return ERR_OK;
}

/* ---- records ---------------------------------------------------------------------------- */

static bool is_holder(const void *entry, const void *key)
{
    const struct plain_holder *h = entry;
    return text_is((struct text){h->key, h->size}, *(const struct text *)key);
}

static uint64_t hash_of_key(const struct dns_records *records, struct text key)
{
    return hash_bytes(&records->key, key.s, key.n);
}

static struct plain_holder *find_holder(const struct dns_records *records, struct text key)
{
    return map_find(&records->holders, hash_of_key(records, key), is_holder, &key);
}

const struct plain_holder *plain_holder_find(const struct dns_records *records, struct text key)
{
    return find_holder(records, key);
}

/* It holds one more. */
static struct plain_holder *hold(struct dns_records *records, struct text key)
{
    struct plain_holder *h = find_holder(records, key);
    if (!h) {
        h = calloc(1, sizeof(*h) + key.n);
        if (!h)
            return NULL;
        h->hash = hash_of_key(records, key);
        h->size = (uint16_t)key.n;
        if (key.n)
            memcpy(h->key, key.s, key.n);
        if (map_insert(&records->holders, h->hash, h)) {
            free(h);
            return NULL;
        }
    }
    h->held++;
    return h;
}

static void let_go(struct dns_records *records, struct plain_holder *h)
{
    if (--h->held)
        return;
    map_remove(&records->holders, h->hash, h);
    free(h);
}

/* With its place in the list of its name. */
size_t plain_bytes(const struct plain *p)
{
    return sizeof(*p) + p->size + p->key_size + sizeof(p);
}

static struct plain *plain_new(struct dns_records *records, const struct dns_record *record,
                               struct plain_name *at)
{
    struct plain *p = malloc(sizeof(*p) + record->size + record->key.n);
    if (!p)
        return NULL;
    p->holder = hold(records, record->key);
    if (!p->holder) {
        free(p);
        return NULL;
    }
    heap_node_init(&p->due);
    p->at = at;
    p->ttl = record->ttl;
    p->lease_s = record->lease_s;
    p->type = record->type;
    p->size = record->size;
    p->key_size = (uint16_t)record->key.n;
    if (record->size)
        memcpy(p->bytes, record->rdata, record->size);
    if (record->key.n)
        memcpy(p->bytes + record->size, record->key.s, record->key.n);
    records->bytes += plain_bytes(p);
    return p;
}

static struct text plain_key(const struct plain *p)
{
    return (struct text){(const char *)p->bytes + p->size, p->key_size};
}

struct dns_record plain_read(const struct plain *p)
{
    return (struct dns_record){.zone = p->at->zone.wire,
                               .owner = p->at->owner.wire,
                               .type = p->type,
                               .size = p->size,
                               .ttl = p->ttl,
                               .lease_s = p->lease_s,
                               .rdata = p->bytes,
                               .key = plain_key(p)};
}

static bool has_data(const struct plain *p, const struct dns_record *record)
{
    return p->type == record->type && p->size == record->size &&
           (p->size == 0 || memcmp(p->bytes, record->rdata, p->size) == 0);
}

bool plain_has_terms(const struct plain *p, const struct dns_record *record)
{
    return p->ttl == record->ttl && p->lease_s == record->lease_s &&
           text_is(plain_key(p), record->key);
}

/* Its place among those of the name; n->count = it is not there. */
size_t plain_place(const struct plain_name *n, const struct dns_record *record)
{
    size_t i = 0;
    while (i < n->count && !has_data(n->records[i], record))
        i++;
    return i;
}

static uint64_t due_of(const struct dns_record *record, struct moment now)
{
    return now.lease_ms + (uint64_t)record->lease_s * 1000;
}

void plain_free(struct dns_records *records, struct plain *p)
{
    if (!p)
        return;
    if (p->due.at != HEAP_ABSENT)
        heap_remove(&records->due, &p->due);
    records->bytes -= plain_bytes(p);
    let_go(records, p->holder);
    free(p);
}

/* A record that will be put, with its lease running already. */
struct plain *plain_draft_until(struct dns_records *records, const struct dns_record *record,
                                struct plain_name *at, uint64_t due_ms)
{
    struct plain *p = plain_new(records, record, at);
    if (!p)
        return NULL;
    if (record->lease_s && heap_add(&records->due, &p->due, due_ms)) {
        plain_free(records, p);
        return NULL;
    }
    return p;
}

struct plain *plain_draft(struct dns_records *records, const struct dns_record *record,
                          struct plain_name *at, struct moment now)
{
    return plain_draft_until(records, record, at, due_of(record, now));
}

void plain_add(struct dns_records *records, struct plain *p)
{
    struct plain_name *n = p->at;
    n->records[n->count++] = p;
    records->count++;
    touch_name(records, n);
}

void plain_remove(struct dns_records *records, struct plain_name *n, size_t at)
{
    struct plain *p = n->records[at];
    n->records[at] = n->records[--n->count];
    records->count--;
    touch_name(records, n);
    plain_free(records, p);
}

void plain_replace(struct dns_records *records, size_t at, struct plain *p)
{
    struct plain_name *n = p->at;
    plain_free(records, n->records[at]);
    n->records[at] = p;
    touch_name(records, n);
}
