/* Giving up root after the sockets are bound. */
#ifndef DISC_SERVER_PRIVILEGES_H
#define DISC_SERVER_PRIVILEGES_H

#include <sys/types.h>

#include "base/err.h"

struct account {
    uid_t uid;
    gid_t gid;
    const char *name; /* the caller's string */
};

/* Looks the user up. ERR_NOT_FOUND. */
MUST_CHECK enum err account_find(const char *name, struct account *out);

/* Groups, gid, uid, for good: verifies that root cannot be had back. Call before any
 * thread is started. ERR_SYSTEM (logged). */
MUST_CHECK enum err privileges_drop(const struct account *account);

/* No core dumps, no ptrace by others of the same user: keys are in memory. */
void privileges_hide_memory(void);

#endif
