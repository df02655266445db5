/* Whether a file or a socket can be where the configuration wants it, for who asks before the
 * start (discd -t). Nothing is made or opened. */
#ifndef DISC_SERVER_PATH_CHECK_H
#define DISC_SERVER_PATH_CHECK_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

/* `key`: whose value it is, for the log. `file`: else a socket. ERR_SYSTEM (logged). */
MUST_CHECK enum err path_check(const char *key, const char *path, bool file);

#endif
