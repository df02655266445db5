/* The folder that holds the file: made where it is missing, looked at whether it is ours,
 * and locked for one process. Used inside store/ only.
 *
 *     data_dir/  lock  registry.mdb  (state: of an older version, see legacy.h)
 */
#ifndef DISC_STORE_FOLDER_H
#define DISC_STORE_FOLDER_H

#include "store/store.h"

#define FILE_REGISTRY "registry.mdb"
#define FILE_REGISTRY_NEW "registry.mdb.new" /* while it is made */
#define FILE_LOCK "lock"

struct folder {
    char *path; /* as the operator wrote it */
    int dir, lock;
    bool readonly; /* by its file system */
    uid_t uid;     /* whose what is made shall be; -1 = nobody else's */
    gid_t gid;
};

/* Errors of store_open. To be closed in any case. */
MUST_CHECK enum err folder_open(struct folder *f, const struct store_options *options,
                                char fault[static STORE_FAULT_TEXT]);
void folder_close(struct folder *f);

/* Does the file belong to whom we run as? ERR_OWNER. */
MUST_CHECK enum err folder_owns(const struct folder *f, const char *name,
                                char fault[static STORE_FAULT_TEXT]);

/* What root made, the user that serves must be able to write. Logs what fails. */
void folder_hand_over(const struct folder *f, const char *name);

#endif
