#include "http/zones.h"

#include <stdlib.h>

#include "http/reply.h"

enum {
    PART = 16384,    /* bytes */
    ZONE_BYTES = 512 /* of memory for one, beside its text */
};

struct zone {
    char *name;
    size_t length;
    struct evbuffer *list; /* "{...},{...}" */
};

/* Where the zone is, or would be. */
static size_t place_of(const struct zones *z, struct text name)
{
    size_t low = 0, high = z->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct zone *item = &z->items[middle];
        if (text_compare((struct text){item->name, item->length}, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct zones *z, size_t place, struct text name)
{
    return place < z->count &&
           text_is((struct text){z->items[place].name, z->items[place].length}, name);
}

static bool grow(struct zones *z)
{
    size_t room = z->room ? z->room * 2 : 4;
    struct zone *items =
        z->count < z->room ? z->items : reallocarray(z->items, room, sizeof(*items));

    if (!items)
        return false;
    z->room = z->count < z->room ? z->room : room;
    z->items = items;
    return true;
}

static bool insert(struct zones *z, size_t place, struct text name)
{
    struct zone zone = {.name = malloc(name.n + 1), .length = name.n, .list = evbuffer_new()};

    if (!zone.name || !zone.list || !grow(z)) {
        free(zone.name);
        if (zone.list)
            evbuffer_free(zone.list);
        return false;
    }
    if (name.n)
        memcpy(zone.name, name.s, name.n);
    memmove(&z->items[place + 1], &z->items[place], (z->count - place) * sizeof(zone));
    z->items[place] = zone;
    z->count++;
    z->bytes += ZONE_BYTES + name.n;
    return true;
}

enum err zones_add(struct zones *z, struct text zone, const json_t *json)
{
    size_t place = place_of(z, zone);

    if (!is_at(z, place, zone) && !insert(z, place, zone))
        return ERR_MEMORY;
    if (!json)
        return ERR_OK;
    struct evbuffer *list = z->items[place].list;
    size_t before = evbuffer_get_length(list);
    if (before && evbuffer_add(list, ",", 1) < 0)
        return ERR_MEMORY;
    enum err err = reply_append(list, json);
    z->bytes += evbuffer_get_length(list) - before;
    return err;
}

static enum err write_name(const struct zone *zone, bool is_first, struct evbuffer *out)
{
    json_t *name = json_stringn(zone->name, zone->length);
    char *quoted = name ? json_dumps(name, JSON_ENCODE_ANY) : NULL;
    int n = quoted ? evbuffer_add_printf(out, "%s%s:[", is_first ? "{" : ",", quoted) : -1;

    free(quoted);
    json_decref(name);
    return n < 0 ? ERR_MEMORY : ERR_OK;
}

enum err zones_write(struct zones *z, struct evbuffer *out, bool *done)
{
    *done = z->at == z->count;
    if (*done)
        return evbuffer_add(out, z->count ? "}" : "{}", z->count ? 1 : 2) < 0 ? ERR_MEMORY : ERR_OK;
    struct zone *zone = &z->items[z->at];
    if (!z->inside && write_name(zone, z->at == 0, out) != ERR_OK)
        return ERR_MEMORY;
    z->inside = evbuffer_get_length(zone->list) > 0;
    if (z->inside) {
        int moved = evbuffer_remove_buffer(zone->list, out, PART);
        z->bytes -= moved > 0 ? (size_t)moved : 0;
        return moved < 0 ? ERR_MEMORY : ERR_OK;
    }
    z->at++;
    return evbuffer_add(out, "]", 1) < 0 ? ERR_MEMORY : ERR_OK;
}

void zones_deinit(struct zones *z)
{
    for (size_t n = 0; n < z->count; n++) {
        free(z->items[n].name);
        evbuffer_free(z->items[n].list);
    }
    free(z->items);
    *z = (struct zones){0};
}
