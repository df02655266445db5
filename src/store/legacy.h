/* The text file "state" of versions before the registry was stored: two numbers of the
 * server. Taken over, and removed after the first commit, which is the one that counts the
 * start. Used inside store/ only. */
#ifndef DISC_STORE_LEGACY_H
#define DISC_STORE_LEGACY_H

#include "store/folder.h"

/* `*found` false when there is none; `meta` gets its numbers else.
 * ERR_SYNTAX not such a file · ERR_OWNER · ERR_SYSTEM. */
MUST_CHECK enum err legacy_read(const struct folder *f, bool *found, struct store_meta *meta,
                                char fault[static STORE_FAULT_TEXT]);

/* It was taken over. */
void legacy_remove(const struct folder *f);

#endif
