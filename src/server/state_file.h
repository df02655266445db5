/* The little that must outlive a restart beside the registrations: how often the
 * server was started, and a ceiling above every SOA serial ever used. One small text
 * file in data_dir, replaced atomically and synced before it counts. The folder is
 * locked for as long as the state is open: two servers never share one.
 */
#ifndef DISC_SERVER_STATE_FILE_H
#define DISC_SERVER_STATE_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define SERIAL_STEP 100000 /* how far the ceiling is put ahead of use */

struct state_file;

struct state_values {
    uint32_t boots;          /* this start included */
    uint32_t serial_ceiling; /* 0 = none was ever stored */
};

/* Opens (and makes, 0700, owned by uid/gid when that is not -1) the folder, locks it,
 * reads, counts the start and stores it. `dir` "" = memory only: nothing is stored.
 * ERR_BUSY another process holds the folder · ERR_SYNTAX the file is not ours ·
 * ERR_SYSTEM · ERR_MEMORY; what to do is logged. */
MUST_CHECK enum err state_file_open(const char *dir, uid_t uid, gid_t gid, struct state_file **out,
                                    struct state_values *values);

/* Stores a new ceiling; returns when it is on disk. ERR_SYSTEM (logged). */
MUST_CHECK enum err state_file_raise(struct state_file *state, uint32_t serial_ceiling);

void state_file_close(struct state_file *state); /* accepts NULL */

#endif
