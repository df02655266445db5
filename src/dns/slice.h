/* A slice: at most SLICE_MAX instances of a service in a zone, compiled together into one
 * immutable block. Which slice an instance is in follows from the keyed hash of its id, so a
 * change of one instance makes one slice anew; the others are shared by the service's
 * successive views. The slice of a small service stands inside its view's block.
 *
 * Made by compile*.c; read through view.h. Numbers are in host order except where `wire` says
 * otherwise. What depends on the whole service (TTL, scale of weights, whether stale instances
 * are withdrawn) is not here but in the view.
 */
#ifndef DISC_DNS_SLICE_H
#define DISC_DNS_SLICE_H

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dns/bundle.h"
#include "dns/part.h"
#include "dns/stable.h"
#include "registry/registry.h"

enum {
    SLICE_MAX = PART_MAX,
    /* So many bytes behind the end of any label (and of a view's suffix) are of the same block: it
     * may be copied (put_target) and hashed (slice_id_hash) in steps that do not stop at its end.
     */
    SLICE_READABLE = 64,
    TXT_SIZE = 2, /* bytes before TXT data that tell their size */
};

/* What it points to stands behind it in the block, at an offset from its own address: see the
 * functions below. */
struct view_instance {
    uint16_t label_at; /* I, lower case, as on the wire: its size and so many bytes; behind it
                          the addresses: v4_count x 4, v6_count x 16 bytes */
    uint8_t v4_count : 4, v6_count : 4;
    uint8_t status : 2;    /* enum status, in force */
    uint8_t alpn : 1;      /* its TXT data name a protocol as metadata `alpn` */
    uint8_t live : 1;      /* status up: part of the service's answers, if perhaps as the last
                              choice */
    uint8_t stale : 1;     /* expired and kept: its priority is at or above STALE_PRIORITY */
    uint8_t browsable : 1; /* I._S._tcp.Z is a name: it is not too long */
    uint16_t priority;
    uint16_t weight;                  /* in force, not scaled: view_wire_weight */
    uint16_t port;                    /* default port; 0 = address-only */
    uint16_t ports[PROTOCOL_UDP + 1]; /* the first of the protocol; 0 = none */
    uint16_t https_port;              /* the TCP port named `https`; 0 = none */
    uint32_t txt_at; /* RDATA of the one TXT record, 2 bytes of size before it; at least one
                        string. Equal data stand once in a slice */
};
_Static_assert(STATUS_COUNT <= 4, "a status has two bits");

/* What is not heard from comes after all that is: the upper half of the priorities is
 * free for it, see PRIORITY_MAX. */
enum { STALE_PRIORITY = PRIORITY_MAX + 1 };

/* Its id as on the wire. The whole name is view_target (view.h). */
static inline const uint8_t *instance_wire_label(const struct view_instance *i)
{
    return (const uint8_t *)i + i->label_at;
}
static inline struct text instance_label(const struct view_instance *i)
{
    const uint8_t *label = instance_wire_label(i);
    return (struct text){(const char *)label + 1, label[0]};
}
/* Of its id; see stable.h. */
_Static_assert(SLICE_READABLE >= 7, "an id may be hashed in steps of 8 bytes");
static inline uint64_t slice_id_hash(const struct view_instance *i)
{
    const uint8_t *label = instance_wire_label(i);
    return stable_hash(label + 1, label[0], true);
}
static inline const uint8_t *instance_v4(const struct view_instance *i)
{
    const uint8_t *label = instance_wire_label(i);
    return label + 1 + label[0];
}
static inline const uint8_t *instance_v6(const struct view_instance *i)
{
    return instance_v4(i) + 4 * i->v4_count;
}
static inline const uint8_t *instance_txt(const struct view_instance *i)
{
    return (const uint8_t *)i + i->txt_at;
}
static inline uint16_t instance_txt_size(const struct view_instance *i)
{
    return get_u16(instance_txt(i) - TXT_SIZE);
}

static inline bool instance_same_txt(const struct view_instance *a, const struct view_instance *b)
{
    uint16_t size = instance_txt_size(a);
    return size == instance_txt_size(b) && memcmp(instance_txt(a), instance_txt(b), size) == 0;
}

/* The lists of live instances that have a port, by which port. */
enum set_kind { SET_DEFAULT, SET_TCP, SET_UDP, SET_KINDS };

/* One part for each priority, ascending; within it by instance. `before` is 0. */
struct slice_set {
    uint16_t first, count; /* among the slice's parts; equal sets may be the same */
};

static inline bool slice_set_is(const struct slice_set *a, const struct slice_set *b)
{
    return a->first == b->first && a->count == b->count;
}

struct slice_port {
    struct text name;
    uint8_t protocol;     /* enum protocol */
    struct slice_set set; /* of live instances; may be empty while the name exists */
    uint32_t hash;        /* keyed, of both */
};

/* Who has a pair "key is value": bits by place in the slice. */
struct selector {
    struct text key, value; /* as labels */
    uint64_t live;          /* live, and stale ones */
    uint64_t fresh;         /* of the live ones: heard from */
    uint32_t hash;          /* keyed, of both: pair_filter_hash */
    uint8_t registered;     /* whatever their status */
};

/* Live instances that are heard from, or those that are not. */
struct slice_class {
    uint8_t count, v4_count, v6_count; /* instances, those with such addresses */
    uint16_t best_priority;            /* UINT16_MAX: none */
    uint16_t best_weight;              /* the largest among those of the best priority */
};

struct slice {
    struct block block;     /* unused inside the block of a view */
    uint8_t count;          /* instances; may be 0 */
    uint8_t port_protocols; /* of its named ports: a bit for each enum protocol */
    uint16_t selector_count, port_count;
    uint32_t ttl;                /* the smallest wish of the live ones; UINT32_MAX = none */
    uint16_t weight_max;         /* of the live ones */
    uint16_t priority_max;       /* of the live ones that are heard from, as registered */
    uint64_t live, stale;        /* masks; stale: of the live ones */
    uint64_t https, unbrowsable; /* masks: of items of SET_DEFAULT with HTTPS records; of all */
    uint8_t status_counts[STATUS_COUNT];
    struct slice_class classes[2]; /* [1]: the stale */
    struct slice_set sets[SET_KINDS];
    uint32_t tags_at, ports_at, selectors_at, hashes_at; /* from the slice on: see below */
    const struct part *parts;                            /* of all sets */
    const struct view_instance *instances;               /* count of them, sorted by id */
};

/* Is it the one of the default ports? */
static inline bool slice_set_is_default(const struct slice *s, const struct slice_set *set)
{
    return slice_set_is(set, &s->sets[SET_DEFAULT]);
}
static inline const uint8_t *slice_tags(const struct slice *s) /* count: slice_tag of the ids */
{
    return (const uint8_t *)s + s->tags_at;
}
/* Of a slice in a block of its own count: slice_id_hash of the instances; else NULL. */
static inline const uint64_t *slice_hashes(const struct slice *s)
{
    return s->hashes_at ? (const void *)((const uint8_t *)s + s->hashes_at) : NULL;
}
static inline const struct slice_port *slice_ports(const struct slice *s) /* by name, protocol */
{
    return (const void *)((const uint8_t *)s + s->ports_at);
}
static inline const struct selector *slice_selectors(const struct slice *s) /* by key, value */
{
    return (const void *)((const uint8_t *)s + s->selectors_at);
}

/* A byte by which most others are passed over. Not keyed: a slice has few. */
static inline uint8_t slice_tag(struct text label)
{
    uint32_t x = (uint32_t)label.n;
    for (size_t i = label.n > 8 ? label.n - 8 : 0; i < label.n; i++)
        x = x * 31 + (uint8_t)label.s[i];
    return (uint8_t)(x ^ x >> 8 ^ x >> 16);
}

/* The instance with this label (lower case), or NULL. */
const struct view_instance *slice_instance(const struct slice *s, struct text label);
/* NULL: none of its instances has the pair; has such a name. */
const struct selector *slice_selector(const struct slice *s, struct text key, struct text value);
/* The same by its hash (pair_filter_hash), for who asks many slices. */
const struct selector *slice_selector_hashed(const struct slice *s, uint32_t hash,
                                             const struct pair *pair);
/* Of the instances of a slice those live (stale ones too) that have all pairs, as a mask; all
 * live ones where `count` is 0. `hashes`: of the pairs; NULL: they are not known. */
uint64_t slice_selected(const struct slice *s, const struct pair *pairs, const uint32_t *hashes,
                        unsigned count);
bool slice_has_selector_key(const struct slice *s, struct text key);

#endif
