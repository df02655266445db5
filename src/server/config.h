/* The configuration: everything that discd.yaml and the files it names say, checked,
 * in the form in which the folders want it. One table of keys (config_table.c) is
 * parser, checker and --help-config at once.
 */
#ifndef DISC_SERVER_CONFIG_H
#define DISC_SERVER_CONFIG_H

#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/log.h"
#include "dns/dns.h"
#include "http/http.h"
#include "reg/reg.h"
#include "registry/registry.h"

struct endpoint_list {
    struct endpoint *items;
    size_t count;
};

/* What the file says of the services that match a glob. */
struct config_service {
    char *glob;                /* "ns/service" */
    uint32_t permanent, probe; /* 0, 1; DNS_UNSET = not said */
    uint32_t floor;            /* likewise; else as struct service_policy has it */
    bool floor_percent;
};

/* Copies of queries and answers for other programs; at most one of the paths is set. */
struct config_dnstap {
    char *socket, *file; /* "" = none */
    char *identity;      /* dns.server_id; NULL = none */
    bool queries, responses;
};

/* A zone by name, for status: what else is known of it is the DNS part's. */
struct ssl_ctx_st;

struct config_zone {
    char *name, *ns; /* without final dot; NULL = purely static */
};

struct config {
    char *path;     /* the file, or NULL for the built-in defaults */
    char *data_dir; /* resolved against the file's folder; "" = memory only */
    char *user;     /* to drop to when started as root; "" = stay */
    enum log_level log_level;
    char *audit; /* "stderr", "off", or a file, resolved likewise */
    struct {
        char *disc, *tsig, *token;
    } key_files; /* that were read; NULL = none. For the audit log */

    struct endpoint_list dns_listen, registration_listen, http_listen;
    unsigned dns_workers;            /* 0 = one per core */
    uint32_t tcp_connections_max;    /* 1000 */
    uint32_t tcp_connections_per_ip; /* 32; loopback is exempt */
    uint32_t tcp_idle_ms;            /* 10 000 */
    uint32_t tcp_message_ms;         /* 2000: to finish a started message */
    uint32_t tcp_pipeline_max;       /* 100 queries under way per connection */

    struct config_zone *zones; /* as dns.zones, but not taken over */
    size_t zone_count;
    struct config_dnstap dnstap;
    struct dns_config dns;            /* may be taken over by dns_new (then zeroed) */
    struct reg_config registration;   /* likewise by reg_new */
    bool advertise_local_auto;        /* else registration.local_v4/v6 hold the setting */
    struct registry_config registry;  /* its strings belong to the config */
    struct http_config http;          /* likewise by http_new */
    uint32_t http_connections_max;    /* 16 384 */
    uint32_t http_connections_per_ip; /* 64; loopback is exempt */
    struct ssl_ctx_st *http_tls;      /* of listen addresses that are not loopback; NULL = none */
    bool http_cleartext;              /* they may do without */

    char *weight_key; /* what registry.weight_key points to; "" = none */

    struct config_service *services; /* in the order of the file */
    size_t service_count;

    struct network *probe_networks; /* whose addresses may be probed; none = nothing is */
    size_t probe_network_count;
    uint32_t probe_timeout_ms; /* 1000 */
    uint32_t probe_max;        /* 64: under way at a time */
};

/* What holds for one service: of the entries whose glob matches the last one wins, each
 * attribute for itself. */
/* Does it stay known for ever? */
bool config_is_permanent(const struct config *config, struct text ns, struct text service);
struct service_policy config_service_policy(const struct config *config, struct text ns,
                                            struct text service);

struct config_fault {
    char file[256];
    unsigned line, column; /* from 1; 0 = the whole file */
    char text[512];        /* "what was found, what was expected" */
};

/* Reads and checks `path` (NULL = defaults) and the key and token files it names; zone
 * files are read by dns_new. ERR_SYNTAX, ERR_VALUE, ERR_SYSTEM or ERR_MEMORY with
 * *fault filled. The caller owns *out: config_free. */
MUST_CHECK enum err config_load(const char *path, struct config **out, struct config_fault *fault);

/* Warns in the log when the dates of http.tls' certificate are over, or soon will be. */
void config_warn_of_tls(const struct config *config, uint64_t wall_ms);
void config_free(struct config *config);

/* "file:line:column: text" on one line (what is 0 is left out). */
void config_fault_print(const struct config_fault *fault, FILE *to);

/* Every key with type, range, default and help (discd --help-config). */
void config_help(FILE *to);

/* discd --init DIR: writes discd.yaml, a zone file, an admin token and two files of keys
 * (the secrets with mode 0600) to start from; refuses to overwrite. ERR_EXISTS, ERR_SYSTEM;
 * says on stderr what it wrote or why not. */
MUST_CHECK enum err config_init(const char *dir);

#endif
