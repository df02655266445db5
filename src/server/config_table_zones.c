/* The table's part of zones and their services. */
#include "server/config_rows.h"

#define KEY_NAME "the name of a key of dns.keys"

static const char *const stales[] = {"demote", "withdraw", NULL};
static const char *const localities[] = {"prefer", "alone", "off", NULL};

/* clang-format off */
static const struct config_key rows[] = {
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
     .what = "a TTL", .fallback = "5", .help = "TTL of the services' records. In a purely static zone it is the SOA's, which without "
             "this key is as in the file."},
    {.path = "zones[].negative_ttl", .take = take_seconds, IN(zone_draft, zone.negative_ttl),
     .max = 86400, .what = "a TTL", .fallback = "2",
     .help = "How long the absence of a name or of its records may be remembered. In a purely "
             "static zone without this key it is the file's SOA MINIMUM (RFC 2308)."},
    {.path = "zones[].srv_weight_scale", .take = take_number,
     IN(zone_draft, zone.srv_weight_scale), .min = 1, .max = 65535, .what = "a scale",
     .fallback = "1",
     .help = "SRV weights are multiplied by this; 256 for HAProxy, which divides by it. Lowered "
             "where a weight would pass 65535."},
    {.path = "zones[].reverse", .take = take_zone_name, IN(zone_draft, zone.reverse),
     .what = "a zone name", .form = "the name of another zone with a namespace",
     .help = "For a zone below in-addr.arpa or ip6.arpa: the zone whose instances' addresses "
             "have PTR records here."},
    {.path = "zones[].transfer", .take = take_transfers, .what = "an access rule",
     .form = "a list of networks and keys", .fallback = "[]",
     .help = "Who may have the whole zone (AXFR, IXFR); any one entry suffices. None = nobody."},
    {.path = "zones[].transfer[].from", .take = take_access_network, .what = "a network",
     .form = NETWORK, .help = "The askers' network; without it any, by the key alone."},
    {.path = "zones[].transfer[].key", .take = take_key_ref, IN(dns_access, key),
     .what = "a key name", .form = KEY_NAME,
     .help = "The request must be signed with it; without it the network suffices."},
    {.path = "zones[].notify", .take = take_notify, .what = "a secondary",
     .form = "a list of secondaries", .fallback = "[]",
     .help = "Whom to tell at once when the zone has changed (NOTIFY)."},
    {.path = "zones[].notify[].to", .take = take_notify_address, .required = true,
     .what = "an address", .form = "e.g. 192.0.2.7, \"192.0.2.7:5353\" or \"[2001:db8::7]:53\"",
     .help = "The secondary; port 53 unless it says another."},
    {.path = "zones[].notify[].key", .take = take_key_ref, IN(dns_notify_target, key),
     .what = "a key name", .form = KEY_NAME, .help = "The message is signed with it."},
    {.path = "zones[].ixfr_journal", .take = take_number, IN(zone_draft, zone.journal_max),
     .max = 1 << 30, .what = "a number of bytes", .fallback = "16777216",
     .help = "Memory for the zone's latest changes, so that secondaries need not have all of it "
             "each time; 0 = they always get the whole zone. None is taken for a zone that "
             "nobody may have (no transfer entry)."},
    {.path = "zones[].update", .take = take_updates, .what = "a grant",
     .form = "a list of grants", .fallback = "[]",
     .help = "Who may change names in this zone by UPDATE (nsupdate); any one entry suffices. "
             "None = nobody."},
    {.path = "zones[].update[].key", .take = take_key_ref, IN(dns_grant, key),
     .required = true, .what = "a key name", .form = KEY_NAME,
     .help = "The request must be signed with it."},
    {.path = "zones[].update[].names", .take = take_name_globs, IN(dns_grant, names),
     .what = "a pattern of names", .form = "a list of patterns with * ? [...]; [] = any",
     .entry = "e.g. \"*.hello-svc.disc.local\"", .fallback = "[]",
     .help = "The full names that may be changed. * goes over dots too."},
    {.path = "zones[].update[].types", .take = take_types, .what = "a record type",
     .form = "a list of record types; [] = any", .entry = "e.g. SRV, TXT or TYPE65280",
     .fallback = "[]", .help = "The types of records that may be changed."},
    {.path = "zones[].update_lease", .take = take_section, .what = "a section",
     .help = "What an UPDATE may ask for with the Update Lease option; without the option its "
             "records stay until they are deleted."},
    {.path = "zones[].update_lease.min", .take = take_seconds,
     IN(zone_draft, zone.update_lease_min_s), .min = 1, .max = YEAR, .what = "a lease",
     .fallback = "30", .help = "Shorter ones are raised to this."},
    {.path = "zones[].update_lease.max", .take = take_seconds,
     IN(zone_draft, zone.update_lease_max_s), .min = 1, .max = YEAR, .what = "a lease",
     .fallback = "86400", .help = "Longer ones are cut to this."},
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
     IN(service_draft, service.permanent), .words = TRUTHS, .what = "a truth value",
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
     IN(service_draft, service.probe), .words = TRUTHS, .what = "a truth value",
     .help = "true: an instance that falls silent is looked at by a TCP connection to its first "
             "port: refused = it is evicted at once, accepted = it is kept. Needs "
             "probe.networks. Default: false."},
    {.path = "zones[].services.GLOB.locality", .take = take_word,
     IN(service_draft, rule.locality), .words = localities, .what = "a rule of locality",
     .help = "What askers get whose place is known (dns.places): near instances with the better "
             "SRV priority and first in A and AAAA (prefer, the default), only near ones in A "
             "and AAAA (alone), or what everybody gets (off)."},
    {.path = "zones[].services.GLOB.spill_over", .take = take_percent,
     IN(service_draft, rule.spill_over), .what = "a share",
     .form = "a share such as \"50%\"",
     .help = "Where a smaller share of the near instances is up, they are not preferred. "
             "Default: 50%."},
    {.path = "selectors", .take = take_names, CONFIG(config.dns.selectors),
     .what = "a metadata key",
     .form = "a list of metadata keys", .entry = "letters, digits, . _ -", .fallback = "[]",
     .help = "Metadata keys that may be asked for as value.key.service.zone, beside version, "
             "zone, region, cluster and tag."},
};
/* clang-format on */

const struct config_rows config_rows_zones = {rows, ARRAY_COUNT(rows)};
