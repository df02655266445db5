/* Writing faults: one place, one line of plain words, safe to print whatever the file
 * held. Used by everything that reads configuration. */
#ifndef DISC_SERVER_CONFIG_FAULT_H
#define DISC_SERVER_CONFIG_FAULT_H

#include "base/text.h"
#include "server/config.h"

#define QUOTED_TEXT 256 /* room for quote_text */

/* Fills *fault and returns `err`. line and column 0 = the whole file. */
enum err fault_write(struct config_fault *fault, enum err err, const char *file, unsigned line,
                     unsigned column, const char *format, ...) PRINTF(6, 7);

/* "value" in double quotes, control bytes as \xNN, cut after some 60 bytes (at the
 * border of a UTF-8 character); returns `out`. */
const char *quote_text(struct text t, char out[static QUOTED_TEXT]);

#endif
