/* What is registered, and by whom: limits, what an instance says of itself, and who asks.
 * Part of the front header registry/registry.h. */
#ifndef DISC_REGISTRY_MODEL_H
#define DISC_REGISTRY_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/text.h"

/* ---- limits of the model ------------------------------------------------------ */

enum {
    NAMESPACE_MAX = 32, /* bytes, one DNS label */
    SERVICE_MAX = 127,  /* bytes, 1-4 labels with dots */
    SERVICE_LABELS_MAX = 4,
    INSTANCE_ID_MAX = 63, /* bytes, one DNS label */
    ADDRESSES_MAX = 8,
    PORTS_MAX = 8,
    PORT_NAME_MAX = 15, /* RFC 6335 section 5.1 */
    TAGS_MAX = 16,
    SHORT_LABEL_MAX = 32, /* zone, region, cluster, tag */
    VERSION_MAX = 32,     /* printable ASCII */
    METADATA_MAX = 64,    /* pairs; the UDP protocol allows fewer */
    METADATA_KEY_MAX = 32,
    METADATA_VALUE_MAX = 200,  /* so that key=value fits one TXT string */
    METADATA_BYTES_MAX = 4096, /* keys and values together */
    GROUP_MAX = 63,
    PRIORITY_MAX = 32767, /* the upper half is for demotion */
    TTL_MAX = 300,        /* seconds */
    WEIGHT_DEFAULT = 100,
    TTL_UNSET = -1,
};

/* Metadata whose keys begin with it is what a protocol noted for itself: kept and listed like
 * all, but no part of DNS answers. */
#define METADATA_HIDDEN '~'

static inline bool metadata_is_hidden(struct text key)
{
    return key.n && key.s[0] == METADATA_HIDDEN;
}

enum status { STATUS_UP, STATUS_STARTING, STATUS_DRAINING, STATUS_DOWN, STATUS_COUNT };
enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_COUNT };

const char *status_text(enum status status);       /* "up" ... */
const char *protocol_text(enum protocol protocol); /* "tcp" ... */
bool status_parse(struct text t, enum status *out);
bool protocol_parse(struct text t, enum protocol *out);

struct port {
    struct text name; /* empty = the port has no name */
    uint16_t number;  /* never 0 */
    enum protocol protocol;
};

struct pair {
    struct text key, value;
};

/* ---- what an instance says of itself ------------------------------------------- */

/* Used in both directions: filled by a protocol to register, and filled by
 * instance_read() with slices into the registry's memory. All names in lower
 * case. A zeroed record with `ttl = TTL_UNSET` is the empty one. */
struct record {
    struct text ns, service, id;
    struct addr addresses[ADDRESSES_MAX];
    unsigned address_count;
    struct port ports[PORTS_MAX]; /* first = default */
    unsigned port_count;          /* 0 = address-only */
    bool weight_set;              /* else metadata `weight_key`, else WEIGHT_DEFAULT */
    uint16_t weight;              /* instance_read: the weight in force, before overrides */
    uint16_t priority;
    enum status status;
    struct text version, zone, region, cluster;
    struct text tags[TAGS_MAX];
    unsigned tag_count;
    struct pair metadata[METADATA_MAX]; /* instance_read: sorted by key */
    unsigned metadata_count;
    uint32_t lease_s;   /* wished; 0 = the default. instance_read: granted */
    bool lease_bounded; /* the protocol has limits of its own: granted as wished */
    bool permanent;     /* never expires (needs a grant, which the protocol checks) */
    int ttl;            /* seconds, or TTL_UNSET */
    struct text group;  /* lease group; empty = a lease of its own */
    uint64_t rev;       /* last-writer-wins number; 0 = the registry assigns one */
};

/* What is wrong with a record. The text names the field in the protocol's words
 * ("port", "addr", "m.x"); NULL when it is fine. Names, counts, sizes, ranges,
 * duplicate keys, port 0, unspecified/multicast/link-local addresses. Loopback
 * addresses pass: who may advertise them is the protocol's matter. */
const char *record_fault(const struct record *record);
/* What it says of the service's name: 1-4 labels in lower case, also with inner or final '_'. */
bool service_name_is_valid(struct text name);

/* All text that a record can hold. */
enum {
    RECORD_TEXT_MAX = NAMESPACE_MAX + SERVICE_MAX + INSTANCE_ID_MAX + PORTS_MAX * PORT_NAME_MAX +
                      VERSION_MAX + (3 + TAGS_MAX) * SHORT_LABEL_MAX + METADATA_BYTES_MAX +
                      GROUP_MAX
};
/* Copies the record's text into `room`: that of instance_read() lies in the registry's memory,
 * which a change may move. ERR_SPACE: record_fault() would have found it at fault. */
MUST_CHECK enum err record_hold(struct record *record, char room[static RECORD_TEXT_MAX]);
/* One pair of its metadata, which is pointed to: the value of `pair.key` is replaced, or added.
 * ERR_FULL: there are METADATA_MAX others. */
MUST_CHECK enum err record_set_pair(struct record *record, struct pair pair);
/* Takes the pair away, if there is one of that key; the order of the others may change. */
void record_drop_pair(struct record *record, struct text key);
/* The id of an instance that names none, of its first address and port: "10-0-0-7-8080". */
struct text record_default_id(const struct record *record, char out[static INSTANCE_ID_MAX + 1]);

/* ---- who asks ------------------------------------------------------------------ */

enum principal_kind {
    PRINCIPAL_LOCAL,   /* any loopback transport */
    PRINCIPAL_ADDRESS, /* another source address, not authenticated */
    PRINCIPAL_KEY,     /* key id */
    PRINCIPAL_NAME,    /* TSIG key or HTTP token, by name */
};

#define PRINCIPAL_NAME_MAX 32
/* The PRINCIPAL_NAME of whoever has the HTTP token. Such a TSIG key cannot be: the configuration
 * takes no '@' in a key's name. */
#define PRINCIPAL_TOKEN "@admin"
#define PRINCIPAL_TEXT 64 /* room for principal_format */

struct principal {
    enum principal_kind kind;
    struct addr addr; /* the sender's; part of the identity for PRINCIPAL_ADDRESS only */
    char name[PRINCIPAL_NAME_MAX + 1]; /* PRINCIPAL_KEY, PRINCIPAL_NAME */
    uint32_t quota; /* instances this one may hold; 0 = unlimited. Taken at each call */
};

/* "local", "addr:10.0.0.7", "key:deploy", "name:update.example", "token:admin" */
const char *principal_format(const struct principal *p, char out[static PRINCIPAL_TEXT]);
/* Reads those texts. Of a key or a name the address stays empty: it is no part of who that is.
 * ERR_SYNTAX. */
MUST_CHECK enum err principal_parse(struct text text, struct principal *out);

#endif
