#include "server/audit_keys.h"

#include <stdlib.h>
#include <string.h>

#define MORE_SIZE sizeof ",+18446744073709551615"

static const char *const kinds[KEY_KINDS] = {"disc", "tsig", "token"};

/* ---- prints -------------------------------------------------------------------------------- */

struct print {
    const struct hash_key *key;
    uint64_t sum;
};

static void mix(struct print *p, const void *bytes, size_t size)
{
    uint64_t both[2] = {p->sum, hash_bytes(p->key, bytes, size)};
    p->sum = hash_bytes(p->key, both, sizeof both);
}

static void mix_number(struct print *p, uint64_t n)
{
    mix(p, &n, sizeof n);
}

static void mix_grant(struct print *p, const struct reg_grant *grant)
{
    mix_number(p, grant->verbs);
    for (char **glob = grant->services; glob && *glob; glob++)
        mix(p, *glob, strlen(*glob));
    mix_number(p, grant->advertise_count);
    for (size_t n = 0; n < grant->advertise_count; n++) {
        char text[NETWORK_TEXT];
        network_format(&grant->advertise[n], text);
        mix(p, text, strlen(text));
    }
}

static uint64_t print_of_key(const struct hash_key *hash, const struct reg_key *key)
{
    struct print p = {hash, 0};
    mix(&p, key->secret, key->secret_size);
    mix(&p, key->next, key->next_size);
    mix_number(&p, key->not_before_ms);
    mix_number(&p, key->not_after_ms);
    mix_number(&p, key->permanent);
    mix_number(&p, key->quota);
    for (size_t n = 0; n < key->grant_count; n++)
        mix_grant(&p, &key->grants[n]);
    return p.sum;
}

static uint64_t print_of_tsig(const struct hash_key *hash, const struct dns_key *key)
{
    struct print p = {hash, 0};
    mix(&p, key->secret, key->secret_size);
    mix_number(&p, (uint64_t)key->algorithm);
    mix_number(&p, key->quota);
    return p.sum;
}

/* ---- sets ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct key_print *)a)->id, ((const struct key_print *)b)->id);
}

static enum err add(struct key_set *set, const char *id, uint64_t print)
{
    char *copy = strdup(id);
    if (!copy)
        return ERR_MEMORY;
    set->keys[set->count++] = (struct key_print){copy, print};
    return ERR_OK;
}

static enum err begin(struct key_set *set, const char *file, size_t count)
{
    set->keys = calloc(count + 1, sizeof *set->keys);
    set->file = file ? strdup(file) : NULL;
    return set->keys && (!file || set->file) ? ERR_OK : ERR_MEMORY;
}

static enum err take_disc(const struct config *c, const struct hash_key *hash, struct key_set *set)
{
    const struct reg_config *reg = &c->registration;
    enum err err = begin(set, c->key_files.disc, reg->key_count);
    for (size_t n = 0; n < reg->key_count && !err; n++)
        err = add(set, reg->keys[n].id, print_of_key(hash, &reg->keys[n]));
    return err;
}

static enum err take_tsig(const struct config *c, const struct hash_key *hash, struct key_set *set)
{
    enum err err = begin(set, c->key_files.tsig, c->dns.key_count);
    for (size_t n = 0; n < c->dns.key_count && !err; n++)
        err = add(set, c->dns.keys[n].name, print_of_tsig(hash, &c->dns.keys[n]));
    return err;
}

static enum err take_token(const struct config *c, const struct hash_key *hash, struct key_set *set)
{
    const char *token = c->http.token;
    enum err err = begin(set, c->key_files.token, token != NULL);
    return !err && token ? add(set, "admin", hash_bytes(hash, token, strlen(token))) : err;
}

enum err key_sets_of(const struct config *config, const struct hash_key *key, struct key_sets *out)
{
    *out = (struct key_sets){0};
    if (take_disc(config, key, &out->sets[KEYS_DISC]) ||
        take_tsig(config, key, &out->sets[KEYS_TSIG]) ||
        take_token(config, key, &out->sets[KEYS_TOKEN])) {
        key_sets_deinit(out);
        return ERR_MEMORY;
    }
    for (unsigned n = 0; n < KEY_KINDS; n++)
        qsort(out->sets[n].keys, out->sets[n].count, sizeof *out->sets[n].keys, compare);
    return ERR_OK;
}

void key_sets_deinit(struct key_sets *sets)
{
    for (unsigned n = 0; n < KEY_KINDS; n++) {
        struct key_set *set = &sets->sets[n];
        for (size_t k = 0; k < set->count; k++)
            free(set->keys[k].id);
        free(set->keys);
        free(set->file);
    }
    *sets = (struct key_sets){0};
}

/* ---- what changed -------------------------------------------------------------------------- */

struct list {
    char *text;
    size_t size, used, more;
};

static void append(struct list *l, const char *id)
{
    size_t n = strlen(id);
    if (l->more || l->used + 1 + n + MORE_SIZE > l->size) {
        l->more++;
        return;
    }
    l->used +=
        (size_t)snprintf(l->text + l->used, l->size - l->used, "%s%s", l->used ? "," : "", id);
}

static void end(struct list *l)
{
    if (l->more)
        snprintf(l->text + l->used, l->size - l->used, "%s+%zu", l->used ? "," : "", l->more);
}

/* Both are in order: side by side. */
static void compare_sets(const struct key_set *a, const struct key_set *b, struct keys_change *out)
{
    struct list added = {out->added, sizeof out->added, 0, 0};
    struct list removed = {out->removed, sizeof out->removed, 0, 0};
    struct list changed = {out->changed, sizeof out->changed, 0, 0};
    for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
        int order = i == a->count ? 1 : j == b->count ? -1 : strcmp(a->keys[i].id, b->keys[j].id);
        if (order < 0)
            append(&removed, a->keys[i].id);
        else if (order > 0)
            append(&added, b->keys[j].id);
        else if (a->keys[i].print != b->keys[j].print)
            append(&changed, b->keys[j].id);
        i += order <= 0;
        j += order >= 0;
    }
    end(&added);
    end(&removed);
    end(&changed);
}

bool key_sets_change(const struct key_sets *before, const struct key_sets *after,
                     enum key_kind kind, struct keys_change *out)
{
    const struct key_set *a = &before->sets[kind], *b = &after->sets[kind];
    if (!a->file && !b->file)
        return false;
    *out = (struct keys_change){.kind = kinds[kind], .file = b->file, .count = b->count};
    compare_sets(a, b, out);
    return true;
}
