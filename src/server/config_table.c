#include "server/config_table.h"

#include <stddef.h>

#include "server/config_draft.h"
#include "server/config_values.h"

/* ---- how a row is written ------------------------------------------------------------ */

#define IN(base, member)                                                                           \
    .offset = offsetof(struct base, member), .size = sizeof(((struct base *)0)->member)
#define CONFIG(member) IN(config_draft, member)

#define ADDRESS "e.g. \"127.0.0.1:5300\" or \"[::1]:5300\""
#define ADDRESSES "a list of addresses with port; [] = none"
#define GLOB "e.g. default/web-*"
#define GLOBS "a list of patterns NAMESPACE/SERVICE with * ? [...]"
#define FILE_NAME "the name of a file"
#define LISTEN_MAX 16 /* addresses: one needs the machine's few, and each costs sockets */
#define YEAR (365 * 86400)
#define MILLIONS 1000000ull

static const char *const auths[] = {"deny", "open", "cookie", "key", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const stales[] = {"demote", "withdraw", NULL};
static const char *const truths[] = {"false", "true", NULL};
static const char *const write_rules[] = {"token", "loopback", NULL};
static const char *const read_rules[] = {"open", "token", NULL};

/* A row is easier to read when it is not a column. */
/* clang-format off */
const struct config_key config_keys[] = {
    {.path = "data_dir", .take = take_path, CONFIG(config.data_dir), .what = "a folder",
     .form = "the name of a folder; \"\" = nothing is stored", .fallback = "data",
     .help = "Where the server keeps what must outlive a restart. Made with mode 0700."},
    {.path = "user", .take = take_string, CONFIG(config.user), .what = "a user",
     .form = "the name of a user; \"\" = none", .fallback = "\"\"",
     .help = "Whom to become after binding, when started as root."},

    {.path = "zones", .take = take_zones, .min = 1, .what = "a zone",
     .form = "a list of zones", .fallback = "[{name: disc.local}]",
     .help = "The DNS zones served; of nested ones the longest match answers."},
    {.path = "zones[].name", .take = take_zone_name, IN(zone_draft, zone.name), .required = true,
     .what = "a zone name", .form = "a domain name", .help = "The zone's apex."},
    {.path = "zones[].namespace", .take = take_namespace, .what = "a namespace",
     .form = "a label of at most 32 letters, digits and hyphens; \"\" = none",
     .fallback = "default",
     .help = "The registry's namespace whose services appear in this zone. Several zones may "
             "show one namespace. Without one the zone is purely static."},
    {.path = "zones[].file", .take = take_path, IN(zone_draft, zone.file), .what = "a zone file",
     .form = FILE_NAME,
     .help = "Static records (RFC 1035). Without it SOA and NS are made up from the name."},
    {.path = "zones[].ttl", .take = take_seconds, IN(zone_draft, zone.ttl), .max = 86400,
     .what = "a TTL", .fallback = "5", .help = "TTL of the services' records."},
    {.path = "zones[].negative_ttl", .take = take_seconds, IN(zone_draft, zone.negative_ttl),
     .max = 86400, .what = "a TTL", .fallback = "2",
     .help = "How long the absence of a name or of its records may be remembered."},
    {.path = "zones[].srv_weight_scale", .take = take_number,
     IN(zone_draft, zone.srv_weight_scale), .min = 1, .max = 65535, .what = "a scale",
     .fallback = "1",
     .help = "SRV weights are multiplied by this; 256 for HAProxy, which divides by it. Lowered "
             "where a weight would pass 65535."},
    {.path = "zones[].services", .take = take_services, .what = "a section",
     .form = "patterns of service names, each with attributes",
     .help = "Attributes of services by pattern (* ? [...]); the last match wins, each "
             "attribute for itself."},
    {.path = "zones[].services.GLOB.ttl", .take = take_seconds, IN(service_draft, rule.ttl),
     .max = 86400, .what = "a TTL", .help = "Instead of the zone's ttl."},
    {.path = "zones[].services.GLOB.negative_ttl", .take = take_seconds,
     IN(service_draft, rule.negative_ttl), .max = 86400, .what = "a TTL",
     .help = "Instead of the zone's negative_ttl."},
    {.path = "zones[].services.GLOB.max_answers", .take = take_number,
     IN(service_draft, rule.max_answers), .max = 65535, .what = "a number of answers",
     .help = "Each client gets a stable subset of this size, drawn by weight; 0 = all."},
    {.path = "zones[].services.GLOB.srv_weight_scale", .take = take_number,
     IN(service_draft, rule.srv_weight_scale), .min = 1, .max = 65535, .what = "a scale",
     .help = "Instead of the zone's srv_weight_scale."},
    {.path = "zones[].services.GLOB.permanent", .take = take_choice,
     IN(service_draft, service.permanent), .words = truths, .what = "a truth value",
     .help = "true: the service stays known after its last instance is gone, for ever."},
    {.path = "zones[].services.GLOB.stale", .take = take_word, IN(service_draft, rule.stale),
     .words = stales, .what = "a rule for stale instances",
     .help = "Instances that fell silent but are kept (guard, floor) are left out of A and "
             "AAAA while a live one is there. In SRV they then stand behind the live ones, by "
             "priority (demote, the default), or are left out too (withdraw: for clients that "
             "ignore priorities, such as HAProxy). With no live one left they are answered."},
    {.path = "zones[].services.GLOB.floor", .take = take_floor, .what = "a floor",
     .form = "a number of instances, a share such as \"50%\", or 0 = none",
     .help = "Never evict below this: instances that fell silent are kept as stale, for a day "
             "at most, while fewer would be left. A share counts from what the service had "
             "when all was well. A goodbye still takes effect at once. Default: none."},
    {.path = "zones[].services.GLOB.probe", .take = take_choice,
     IN(service_draft, service.probe), .words = truths, .what = "a truth value",
     .help = "true: an instance that falls silent is looked at by a TCP connection to its first "
             "port: refused = it is evicted at once, accepted = it is kept. Needs "
             "probe.networks. Default: false."},
    {.path = "selectors", .take = take_names, CONFIG(config.dns.selectors),
     .what = "a metadata key",
     .form = "a list of metadata keys", .entry = "letters, digits, . _ -", .fallback = "[]",
     .help = "Metadata keys that may be asked for as value.key.service.zone, beside version, "
             "zone, region, cluster and tag."},

    {.path = "dns", .take = take_section, .what = "a section", .help = "The DNS server."},
    {.path = "dns.listen", .take = take_endpoints, CONFIG(config.dns_listen), .min = 1,
     .max = LISTEN_MAX, .what = "an address with port", .form = "a list of addresses with port",
     .entry = ADDRESS,
     .fallback = "[\"127.0.0.1:5300\", \"[::1]:5300\"]",
     .help = "Where DNS is served, UDP and TCP. Port 0 = any free one."},
    {.path = "dns.workers", .take = take_number, CONFIG(config.dns_workers), .max = 256,
     .what = "a number of workers", .fallback = "0",
     .help = "Threads that answer; 0 = one per core."},
    {.path = "dns.udp_max_size", .take = take_number, CONFIG(config.dns.udp_max_size),
     .min = DNS_UDP_MIN, .max = DNS_UDP_LIMIT, .what = "a UDP size", .fallback = "1232",
     .help = "Largest answer over UDP in bytes, whatever the asker would take."},
    {.path = "dns.udp_sizes", .take = take_udp_sizes, .what = "a UDP size by network",
     .form = "a list of networks, each with its size", .fallback = "[]",
     .help = "Other sizes for some askers; the first match wins."},
    {.path = "dns.udp_sizes[].from", .take = take_network, IN(dns_udp_size, from),
     .required = true, .what = "a network", .form = "an address, or e.g. 10.0.0.0/8",
     .help = "The askers' network."},
    {.path = "dns.udp_sizes[].size", .take = take_number, IN(dns_udp_size, size),
     .min = DNS_UDP_MIN, .max = DNS_UDP_LIMIT, .required = true, .what = "a UDP size",
     .help = "As udp_max_size; 8192 is right for loopback."},
    {.path = "dns.tcp", .take = take_section, .what = "a section",
     .help = "Limits of DNS over TCP."},
    {.path = "dns.tcp.connections", .take = take_number, CONFIG(config.tcp_connections_max),
     .min = 1, .max = MILLIONS, .what = "a number of connections", .fallback = "1000",
     .help = "Open at a time, in all."},
    {.path = "dns.tcp.connections_per_ip", .take = take_number,
     CONFIG(config.tcp_connections_per_ip), .min = 1, .max = MILLIONS,
     .what = "a number of connections", .fallback = "32",
     .help = "Open at a time from one address; loopback is exempt."},
    {.path = "dns.tcp.idle", .take = take_seconds, CONFIG(config.tcp_idle_ms), .min = 1,
     .max = 3600, .scale = 1000, .what = "a time", .fallback = "10",
     .help = "A connection without a query is closed after this."},
    {.path = "dns.tcp.message_timeout", .take = take_seconds, CONFIG(config.tcp_message_ms),
     .min = 1, .max = 3600, .scale = 1000, .what = "a time", .fallback = "2",
     .help = "How long a started query may take to arrive."},
    {.path = "dns.tcp.pipeline", .take = take_number, CONFIG(config.tcp_pipeline_max), .min = 1,
     .max = 65535, .what = "a number of queries", .fallback = "100",
     .help = "Queries under way on one connection."},

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
     .words = truths, .what = "a truth value", .fallback = "true",
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
     .help = "Where HTTP is served; beyond loopback only with a token_file. Port 0 = any free "
             "one."},
    {.path = "http.writes", .take = take_flag, CONFIG(config.http.writes_loopback),
     .words = write_rules, .what = "a rule for writes", .fallback = "loopback",
     .help = "Who may change things: who has the token, or also anybody on this machine. A "
             "request through a proxy always needs the token."},
    {.path = "http.reads", .take = take_flag, CONFIG(config.http.reads_token),
     .words = read_rules, .what = "a rule for reads", .fallback = "open",
     .help = "Whether reading from other machines needs the token."},
    {.path = "http.token_file", .take = take_file, CONFIG(token_file), .what = "a file",
     .form = FILE_NAME "; \"\" = none", .fallback = "\"\"",
     .help = "Its first line is the admin token, at least 16 characters. Readable by the "
             "server's user only."},
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

    {.path = "KEYS:keys", .take = take_keys, .required = true, .what = "a list of keys",
     .form = "a list of keys", .help = "The keys."},
    {.path = "KEYS:keys[].id", .take = take_key_id, .required = true, .what = "a key id",
     .form = "1 to 32 of a-z 0-9 . _ -", .help = "What a sender writes as key=."},
    {.path = "KEYS:keys[].secret", .take = take_secret, .required = true, .what = "a secret",
     .form = "16 to 64 bytes in base64",
     .help = "32 random bytes are right: head -c 32 /dev/urandom | base64"},
    {.path = "KEYS:keys[].next", .take = take_next_secret, .what = "a secret",
     .form = "16 to 64 bytes in base64",
     .help = "Accepted too, so that senders can change over one by one."},
    {.path = "KEYS:keys[].not_before", .take = take_date, IN(reg_key, not_before_ms),
     .what = "a time", .form = "e.g. 2030-01-31, 2030-01-31T12:00:00Z, or Unix seconds",
     .help = "The key is refused before."},
    {.path = "KEYS:keys[].not_after", .take = take_date, IN(reg_key, not_after_ms),
     .what = "a time", .form = "e.g. 2030-01-31, 2030-01-31T12:00:00Z, or Unix seconds",
     .help = "The key is refused after. A day without time is its first moment (UTC)."},
    {.path = "KEYS:keys[].permanent", .take = take_bool, IN(reg_key, permanent),
     .words = truths, .what = "a truth value", .fallback = "false",
     .help = "May register instances that never expire (lease=static)."},
    {.path = "KEYS:keys[].quota", .take = take_number, IN(reg_key, quota),
     .max = 100 * MILLIONS, .what = "a number of instances", .fallback = "0",
     .help = "Instances it may hold; 0 = no limit."},
    {.path = "KEYS:keys[].grants", .take = take_grants, .what = "a grant",
     .form = "a list of grants", .fallback = "[]",
     .help = "What it may do; any one grant suffices. None = nothing."},
    {.path = "KEYS:keys[].grants[].verbs", .take = take_verbs, .min = 1, .what = "a verb",
     .form = "a list of reg, ren, upd, del, get", .entry = "reg, ren, upd, del or get",
     .fallback = "[reg, ren, upd, del, get]",
     .help = "The requests it may make."},
    {.path = "KEYS:keys[].grants[].services", .take = take_service_globs,
     IN(reg_grant, services), .min = 1, .required = true,
     .what = "a pattern NAMESPACE/SERVICE", .form = GLOBS, .entry = GLOB,
     .help = "The services it may touch."},
    {.path = "KEYS:keys[].grants[].advertise", .take = take_advertise, .what = "a network",
     .form = "a list of networks", .entry = "an address, or e.g. 10.0.0.0/8", .fallback = "[]",
     .help = "Addresses it may register beside the sender's own."},
};
/* clang-format on */

const size_t config_key_count = ARRAY_COUNT(config_keys);
_Static_assert(ARRAY_COUNT(config_keys) <= CONFIG_KEYS_MAX, "struct config_seen has room");
