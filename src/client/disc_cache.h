/* The cache file of a service: the last list, for a start while no server answers.
 *
 *     disc-list 1 ns=default svc=web time=1795245098 index=1795245098534102 n=2 size=83
 *         crc=5b1e7c20                                              (one line)
 *     =web-1 a=10.0.0.7 p=http:8080 w=100 q=0 s=up
 *     =web-2 a=10.0.0.8 p=http:8080 w=100 q=0 s=up
 *
 * Whole or not there: written beside and renamed, checked by size and CRC-32 (of all but itself)
 * when read.
 * Called by disc_watch.c; knows nothing of servers.
 */
#ifndef DISC_CACHE_H
#define DISC_CACHE_H

#include "disc_list.h"

#ifdef __GNUC__
#pragma GCC visibility push(hidden)
#endif

/* What a file says of its list. */
struct cache_head {
    uint64_t time_s; /* wall clock: when a server last confirmed it */
    uint64_t index;
};

/* Can a file be named after it? Whatever a server takes for a name, it can. */
bool disc_cache_has_name(const char *ns, const char *service);

/* FOLDER/SERVICE@NS.disc, to be freed, in lower case as servers have it; what a file name
 * cannot have is percent-encoded. NULL: no memory, or no such name. */
char *disc_cache_path(const char *folder, const char *ns, const char *service);

/* Reads into `change`, whose entries get numbers of `d` as salt. False (and an empty
 * change): there is none, it is damaged, of another service, of another user, or there is
 * no memory. */
bool disc_cache_read(struct disc *d, const char *path, const char *ns, const char *service,
                     struct change *change, struct cache_head *head);

/* False: it could not be written; the old one is there still. */
bool disc_cache_write(const char *path, const char *ns, const char *service,
                      const struct list *list, const struct cache_head *head);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
