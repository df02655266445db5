/* What the parts of an open store share. Used inside store/ only. */
#ifndef DISC_STORE_STATE_H
#define DISC_STORE_STATE_H

#include "store/batch.h"
#include "store/engine.h"
#include "store/folder.h"
#include "store/store.h"

struct store {
    struct folder folder;
    struct engine engine;
    /* Removals of what was found to be over when it was read; they go with the first
     * commit. May be NULL. */
    struct store_batch *over;
    bool older;        /* an older version's file is still there: see legacy.h */
    uint64_t map_size; /* as the options say */
    dev_t device;      /* of the file that was opened */
    ino_t inode;
    off_t size; /* as last seen */
};

/* Opens the file (again); LMDB's code. */
MUST_CHECK int store_reopen(struct store *s);

#endif
