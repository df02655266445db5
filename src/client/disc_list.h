/* A service's instances as a watch keeps them: read from the lines of pushes (or of the
 * cache file), sorted by id. Whoever changes a list prepares all of a change first, so
 * that it is applied as a whole or not at all.
 *
 * Used by disc_watch.c, disc_pick.c and disc_cache.c. Knows no servers and no time.
 */
#ifndef DISC_LIST_H
#define DISC_LIST_H

#include "disc_inside.h"

#ifdef __GNUC__
#pragma GCC visibility push(hidden)
#endif

enum {
    LINE_MAX_SIZE = DISC_DATAGRAM_MAX,
    LIST_MAX = 16384, /* instances of one service; a server tells fewer by far */
};

/* One instance, with all its strings in one allocation. */
struct entry {
    struct disc_instance instance;
    bool gone;        /* only in a change: take it away */
    const char *line; /* "ID FIELDS" as it was said */
    /* what disc_pick remembers */
    int64_t current; /* smooth weighting */
    uint64_t turn;   /* when it was last chosen; 0 = never */
    uint64_t salt;   /* so that not every program begins with the same */
};

/* Begin with zeros. */
struct list {
    struct entry **entries; /* sorted by id */
    size_t count, room;
    struct disc_instance *shown; /* for disc_list_show; NULL = to be made again */
};

void disc_list_clear(struct list *list);

/* A change in the making. Begin with zeros. */
struct change {
    struct entry **entries;
    size_t count, room;
};

void disc_change_clear(struct change *change);

enum line_result { LINE_READ, LINE_BAD, LINE_MEMORY };

/* Adds what one line says: "=ID FIELDS" and "+ID FIELDS" (whole), "-ID ..." (gone). BAD: no
 * such line, or an instance that makes no sense; nothing was added. `salt` is anything. */
enum line_result disc_change_read(struct change *change, const char *line, size_t size,
                                  uint64_t salt);

/* Makes the list what the change says, by id; `whole`: and takes all others away. Takes over
 * the entries of the change, which is empty afterwards. What is the same as before keeps
 * what disc_pick remembers. *different: is any line another one now? False: no memory (or
 * more than LIST_MAX), and nothing was done. */
bool disc_list_apply(struct list *list, struct change *change, bool whole, bool *different);

/* The instances side by side, valid until the list changes; NULL with count > 0: no memory. */
const struct disc_instance *disc_list_show(struct list *list);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
