#include "server/config_table.h"

#include "server/config_rows.h"

static const char *const auths[] = {"deny", "open", "cookie", "key", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const write_rules[] = {"token", "loopback", NULL};
static const char *const read_rules[] = {"open", "token", NULL};

/* A row is easier to read when it is not a column. */
/* clang-format off */
static const struct config_key first_rows[] = {
    {.path = "data_dir", .take = take_path, CONFIG(config.data_dir), .what = "a folder",
     .form = "the name of a folder; \"\" = nothing is stored", .fallback = "data",
     .help = "Where the server keeps what must outlive a restart. Made with mode 0700."},
    {.path = "user", .take = take_string, CONFIG(config.user), .what = "a user",
     .form = "the name of a user; \"\" = none", .fallback = "\"\"",
     .help = "Whom to become after binding, when started as root."},
};

static const struct config_key rows[] = {
    {.path = "registration", .take = take_section, .what = "a section",
     .help = "The registration server (disc/1 over UDP)."},
    {.path = "registration.listen", .take = take_endpoints, CONFIG(config.registration_listen),
     .max = LISTEN_MAX, .what = "an address with port", .form = ADDRESSES, .entry = ADDRESS,
     .fallback = "[\"127.0.0.1:5310\", \"[::1]:5310\"]",
     .help = "Where registrations are taken. Port 0 = any free one."},
    {.path = "registration.advertise_local", .take = take_advertise_local,
     .what = "an address to advertise",
     .form = "auto, loopback, an address, or a list of one IPv4 and one IPv6 address",
     .fallback = "auto",
     .help = "What a sender on this machine that names no address is registered as. auto = "
             "the address towards the outside; loopback = 127.0.0.1 or ::1 itself."},
    {.path = "registration.sources", .take = take_sources, .what = "a source",
     .form = "a list of networks, each with what it must show",
     .fallback = "[{from: 127.0.0.0/8, auth: open}, {from: \"::1\", auth: open},"
                 " {from: 10.0.0.0/8, auth: cookie}, {from: 172.16.0.0/12, auth: cookie},"
                 " {from: 192.168.0.0/16, auth: cookie}, {from: \"fc00::/7\", auth: cookie},"
                 " {from: 169.254.0.0/16, auth: cookie}, {from: \"fe80::/10\", auth: cookie}]",
     .help = "Who may register; the first match wins, what matches nothing is denied."},
    {.path = "registration.sources[].from", .take = take_network, IN(reg_source, from),
     .required = true, .what = "a network", .form = "an address, or e.g. 10.0.0.0/8",
     .help = "The senders' network."},
    {.path = "registration.sources[].auth", .take = take_word, IN(reg_source, auth),
     .words = auths, .required = true, .what = "an authentication",
     .help = "What they must show: open = nothing, cookie = that they receive at their address, "
             "key = a key of registration.keys; deny = they may not register."},
    {.path = "registration.keys", .take = take_file, CONFIG(keys_file), .what = "a file",
     .form = FILE_NAME "; \"\" = none", .fallback = "\"\"",
     .help = "Keys with secrets and grants (below). Readable by the server's user only."},
    {.path = "registration.protected", .take = take_globs,
     CONFIG(config.registration.protected_services), .what = "a pattern NAMESPACE/SERVICE",
     .form = GLOBS, .entry = GLOB, .fallback = "[]",
     .help = "Services that only a key may change."},
    {.path = "registration.source_quota", .take = take_number,
     CONFIG(config.registration.source_quota), .max = 100 * MILLIONS,
     .what = "a number of instances", .fallback = "4096",
     .help = "Instances of one source that shows a cookie; 0 = no limit."},
    {.path = "registration.rate", .take = take_number, CONFIG(config.registration.rate_per_s),
     .min = 1, .max = MILLIONS, .what = "a rate", .fallback = "200",
     .help = "Datagrams per second of one source that shows a cookie."},
    {.path = "registration.burst", .take = take_number, CONFIG(config.registration.rate_burst),
     .min = 1, .max = MILLIONS, .what = "a number of datagrams", .fallback = "400",
     .help = "As many at once are let through before the rate holds."},
    {.path = "registration.subscriptions", .take = take_number,
     CONFIG(config.registration.subscriptions_max), .max = MILLIONS,
     .what = "a number of subscriptions", .fallback = "10000",
     .help = "Subscriptions (over UDP) to services, of all together."},
    {.path = "registration.subscriptions_per_source", .take = take_number,
     CONFIG(config.registration.source_subscriptions), .max = MILLIONS,
     .what = "a number of subscriptions", .fallback = "64",
     .help = "Of one address, loopback excepted."},

    {.path = "lease", .take = take_section, .what = "a section",
     .help = "How long a registration lives without renewal."},
    {.path = "lease.default", .take = take_seconds, CONFIG(config.registry.lease_default_s),
     .min = 1, .max = 86400, .what = "a lease", .fallback = "30",
     .help = "For who wishes none."},
    {.path = "lease.min", .take = take_seconds, CONFIG(config.registry.lease_min_s), .min = 1,
     .max = 86400, .what = "a lease", .fallback = "5", .help = "A shorter wish gets this."},
    {.path = "lease.max", .take = take_seconds, CONFIG(config.registry.lease_max_s), .min = 1,
     .max = 86400, .what = "a lease", .fallback = "300", .help = "A longer wish gets this."},

    {.path = "guard", .take = take_section, .what = "a section",
     .help = "Protection from mass eviction. When many hosts fall silent at once it is rather "
             "the network, or this server, than all of them: then their instances are kept as "
             "stale (see zones[].services.GLOB.stale) instead of evicted."},
    {.path = "guard.hosts_min", .take = take_number, CONFIG(config.registry.guard.hosts_min),
     .max = MILLIONS, .what = "a number of hosts", .fallback = "2",
     .help = "So many silent hosts never close the guard unless they are all there are: raise "
             "it where this many often crash together, their instances then go at once."},
    {.path = "guard.threshold", .take = take_number,
     CONFIG(config.registry.guard.threshold_percent), .min = 1, .max = 100,
     .what = "a percentage", .fallback = "85",
     .help = "Percent of the hosts that must be heard, else the guard closes. Higher: it closes "
             "for fewer silent hosts. Lower: more may crash together and still be evicted."},
    {.path = "guard.hold", .take = take_seconds, CONFIG(config.registry.guard.hold_s), .min = 1,
     .max = 86400, .what = "a time", .fallback = "900",
     .help = "How long what fell silent is kept at most while the guard is closed: longer "
             "outlasts longer cuts of the network, shorter sees the dead off sooner."},
    {.path = "guard.zones", .take = take_bool, CONFIG(config.registry.guard.zones),
     .words = TRUTHS, .what = "a truth value", .fallback = "true",
     .help = "Each zone that instances name (zone=, of at least 4 hosts) has a guard of its own "
             "too, so that one rack that is cut off is not lost in the crowd."},
    {.path = "probe", .take = take_section, .what = "a section",
     .help = "Looking at instances that fell silent, for services with `probe: true`."},
    {.path = "probe.networks", .take = take_probe_networks, .what = "a network",
     .form = "a list of networks", .entry = "an address, or e.g. 10.0.0.0/8", .fallback = "[]",
     .help = "The only addresses that are connected to; [] = none. Senders name the addresses "
             "of their instances themselves: list the networks of your hosts, nothing wider."},
    {.path = "probe.timeout", .take = take_seconds, CONFIG(config.probe_timeout_ms), .min = 1,
     .max = 60, .scale = 1000, .what = "a time", .fallback = "1",
     .help = "No answer for so long says nothing: the usual rules decide."},
    {.path = "probe.concurrency", .take = take_number, CONFIG(config.probe_max), .min = 1,
     .max = 4096, .what = "a number of connections", .fallback = "64",
     .help = "Connections under way at a time."},
    {.path = "service_retention", .take = take_seconds,
     CONFIG(config.registry.service_retention_s), .max = 10ull * YEAR, .what = "a time",
     .fallback = "86400",
     .help = "How long a service stays known (NODATA, not NXDOMAIN) after its last instance."},
    {.path = "limits", .take = take_section, .what = "a section",
     .help = "Limits of the registry."},
    {.path = "limits.instances", .take = take_number, CONFIG(config.registry.instances_max),
     .min = 1, .max = 100 * MILLIONS, .what = "a number of instances", .fallback = "2000000",
     .help = "In all."},
    {.path = "limits.services", .take = take_number, CONFIG(config.registry.services_max),
     .min = 1, .max = 100 * MILLIONS, .what = "a number of services", .fallback = "500000",
     .help = "In all."},
    {.path = "limits.service_instances", .take = take_number,
     CONFIG(config.registry.service_instances_max), .min = 1, .max = MILLIONS,
     .what = "a number of instances", .fallback = "20000", .help = "Of one service."},
    {.path = "limits.tombstones", .take = take_number, CONFIG(config.registry.tombstones_max),
     .min = 1, .max = 100 * MILLIONS, .what = "a number of tombstones", .fallback = "200000",
     .help = "Deletions remembered, so that a late registration does not undo them."},
    {.path = "weight_key", .take = take_metadata_key, CONFIG(config.weight_key),
     .what = "a metadata key", .form = "letters, digits, . _ -; \"\" = none",
     .fallback = "weight", .help = "Metadata key read as weight where none is given."},

    {.path = "http", .take = take_section, .what = "a section", .help = "The HTTP API."},
    {.path = "http.listen", .take = take_endpoints, CONFIG(config.http_listen),
     .max = LISTEN_MAX, .what = "an address with port", .form = ADDRESSES, .entry = ADDRESS,
     .fallback = "[\"127.0.0.1:5380\", \"[::1]:5380\"]",
     .help = "Where HTTP is served; beyond loopback only with a token_file and TLS. Port 0 = "
             "any free one."},
    {.path = "http.writes", .take = take_flag, CONFIG(config.http.writes_loopback),
     .words = write_rules, .what = "a rule for writes", .fallback = "loopback",
     .help = "Who may change things: who has the token, or also anybody on this machine, but "
             "for protected services. A request that a proxy says it forwarded (Via, Forwarded, "
             "X-Forwarded-*, X-Real-IP) needs the token; behind one on this machine that says "
             "nothing set token."},
    {.path = "http.reads", .take = take_flag, CONFIG(config.http.reads_token),
     .words = read_rules, .what = "a rule for reads", .fallback = "open",
     .help = "Whether reading from other machines needs the token."},
    {.path = "http.token_file", .take = take_file, CONFIG(token_file), .what = "a file",
     .form = FILE_NAME "; \"\" = none", .fallback = "\"\"",
     .help = "Its first line is the admin token, at least 16 characters. Readable by the "
             "server's user only."},
    {.path = "http.tls", .take = take_section, .what = "a section",
     .help = "Used on every listen address beyond loopback. Read again on SIGHUP."},
    {.path = "http.tls.certificate", .take = take_file, CONFIG(tls_certificate),
     .what = "a file", .form = FILE_NAME "; \"\" = none", .fallback = "\"\"",
     .help = "In PEM form: the certificate, and behind it those that lead to its root. Best for "
             "an ECDSA key: each new connection costs 0.2 ms of the thread that also takes "
             "registrations, with RSA-2048 1 ms, with RSA-4096 5 ms; they get a quarter of it."},
    {.path = "http.tls.key", .take = take_file, CONFIG(tls_key), .what = "a file",
     .form = FILE_NAME "; \"\" = none", .fallback = "\"\"",
     .help = "Its key in PEM form, without a pass phrase. Readable by the server's user only."},
    {.path = "http.cleartext", .take = take_bool, CONFIG(config.http_cleartext),
     .words = TRUTHS, .what = "a truth value", .fallback = "false",
     .help = "Whether listen addresses beyond loopback may go without TLS: something in front "
             "does it."},
    {.path = "http.hosts", .take = take_hosts, CONFIG(config.http.hosts), .what = "a host name",
     .form = "a list of host names", .entry = "a name, with or without port", .fallback = "[]",
     .help = "Names under which the API may be asked, beside localhost and the listen "
             "addresses."},
    {.path = "http.connections", .take = take_number, CONFIG(config.http_connections_max),
     .min = 1, .max = MILLIONS, .what = "a number of connections", .fallback = "16384",
     .help = "Open at a time, in all."},
    {.path = "http.connections_per_ip", .take = take_number,
     CONFIG(config.http_connections_per_ip), .min = 1, .max = MILLIONS,
     .what = "a number of connections", .fallback = "64",
     .help = "Open at a time from one address; loopback is exempt."},

    {.path = "log", .take = take_section, .what = "a section", .help = "The log, on stderr."},
    {.path = "log.level", .take = take_word, CONFIG(config.log_level), .words = levels,
     .what = "a log level", .fallback = "info", .help = "What is written, and what is worse."},
    {.path = "log.audit", .take = take_log_target, CONFIG(config.audit),
     .what = "a place for the audit log", .form = "stderr, off, or the name of a file",
     .fallback = "stderr",
     .help = "Where it is written who registered, took over, moved, drained, evicted or was "
             "denied what, whatever the level. A file is opened anew on SIGHUP."},
};
/* clang-format on */

/* ---- the parts as one ---------------------------------------------------------------- */

static const struct config_rows own_first = {first_rows, ARRAY_COUNT(first_rows)};
static const struct config_rows own = {rows, ARRAY_COUNT(rows)};
static const struct config_rows *const parts[] = {&own_first, &config_rows_zones, &config_rows_dns,
                                                  &own, &config_rows_secrets};

size_t config_key_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        count += parts[i]->count;
    return count;
}

const struct config_key *config_key_at(size_t n)
{
    size_t part = 0;
    while (n >= parts[part]->count)
        n -= parts[part++]->count;
    return &parts[part]->rows[n];
}

size_t config_key_index(const struct config_key *key)
{
    size_t n = 0;
    while (config_key_at(n) != key)
        n++;
    return n;
}
