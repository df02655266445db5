/* Which leaves are kept, and which of them stand in the table. */
#include "dns/leaf_publish.h"

#include <stdlib.h>
#include <string.h>

#include "dns/state.h"
#include "dns/zone_log.h"

struct kept {
    TAILQ_ENTRY(kept) waiting; /* when it is not shown */
    struct zone *zone;
    struct leaf *leaf; /* its reference is given back when another one takes its place */
    bool shown;
};

static bool is_kept(const void *entry, const void *key)
{
    const struct kept *k = entry;
    return name_is(&k->leaf->owner, key);
}

static uint64_t hash_of(const struct dns *dns, const struct name *owner)
{
    return hash_bytes(&dns->key, owner->wire, owner->size);
}

static struct kept *find(const struct dns *dns, const struct name *owner)
{
    return map_find(&dns->leaves, hash_of(dns, owner), is_kept, owner);
}

static bool is_free(const struct dns *dns, const struct zone *zone, const struct name *owner)
{
    const struct node *there = table_find(dns->table, owner->wire, owner->size);
    return dns_zone_of(dns, owner) == zone && !table_occluded(dns->table, owner, zone) &&
           (!there || there->kind == NODE_EMPTY || there->kind == NODE_LEAF);
}

/* Puts it into the table when the place is free. ERR_MEMORY: nothing changed. */
static enum err show(struct dns *dns, struct zone *zone, struct leaf *leaf, bool *shown)
{
    *shown = false;
    if (!is_free(dns, zone, &leaf->owner))
        return ERR_OK;
    enum err err = table_put_leaf(dns->table, &leaf->owner, zone, leaf);
    *shown = err == ERR_OK;
    return err;
}

/* What the world saw of the name, and sees of it now. */
static void note(struct zone *zone, const struct leaf *old, const struct leaf *new)
{
    if (!old && !new)
        return;
    zone->dirty = true;
    zone_log_leaf(zone, old, new);
}

static const struct leaf *shown(const struct kept *k)
{
    return k->shown ? k->leaf : NULL;
}

static void set_shown(struct dns *dns, struct kept *k, bool is)
{
    if (k->shown && !is)
        TAILQ_INSERT_TAIL(&dns->waiting_leaves, k, waiting);
    else if (!k->shown && is)
        TAILQ_REMOVE(&dns->waiting_leaves, k, waiting);
    k->shown = is;
}

static enum err remove_leaf(struct dns *dns, struct kept *k)
{
    struct leaf *leaf = k->leaf;
    if (k->shown && table_remove(dns->table, &leaf->owner))
        return ERR_MEMORY;
    map_remove(&dns->leaves, hash_of(dns, &leaf->owner), k);
    note(k->zone, shown(k), NULL);
    set_shown(dns, k, true);
    leaf_retire(leaf);
    free(k);
    return ERR_OK;
}

static enum err replace_leaf(struct dns *dns, struct kept *k, struct leaf *leaf)
{
    bool is;
    if (leaf_is(k->leaf, leaf)) { /* nobody sees a difference */
        leaf_unref(leaf);
        return ERR_OK;
    }
    if (show(dns, k->zone, leaf, &is))
        return ERR_MEMORY;
    note(k->zone, shown(k), is ? leaf : NULL);
    leaf_retire(k->leaf);
    k->leaf = leaf;
    set_shown(dns, k, is);
    return ERR_OK;
}

static enum err add_leaf(struct dns *dns, struct zone *zone, struct leaf *leaf)
{
    struct kept *k = malloc(sizeof(*k));
    if (!k)
        return ERR_MEMORY;
    *k = (struct kept){.zone = zone, .leaf = leaf};
    bool is;
    if (map_reserve(&dns->leaves, 1) || show(dns, zone, leaf, &is)) {
        map_release(&dns->leaves);
        free(k);
        return ERR_MEMORY;
    }
    enum err err = map_insert(&dns->leaves, hash_of(dns, &leaf->owner), k);
    (void)err;       /* room was reserved */
    k->shown = true; /* on no list */
    set_shown(dns, k, is);
    note(zone, NULL, shown(k));
    return ERR_OK;
}

enum err leaf_publish(struct dns *dns, struct zone *zone, const struct name *owner,
                      struct leaf *leaf)
{
    struct kept *k = find(dns, owner);
    if (!leaf)
        return k ? remove_leaf(dns, k) : ERR_OK;
    return k ? replace_leaf(dns, k, leaf) : add_leaf(dns, zone, leaf);
}

void leaf_displaced(struct dns *dns, const struct name *owner)
{
    struct kept *k = find(dns, owner);
    if (!k || !k->shown)
        return;
    note(k->zone, k->leaf, NULL);
    set_shown(dns, k, false);
}

enum err leaves_settle(struct dns *dns)
{
    enum err err = ERR_OK;
    for (struct kept *k = TAILQ_FIRST(&dns->waiting_leaves), *next; k; k = next) {
        bool is;
        next = TAILQ_NEXT(k, waiting);
        if (show(dns, k->zone, k->leaf, &is))
            err = ERR_MEMORY;
        if (!is)
            continue;
        set_shown(dns, k, true);
        note(k->zone, NULL, k->leaf);
    }
    return err;
}

struct leaf *leaf_next(const struct dns *dns, const struct zone *zone, size_t *cursor)
{
    for (struct kept *k; (k = map_next(&dns->leaves, cursor));)
        if (k->zone == zone && k->shown)
            return k->leaf;
    return NULL;
}

void leaves_free(struct dns *dns)
{
    size_t cursor = 0;
    for (struct kept *k; (k = map_next(&dns->leaves, &cursor));) {
        leaf_unref(k->leaf);
        free(k);
    }
    map_deinit(&dns->leaves);
}
