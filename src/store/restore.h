/* One stored entry into the registry; what store_restore does, and says besides whether
 * the entry is over and can go. Used inside store/ only. */
#ifndef DISC_STORE_RESTORE_H
#define DISC_STORE_RESTORE_H

#include "store/store.h"

MUST_CHECK enum err restore_entry(struct registry *r, enum store_table table, struct text key,
                                  struct text value, bool stale, struct moment now,
                                  struct store_meta *meta, struct store_report *report, bool *over);

/* Counts and logs (limited) one that is left out; ERR_OK. */
enum err restore_damaged(enum store_table table, struct text key, const char *why,
                         struct store_report *report);

#endif
