/* What the DNS part is told by the operator. Part of the front header dns/dns.h, which
 * is what other folders include. Strings belong to the config: dns_config_deinit. */
#ifndef DISC_DNS_CONFIG_H
#define DISC_DNS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
    DNS_UDP_MIN = 512,      /* RFC 1035 section 4.2.1; smaller EDNS sizes count as this */
    DNS_UDP_DEFAULT = 1232, /* IPv6 minimum MTU less headers */
    DNS_UDP_LIMIT = 8192,   /* largest udp_max_size that may be configured */
    DNS_TCP_LIMIT = 65535,
    DNS_ADDITIONAL_TARGETS = 32, /* SRV targets whose addresses are added at most */
    DNS_TEXT_MAX = 255,          /* bytes of an identity: one TXT string */
    DNS_COOKIE_SECRET = 16,      /* bytes (RFC 9018 section 4) */
    DNS_COOKIE_SECRETS = 3,
    DNS_KEY_QUOTA = 100000, /* of a key that is told none */
};

#define DNS_UNSET UINT32_MAX

/* ---- services -------------------------------------------------------------------- */

/* What becomes of stale instances in a service's answers while a live one is left; in A,
 * AAAA and TXT they are left out then in any case. With no live one left they are
 * answered. */
enum dns_stale {
    DNS_STALE_DEMOTE,  /* SRV priority + 32768, the default */
    DNS_STALE_WITHDRAW /* left out of SRV too: for clients that ignore priorities */
};

/* What an asker whose place is known (dns_config.places) gets of a service. */
enum dns_locality {
    DNS_LOCALITY_PREFER, /* near ones with the better SRV priority, and first in A/AAAA */
    DNS_LOCALITY_ALONE,  /* the same, and only the near ones in A/AAAA */
    DNS_LOCALITY_OFF,
};

/* Attributes of services by glob; later rules win, field by field. DNS_UNSET = as before. */
struct dns_rule {
    char *glob;
    uint32_t ttl, negative_ttl; /* seconds */
    uint32_t max_answers;       /* 0 = all */
    uint32_t srv_weight_scale;  /* 1-65535 */
    uint32_t stale;             /* enum dns_stale */
    uint32_t locality;          /* enum dns_locality; default prefer */
    uint32_t spill_over;        /* percent; where a smaller share of the near instances is
                                   up, they are not preferred; default 50 */
};

/* ---- keys and who may do what ------------------------------------------------------ */

enum tsig_algorithm { /* RFC 8945 section 6 */
                      TSIG_SHA1,
                      TSIG_SHA224,
                      TSIG_SHA256,
                      TSIG_SHA384,
                      TSIG_SHA512,
                      TSIG_ALGORITHMS
};

struct dns_key {
    char *name; /* a domain name in text */
    enum tsig_algorithm algorithm;
    uint8_t *secret; /* wiped by dns_config_deinit */
    size_t secret_size;
    uint32_t quota; /* instances that it may hold by UPDATE, and as many plain records; 0 =
                       DNS_KEY_QUOTA */
};

/* Grants when the asker is in the network and, where a key is named, signed with it. */
struct dns_access {
    bool anywhere; /* else `from` */
    struct network from;
    char *key; /* name as in dns_key; NULL = none needed */
};

struct dns_notify_target {
    struct endpoint to;
    char *key; /* NULL = unsigned */
};

/* What holders of a key may change by UPDATE. */
struct dns_grant {
    char *key;
    char **names;    /* globs on full names in lower case, without final dot, e.g.
                        "*.hello-svc.disc.local"; NULL-terminated; none = all of the zone */
    uint16_t *types; /* none = all that UPDATE may change */
    size_t type_count;
};

/* ---- zones ------------------------------------------------------------------------- */

struct dns_zone_config {
    char *name;                 /* "disc.local", with or without final dot */
    char *ns;                   /* namespace it serves; NULL = purely static */
    char *file;                 /* zone file; NULL = SOA and NS are made up from the name */
    char *reverse;              /* name of the zone whose instances' addresses have PTR records
                                   here (then `ns` is NULL); NULL = no reverse zone */
    uint32_t ttl, negative_ttl; /* seconds; 5, 2; DNS_UNSET = the file's SOA says it */
    uint32_t srv_weight_scale;  /* 1 */
    struct dns_rule *rules;
    size_t rule_count;

    struct dns_access *transfers; /* who may have the zone; none = nobody */
    size_t transfer_count;
    struct dns_notify_target *notify;
    size_t notify_count;
    size_t journal_max;       /* bytes of deltas kept for IXFR; 0 = none, always AXFR.
                                 None are kept where nobody may have the zone */
    struct dns_grant *grants; /* none = no UPDATE */
    size_t grant_count;
    uint32_t update_lease_min_s, update_lease_max_s; /* 30, 86400 */
};

struct dns_udp_size { /* first match wins, else udp_max_size */
    struct network from;
    uint16_t size;
};

/* Where askers are; first match wins. */
struct dns_place {
    struct network from;
    char *zone, *region; /* as instances have them; NULL = not said */
};

/* ---- abuse --------------------------------------------------------------------------- */

struct dns_rrl_config {     /* answers per second and network of /24 or /56; 0 = unlimited */
    uint32_t responses;     /* of one name; 200 */
    uint32_t nxdomains;     /* of one zone; 200 */
    uint32_t errors;        /* 200 */
    uint32_t slip;          /* every so many-th is sent as TC instead of dropped; 0 = none; 2 */
    bool log_only;          /* count and log, but answer */
    struct network *exempt; /* loopback */
    size_t exempt_count;
    struct network *watched; /* log_only for these: private networks by default, since one
                                forwarder there asks for everybody */
    size_t watched_count;
};

/* ---- all ------------------------------------------------------------------------------ */

struct dns_config {
    struct dns_zone_config *zones;
    size_t zone_count;
    char **selectors; /* metadata keys that may be asked for; NULL-terminated, may be NULL */
    uint16_t udp_max_size;
    struct dns_udp_size *udp_sizes;
    size_t udp_size_count;
    uint32_t serial; /* where SOA serials go on; the zone files' serials are floors too */

    struct dns_key *keys; /* TSIG */
    size_t key_count;
    struct dns_place *places;
    size_t place_count;
    struct network *ecs_from; /* forwarders whose EDNS Client Subnet is believed */
    size_t ecs_from_count;
    struct dns_rrl_config rrl;
    bool cookies;
    uint8_t cookie_secrets[DNS_COOKIE_SECRETS][DNS_COOKIE_SECRET]; /* the first makes cookies, */
    unsigned cookie_secret_count; /* all are accepted; 0 = made here, and changed each day */
    bool any_full;                /* ANY over TCP has all RRsets, else one (RFC 8482) */
    uint32_t keepalive_ms;        /* idle time of TCP connections, for RFC 7828; 0 = not said */
    uint8_t *nsid;                /* RFC 5001; NULL = none */
    size_t nsid_size;
    char *version, *server_id; /* CH TXT version.bind, id.server; NULL = REFUSED */
};

void dns_config_deinit(struct dns_config *config);

#endif
