#include "scenario/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct builder {
    struct setup *setup;
    struct script *script;
    struct built *out;
    struct words words;
};

/* ---- pieces ------------------------------------------------------------------------- */

static void *grow(void *items, size_t count, size_t size)
{
    char *grown = realloc(items, (count + 1) * size);
    memset(grown + count * size, 0, size);
    return grown;
}

static char **strings(const char *commas)
{
    char **list = NULL, *copy = strdup(commas), *rest = NULL;
    size_t n = 0;
    for (char *s = strtok_r(copy, ",", &rest); s; s = strtok_r(NULL, ",", &rest)) {
        list = grow(list, n, sizeof(*list));
        list[n++] = strdup(s);
    }
    free(copy);
    return grow(list, n, sizeof(*list));
}

static char *word(struct builder *b, unsigned n)
{
    if (n >= b->words.count)
        script_fail(b->script, "config: a word is missing");
    return b->words.word[n];
}

static uint32_t number(struct builder *b, const char *text)
{
    return (uint32_t)script_number(b->script, text, UINT32_MAX);
}

static struct network network(struct builder *b, const char *text)
{
    struct network n;
    if (network_parse(text_of(text), &n))
        script_fail(b->script, "config: found \"%s\", expected a network", text);
    return n;
}

static void unknown(struct builder *b, const char *text)
{
    script_fail(b->script, "config: found \"%s\", which is not known here", text);
}

/* ---- dns ---------------------------------------------------------------------------- */

static char *file_path(struct builder *b, const char *name)
{
    char path[40];
    for (unsigned i = 0; i < b->setup->file_count; i++) {
        if (strcmp(b->setup->files[i].name, name) != 0)
            continue;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", b->setup->files[i].fd);
        return strdup(path);
    }
    script_fail(b->script, "config: no zone-file %s", name);
}

static void add_zone(struct builder *b)
{
    struct dns_config *c = &b->out->dns;
    c->zones = grow(c->zones, c->zone_count, sizeof(*c->zones));
    struct dns_zone_config *z = &c->zones[c->zone_count++];
    *z = (struct dns_zone_config){
        .name = strdup(word(b, 1)), .ttl = 5, .negative_ttl = 2, .srv_weight_scale = 1};
    for (unsigned i = 2; i < b->words.count; i++) {
        const char *v, *w = b->words.word[i];
        if ((v = script_value(w, "ns")))
            z->ns = strdup(v);
        else if ((v = script_value(w, "file")))
            z->file = file_path(b, v);
        else if ((v = script_value(w, "ttl")))
            z->ttl = number(b, v);
        else if ((v = script_value(w, "negative_ttl")))
            z->negative_ttl = number(b, v);
        else if ((v = script_value(w, "scale")))
            z->srv_weight_scale = number(b, v);
        else
            unknown(b, w);
    }
}

/* Belongs to the zone above it. */
static void add_rule(struct builder *b)
{
    struct dns_config *c = &b->out->dns;
    if (!c->zone_count)
        script_fail(b->script, "config rule: there is no zone above it");
    struct dns_zone_config *z = &c->zones[c->zone_count - 1];
    z->rules = grow(z->rules, z->rule_count, sizeof(*z->rules));
    struct dns_rule *r = &z->rules[z->rule_count++];
    *r = (struct dns_rule){strdup(word(b, 1)), DNS_UNSET, DNS_UNSET, DNS_UNSET,
                           DNS_UNSET,          DNS_UNSET, DNS_UNSET, DNS_UNSET};
    for (unsigned i = 2; i < b->words.count; i++) {
        const char *v, *w = b->words.word[i];
        if ((v = script_value(w, "ttl")))
            r->ttl = number(b, v);
        else if ((v = script_value(w, "negative_ttl")))
            r->negative_ttl = number(b, v);
        else if ((v = script_value(w, "max_answers")))
            r->max_answers = number(b, v);
        else if ((v = script_value(w, "scale")))
            r->srv_weight_scale = number(b, v);
        else
            unknown(b, w);
    }
}

static void add_selectors(struct builder *b)
{
    b->out->dns.selectors = strings(word(b, 1));
}

static void set_udp_max_size(struct builder *b)
{
    b->out->dns.udp_max_size = (uint16_t)number(b, word(b, 1));
}

static void add_udp_size(struct builder *b)
{
    struct dns_config *c = &b->out->dns;
    c->udp_sizes = grow(c->udp_sizes, c->udp_size_count, sizeof(*c->udp_sizes));
    c->udp_sizes[c->udp_size_count++] =
        (struct dns_udp_size){network(b, word(b, 1)), (uint16_t)number(b, word(b, 2))};
}

/* ---- reg ---------------------------------------------------------------------------- */

static void add_source(struct builder *b)
{
    static const char *const names[] = {"deny", "open", "cookie", "key"};
    struct reg_config *c = &b->out->reg;
    c->sources = grow(c->sources, c->source_count, sizeof(*c->sources));
    struct reg_source *s = &c->sources[c->source_count++];
    s->from = network(b, word(b, 1));
    for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(word(b, 2), names[i]) == 0) {
            s->auth = (enum reg_auth)i;
            return;
        }
    }
    unknown(b, word(b, 2));
}

static size_t read_secret(struct builder *b, const char *text, uint8_t out[static REG_SECRET_MAX])
{
    size_t n = strlen(text);
    if (n < REG_SECRET_MIN || n > REG_SECRET_MAX)
        script_fail(b->script, "config key: a secret of %zu bytes", n);
    memcpy(out, text, n);
    return n;
}

/* "all" or "reg,ren" */
static uint32_t read_verbs(struct builder *b, const char *text)
{
    uint32_t bits = 0;
    char **list = strings(text);
    for (char **s = list; *s; s++) {
        uint32_t before = bits;
        for (unsigned v = 0; v < REG_VERB_COUNT; v++)
            if (strcmp(*s, "all") == 0 || strcmp(*s, reg_verb_text((enum reg_verb)v)) == 0)
                bits |= 1u << v;
        if (bits == before)
            unknown(b, *s);
        free(*s);
    }
    free(list);
    return bits;
}

static void read_advertise(struct builder *b, const char *text, struct reg_grant *grant)
{
    char **list = strings(text);
    for (char **s = list; *s; s++) {
        grant->advertise = grow(grant->advertise, grant->advertise_count, sizeof(struct network));
        grant->advertise[grant->advertise_count++] = network(b, *s);
        free(*s);
    }
    free(list);
}

static uint64_t read_wall(struct builder *b, const char *text)
{
    uint64_t start = b->setup->wall_start_ms;
    if (*text == '+')
        return start + script_duration(b->script, text + 1);
    return start - script_duration(b->script, text + (*text == '-'));
}

static void read_key_word(struct builder *b, struct reg_key *k, const char *w)
{
    const char *v;
    struct reg_grant *grant = &k->grants[k->grant_count - 1];
    if ((v = script_value(w, "secret")))
        k->secret_size = read_secret(b, v, k->secret);
    else if ((v = script_value(w, "next")))
        k->next_size = read_secret(b, v, k->next);
    else if ((v = script_value(w, "verbs")))
        grant->verbs = read_verbs(b, v);
    else if ((v = script_value(w, "grant")))
        grant->services = strings(v);
    else if ((v = script_value(w, "advertise")))
        read_advertise(b, v, grant);
    else if ((v = script_value(w, "quota")))
        k->quota = number(b, v);
    else if ((v = script_value(w, "not_before")))
        k->not_before_ms = read_wall(b, v);
    else if ((v = script_value(w, "not_after")))
        k->not_after_ms = read_wall(b, v);
    else if (strcmp(w, "permanent") == 0)
        k->permanent = true;
    else
        unknown(b, w);
}

static void add_key(struct builder *b)
{
    struct reg_config *c = &b->out->reg;
    c->keys = grow(c->keys, c->key_count, sizeof(*c->keys));
    struct reg_key *k = &c->keys[c->key_count++];
    snprintf(k->id, sizeof(k->id), "%s", word(b, 1));
    k->grants = grow(NULL, 0, sizeof(*k->grants));
    k->grant_count = 1;
    k->grants[0].verbs = read_verbs(b, "all");
    for (unsigned i = 2; i < b->words.count; i++)
        read_key_word(b, k, b->words.word[i]);
    if (!k->grants[0].services)
        k->grants[0].services = strings("*");
}

static void set_protected(struct builder *b)
{
    b->out->reg.protected_services = strings(word(b, 1));
}

static void set_rate(struct builder *b)
{
    b->out->reg.rate_per_s = number(b, word(b, 1));
    b->out->reg.rate_burst = number(b, word(b, 2));
}

static void set_local(struct builder *b)
{
    struct addr a;
    if (addr_parse(text_of(word(b, 1)), &a))
        unknown(b, word(b, 1));
    *(a.family == FAMILY_V4 ? &b->out->reg.local_v4 : &b->out->reg.local_v6) = a;
}

static void set_replay_entries(struct builder *b)
{
    b->out->reg.replay_entries_max = number(b, word(b, 1));
}

/* ---- registry ------------------------------------------------------------------------ */

static void set_lease(struct builder *b)
{
    struct registry_config *c = &b->out->registry;
    c->lease_default_s = number(b, word(b, 1));
    c->lease_min_s = number(b, word(b, 2));
    c->lease_max_s = number(b, word(b, 3));
}

static void set_limit(struct builder *b)
{
    struct registry_config *c = &b->out->registry;
    const struct {
        const char *name;
        uint32_t *value;
    } limits[] = {{"instances", &c->instances_max},
                  {"services", &c->services_max},
                  {"service_instances", &c->service_instances_max},
                  {"tombstones", &c->tombstones_max},
                  {"retention", &c->service_retention_s},
                  {"tombstone", &c->tombstone_s},
                  {"source", &b->out->reg.source_quota}};
    for (unsigned i = 0; i < ARRAY_COUNT(limits); i++) {
        if (strcmp(word(b, 1), limits[i].name) == 0) {
            *limits[i].value = number(b, word(b, 2));
            return;
        }
    }
    unknown(b, word(b, 1));
}

static void set_permanent_service(struct builder *b)
{
    free(b->out->permanent_service);
    b->out->permanent_service = strdup(word(b, 1));
}

/* ---- all lines ------------------------------------------------------------------------ */

static void build_line(struct builder *b, const char *text)
{
    static const struct {
        const char *name;
        void (*build)(struct builder *b);
    } kinds[] = {{"zone", add_zone},
                 {"rule", add_rule},
                 {"selectors", add_selectors},
                 {"udp_max_size", set_udp_max_size},
                 {"udp_size", add_udp_size},
                 {"source", add_source},
                 {"key", add_key},
                 {"protected", set_protected},
                 {"rate", set_rate},
                 {"local", set_local},
                 {"replay_entries", set_replay_entries},
                 {"lease", set_lease},
                 {"limit", set_limit},
                 {"permanent_service", set_permanent_service}};
    script_words(b->script, text, &b->words);
    for (unsigned i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (strcmp(word(b, 0), kinds[i].name) == 0) {
            kinds[i].build(b);
            return;
        }
    }
    unknown(b, b->words.word[0]);
}

static void build_defaults(struct builder *b)
{
    if (!b->out->dns.zone_count)
        build_line(b, "zone disc.local ns=default");
    if (b->out->reg.source_count)
        return;
    build_line(b, "source 127.0.0.0/8 open");
    build_line(b, "source ::1 open");
    build_line(b, "source 10.0.0.0/8 cookie");
}

void setup_build(struct setup *s, struct built *out)
{
    struct builder b = {.setup = s, .script = s->script, .out = out};
    unsigned at = s->script->at;
    *out = (struct built){.registry = registry_config_default()};
    out->dns.udp_max_size = DNS_UDP_DEFAULT;
    out->reg.source_quota = 4096;
    out->reg.rate_per_s = 200;
    out->reg.rate_burst = 400;
    out->reg.subscriptions_max = 10000;
    out->reg.source_subscriptions = 64;
    out->reg.replay_entries_max = 65536;
    for (unsigned i = 0; i < s->count; i++) {
        s->script->at = s->lines[i].line;
        build_line(&b, s->lines[i].text);
    }
    s->script->at = at;
    build_defaults(&b);
}

void setup_add(struct setup *s, const char *line)
{
    if (s->count == SETUP_LINES_MAX)
        script_fail(s->script, "too many config lines");
    s->lines[s->count].text = strdup(line);
    s->lines[s->count++].line = s->script->at;
}

void setup_clear(struct setup *s, const char *first)
{
    unsigned kept = 0;
    size_t n = strlen(first);
    for (unsigned i = 0; i < s->count; i++) {
        if (strncmp(s->lines[i].text, first, n) == 0 && s->lines[i].text[n] == ' ')
            free(s->lines[i].text);
        else
            s->lines[kept++] = s->lines[i];
    }
    s->count = kept;
}

void setup_zone_file(struct setup *s, const char *name)
{
    struct script *script = s->script;
    if (s->file_count == SETUP_FILES_MAX)
        script_fail(script, "too many zone files");
    struct setup_file *f = &s->files[s->file_count++];
    snprintf(f->name, sizeof(f->name), "%s", name);
    f->fd = memfd_create("zone", MFD_CLOEXEC);
    for (script->at++; script->at < script->count; script->at++) {
        if (strcmp(script->lines[script->at], "end") == 0)
            return;
        dprintf(f->fd, "%s\n", script->lines[script->at]);
    }
    script_fail(script, "the zone file has no end");
}

void setup_free(struct setup *s)
{
    for (unsigned i = 0; i < s->count; i++)
        free(s->lines[i].text);
    for (unsigned i = 0; i < s->file_count; i++)
        close(s->files[i].fd);
}

const char *setup_secret(const struct setup *s, const char *id, char out[static 65])
{
    char name[40];
    const char *slash = strchr(id, '/'), *which = slash ? "next" : "secret";
    snprintf(name, sizeof(name), "%.*s", (int)(slash ? slash - id : (ptrdiff_t)strlen(id)), id);
    for (unsigned i = 0; i < s->count; i++) {
        struct words w;
        script_words(s->script, s->lines[i].text, &w);
        if (w.count < 2 || strcmp(w.word[0], "key") != 0 || strcmp(w.word[1], name) != 0)
            continue;
        for (unsigned n = 2; n < w.count; n++) {
            const char *value = script_value(w.word[n], which);
            if (value) {
                snprintf(out, 65, "%s", value);
                return out;
            }
        }
    }
    script_fail(s->script, "no %s of a key %s in the configuration", which, name);
}
