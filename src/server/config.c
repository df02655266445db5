#include "server/config.h"

#include <openssl/ssl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config_draft.h"
#include "server/config_fault.h"
#include "server/config_file.h"
#include "server/config_values.h"
#include "server/config_walk.h"

#define REPLAY_ENTRIES 65536 /* (key, sender process) pairs: some 6 MB */

/* ---- checks across keys ------------------------------------------------------------------ */

/* The file need not say either; the fault stands at what it does say. */
static enum err check_lease(const struct config_parse *p, const struct config_seen *seen,
                            const struct registry_config *r)
{
    const struct yaml_node *min = config_seen_at(seen, "lease.min");
    const struct yaml_node *max = config_seen_at(seen, "lease.max");
    const struct yaml_node *def = config_seen_at(seen, "lease.default");
    if (r->lease_min_s > r->lease_max_s)
        return fault_at(p, min ? min : max,
                        "lease.min %u is above lease.max %u, expected min "
                        "<= default <= max",
                        r->lease_min_s, r->lease_max_s);
    if (r->lease_default_s < r->lease_min_s)
        return fault_at(p, def ? def : min,
                        "lease.default %u is below lease.min %u, expected min "
                        "<= default <= max",
                        r->lease_default_s, r->lease_min_s);
    if (r->lease_default_s > r->lease_max_s)
        return fault_at(p, def ? def : max,
                        "lease.default %u is above lease.max %u, expected min "
                        "<= default <= max",
                        r->lease_default_s, r->lease_max_s);
    return ERR_OK;
}

/* The n-th entry of the list at `path`. */
static const struct yaml_node *entry_at(const struct config_seen *seen, const char *path, size_t n)
{
    const struct yaml_node *list = config_seen_at(seen, path);
    const struct yaml_node *entry = list ? list->first : NULL;
    while (entry && n--)
        entry = entry->next;
    return entry;
}

/* What a listen address beyond loopback lacks; NULL = nothing. */
static const char *exposed_lacks(const struct config_draft *draft)
{
    if (!draft->token_file.path)
        return "http.token_file to be set then";
    if (!draft->tls_certificate.path && !draft->config.http_cleartext)
        return "http.tls to be set then, or http.cleartext: true where something in front does "
               "TLS";
    return NULL;
}

static enum err check_tls(const struct config_parse *p, const struct config_seen *seen,
                          const struct config_draft *draft)
{
    bool certificate = draft->tls_certificate.path, key = draft->tls_key.path;
    if (certificate == key)
        return ERR_OK;
    return fault_at(p, config_seen_at(seen, certificate ? "http.tls.certificate" : "http.tls.key"),
                    "a %s alone, expected http.tls.%s to be set then",
                    certificate ? "certificate" : "key", certificate ? "key" : "certificate");
}

static enum err check_http(const struct config_parse *p, const struct config_seen *seen,
                           const struct config_draft *draft)
{
    const struct config *c = &draft->config;
    const char *lacks = exposed_lacks(draft);
    enum err err = check_tls(p, seen, draft);
    for (size_t i = 0; !err && lacks && i < c->http_listen.count; i++) {
        char shown[ENDPOINT_TEXT];
        if (!addr_is_loopback(&c->http_listen.items[i].addr))
            err =
                fault_at(p, entry_at(seen, "http.listen", i), "%s is not on loopback, expected %s",
                         endpoint_format(&c->http_listen.items[i], shown), lacks);
    }
    if (err || draft->token_file.path)
        return err;
    if (!c->http.writes_loopback)
        return fault_at(p, config_seen_at(seen, "http.writes"),
                        "writes need a token, expected http.token_file to be set then");
    if (c->http.reads_token)
        return fault_at(p, config_seen_at(seen, "http.reads"),
                        "reads need a token, expected http.token_file to be set then");
    return ERR_OK;
}

static enum err check_sources(const struct config_parse *p, const struct config_seen *seen,
                              const struct config_draft *draft)
{
    const struct reg_config *reg = &draft->config.registration;
    for (size_t i = 0; i < reg->source_count && !draft->keys_file.path; i++)
        if (reg->sources[i].auth == REG_AUTH_KEY)
            return fault_at(p, yaml_find(entry_at(seen, "registration.sources", i), "auth"),
                            "\"key\" without any key, expected registration.keys to be set then");
    return ERR_OK;
}

/* `probe: true` of a zone's services. */
static const struct yaml_node *wish_to_probe(const struct yaml_node *zone)
{
    const struct yaml_node *services = yaml_find(zone, "services");
    for (const struct yaml_node *s = services ? services->first : NULL; s; s = s->next) {
        const struct yaml_node *probe = yaml_find(s, "probe");
        if (probe && text_is(yaml_text(probe), TEXT("true")))
            return probe;
    }
    return NULL;
}

static enum err check_probe(const struct config_parse *p, const struct config_seen *seen,
                            const struct config *c)
{
    for (size_t i = 0; i < c->dns.zone_count && !c->probe_network_count; i++) {
        const struct yaml_node *zone = entry_at(seen, "zones", i);
        const struct yaml_node *probe = zone ? wish_to_probe(zone) : NULL;
        if (probe)
            return fault_at(p, probe,
                            "a probe without networks to probe, expected them to be named then: "
                            "probe: {networks: [10.0.0.0/8]}");
    }
    return ERR_OK;
}

static enum err check_dnstap(const struct config_parse *p, const struct config_seen *seen,
                             const struct config *c)
{
    if (c->dnstap.socket[0] && c->dnstap.file[0])
        return fault_at(p, config_seen_at(seen, "dns.dnstap.file"),
                        "a file beside a socket, expected only one of the two");
    return ERR_OK;
}

static enum err check_all(const struct config_parse *p, const struct config_seen *seen,
                          const struct config_draft *draft)
{
    enum err err = check_lease(p, seen, &draft->config.registry);
    if (!err)
        err = check_http(p, seen, draft);
    if (!err)
        err = check_sources(p, seen, draft);
    if (!err)
        err = check_dnstap(p, seen, &draft->config);
    return err ? err : check_probe(p, seen, &draft->config);
}

/* ---- assembly ---------------------------------------------------------------------------- */

static enum err copy_zones(struct config *c)
{
    c->zones = calloc(c->dns.zone_count + 1, sizeof(*c->zones));
    if (!c->zones)
        return ERR_MEMORY;
    for (; c->zone_count < c->dns.zone_count; c->zone_count++) {
        const struct dns_zone_config *from = &c->dns.zones[c->zone_count];
        struct config_zone *to = &c->zones[c->zone_count];
        to->name = domain_copy(text_of(from->name));
        to->ns = from->ns ? strdup(from->ns) : NULL;
        if (!to->name || (from->ns && !to->ns))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static void free_zones(struct config *c)
{
    for (size_t i = 0; c->zones && i <= c->zone_count; i++) {
        free(c->zones[i].name);
        free(c->zones[i].ns);
    }
    free(c->zones);
}

/* What stands in two places, and what no key sets. */
static enum err complete(const struct config_parse *p, struct config *c)
{
    size_t n = c->http_listen.count;
    c->registration.replay_entries_max = REPLAY_ENTRIES;
    c->dns.keepalive_ms = c->tcp_idle_ms;
    c->registry.weight_key = c->weight_key[0] ? c->weight_key : NULL;
    c->dnstap.identity = c->dns.server_id ? strdup(c->dns.server_id) : NULL;
    c->http.listen = calloc(n + 1, sizeof(*c->http.listen));
    if (!c->http.listen || (c->dns.server_id && !c->dnstap.identity) || copy_zones(c))
        return fault_memory(p);
    if (n)
        memcpy(c->http.listen, c->http_listen.items, n * sizeof(*c->http.listen));
    c->http.listen_count = n;
    return ERR_OK;
}

/* "etc/" of "etc/discd.yaml". */
static char *folder_of(const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    return strndup(file ? file : "", slash ? (size_t)(slash - file) + 1 : 0);
}

static enum err read_draft(struct config_parse *p, const struct yaml_node *root,
                           struct config_draft *out)
{
    struct config_seen seen = {{0}};
    enum err err = config_walk(p, "", root, out, &seen);
    if (!err)
        err = check_all(p, &seen, out);
    return err ? err : complete(p, &out->config);
}

enum err config_parse(const char *file, const void *bytes, size_t size, struct config_draft *out,
                      struct config_fault *fault)
{
    struct yaml_source source = {.file = file, .bytes = bytes, .size = size};
    struct yaml_node *root = NULL;
    char *folder = folder_of(file);
    struct config_parse p = {
        .file = file, .folder = folder, .fault = fault, .refs = &out->tsig_refs};
    *out = (struct config_draft){.config.registry = registry_config_default()};
    out->config.registry.weight_key = NULL;
    out->config.path = file ? strdup(file) : NULL;
    enum err err = folder && (!file || out->config.path) ? ERR_OK : fault_memory(&p);
    if (!err && size)
        err = yaml_tree_read(&source, &root, fault);
    if (!err)
        err = read_draft(&p, root, out);
    yaml_tree_free(root);
    free(folder);
    if (err)
        config_draft_deinit(out);
    return err;
}

/* ---- from the files ---------------------------------------------------------------------- */

/* The owner that secrets may have beside the user who starts discd. */
static uid_t user_to_be(const struct config *c)
{
    const struct passwd *entry = geteuid() == 0 && c->user[0] ? getpwnam(c->user) : NULL;
    return entry ? entry->pw_uid : (uid_t)-1;
}

static enum err load(const char *path, struct config_draft *draft, struct config_fault *fault)
{
    struct file_bytes file = {NULL, 0};
    const char *why;
    enum err err = path ? file_read(path, YAML_BYTES_MAX, &file, &why) : ERR_OK;
    if (err)
        return fault_write(fault, err, path, 0, 0, "cannot be read: %s", why);
    err = config_parse(path, file.bytes, file.size, draft, fault);
    file_bytes_wipe(&file);
    if (err)
        return err;
    err = config_read_token(draft, user_to_be(&draft->config), fault);
    if (!err)
        err = config_read_keys(draft, user_to_be(&draft->config), fault);
    if (!err)
        err = config_read_tsig(draft, user_to_be(&draft->config), fault);
    if (!err)
        err = config_read_cookies(draft, user_to_be(&draft->config), fault);
    if (!err)
        err = config_read_tls(draft, user_to_be(&draft->config), fault);
    if (err)
        config_draft_deinit(draft);
    return err;
}

enum err config_load(const char *path, struct config **out, struct config_fault *fault)
{
    struct config_draft draft;
    struct config *config = malloc(sizeof(*config));
    enum err err = config ? load(path, &draft, fault)
                          : fault_write(fault, ERR_MEMORY, path, 0, 0, "out of memory");
    if (err) {
        free(config);
        return err;
    }
    *config = draft.config;
    config->key_files.disc = draft.keys_file.path;
    config->key_files.tsig = draft.tsig_file.path;
    config->key_files.token = draft.token_file.path;
    draft.keys_file.path = draft.tsig_file.path = draft.token_file.path = NULL;
    draft.config = (struct config){0};
    config_draft_deinit(&draft);
    *out = config;
    return ERR_OK;
}

/* ---- the end ----------------------------------------------------------------------------- */

void config_deinit(struct config *config)
{
    config_services_free(config->services, config->service_count);
    free(config->probe_networks);
    dns_config_deinit(&config->dns);
    reg_config_deinit(&config->registration);
    http_config_deinit(&config->http);
    SSL_CTX_free(config->http_tls);
    free(config->dns_listen.items);
    free(config->registration_listen.items);
    free(config->http_listen.items);
    free_zones(config);
    free(config->dnstap.socket);
    free(config->dnstap.file);
    free(config->dnstap.identity);
    free(config->weight_key);
    free(config->audit);
    free(config->key_files.disc);
    free(config->key_files.tsig);
    free(config->key_files.token);
    free(config->data_dir);
    free(config->user);
    free(config->path);
}

void config_draft_deinit(struct config_draft *draft)
{
    config_deinit(&draft->config);
    free(draft->keys_file.path);
    free(draft->token_file.path);
    free(draft->tsig_file.path);
    free(draft->cookie_file.path);
    free(draft->tls_certificate.path);
    free(draft->tls_key.path);
    for (size_t i = 0; i < draft->tsig_refs.count; i++)
        free(draft->tsig_refs.items[i].name);
    free(draft->tsig_refs.items);
    *draft = (struct config_draft){0};
}

void config_free(struct config *config)
{
    if (!config)
        return;
    config_deinit(config);
    free(config);
}
