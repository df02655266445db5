/* Looks at the file in a process of its own, before ours maps it. Used inside store/ only. */
#ifndef DISC_STORE_CHECK_H
#define DISC_STORE_CHECK_H

#include "store/engine.h"
#include "store/folder.h"

/* Structure of all pages, form of all entries, and whether LMDB can read them. To be
 * called while the process has one thread.
 * ERR_SYNTAX damaged, foreign or of a newer version · ERR_OWNER · ERR_SYSTEM · ERR_MEMORY. */
MUST_CHECK enum err check_file(const struct folder *f, uint64_t map_size,
                               char fault[static STORE_FAULT_TEXT]);

#endif
