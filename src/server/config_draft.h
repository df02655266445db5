/* A configuration while it is read, and the readers of its larger parts (the rest is
 * config_values.h). Used by the config_*.c files only. */
#ifndef DISC_SERVER_CONFIG_DRAFT_H
#define DISC_SERVER_CONFIG_DRAFT_H

#include "server/config_table.h"

/* A further file to read, and where it is named. */
struct file_ref {
    char *path; /* resolved; NULL = none */
    unsigned line, column;
};

/* Where discd.yaml names a key of another file. */
struct key_ref {
    char *name;
    unsigned line, column;
};

struct key_refs {
    struct key_ref *items;
    size_t count, room;
};

/* Base of the keys of the main file. */
struct config_draft {
    struct config config;
    struct file_ref keys_file, token_file, tsig_file, cookie_file;
    struct file_ref tls_certificate, tls_key;
    struct key_refs tsig_refs;
};

/* Base of zones[]. */
struct zone_draft {
    struct dns_zone_config zone;
    struct config_service *services; /* their globs still without namespace */
    size_t service_count;
};

/* Base of zones[].services.GLOB. */
struct service_draft {
    struct dns_rule rule;
    struct config_service service;
};

/* Base of KEYS: (the whole file of keys). */
struct keyring_draft {
    struct reg_key *keys;
    size_t count;
};

/* Base of TSIG: and COOKIES: is the struct dns_config. */

key_take take_zones, take_zone_name, take_namespace; /* zones */
key_take take_services, take_floor;                  /* their services */
key_take take_udp_sizes, take_sources, take_advertise_local, take_probe_networks;
key_take take_transfers, take_access_network, take_key_ref; /* zones' peers */
key_take take_notify, take_notify_address, take_updates, take_name_globs, take_types;
key_take take_percent;
key_take take_places, take_place_word, take_ecs_from, take_rrl_exempt, take_rrl_watched; /* dns */
key_take take_nsid, take_identity, take_dnstap_messages;
key_take take_file; /* struct file_ref */
key_take take_tsig_keys, take_key_name, take_tsig_secret, take_cookie_secrets;
key_take take_keys, take_key_id, take_secret, take_next_secret, take_date; /* keys.yaml */
key_take take_grants, take_verbs, take_advertise, take_service_globs;

/* What goes for the zones together, once all are read: `zones` is the list in the file. */
MUST_CHECK enum err config_check_reverse(const struct config_parse *p,
                                         const struct yaml_node *zones,
                                         const struct dns_config *dns);
/* A domain name as it may stand in the file, with or without the final dot. */
bool text_is_domain(struct text t);
/* In lower case without the final dot, to be freed; NULL when memory lacks. */
char *domain_copy(struct text t);

/* Adds what a zone says of its services to the configuration, "web-*" of namespace `blue`
 * as "blue/web-*". ERR_MEMORY. */
MUST_CHECK enum err config_services_add(struct config *config, const struct zone_draft *zone);
void config_services_free(struct config_service *services, size_t count);

/* Reads text as discd.yaml: everything but the files that it names. `file` is its path
 * (NULL = the defaults; then there are no bytes). ERR_* with *fault filled; *out then
 * needs no config_draft_deinit. */
MUST_CHECK enum err config_parse(const char *file, const void *bytes, size_t size,
                                 struct config_draft *out, struct config_fault *fault);
void config_draft_deinit(struct config_draft *draft);

/* Frees what is inside, not the struct. */
void config_deinit(struct config *config);

#endif
