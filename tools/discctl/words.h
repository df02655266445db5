/* Parts of the server's state in words for people. Used by the verbs that show it. */
#ifndef DISCCTL_WORDS_H
#define DISCCTL_WORDS_H

#include <jansson.h>
#include <stddef.h>

enum { WORDS_MAX = 1024 };

/* The guard, of /v1/guard or of /v1/status: "watching: 0 of 9 hosts are late ...". Returns
 * `out`. */
const char *words_for_guard(const json_t *guard, char out[static WORDS_MAX]);

/* Puts words in the place of what only programs read: guard and store. */
void words_for_status(json_t *status);

#endif
