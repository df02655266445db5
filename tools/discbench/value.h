/* The values of options. Used by options.c and watch.c. */
#ifndef DISCBENCH_VALUE_H
#define DISCBENCH_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* What `--name` says, from `low` to `high`. False: it is no such number, said on stderr. */
bool value_number(const char *name, const char *text, double low, double high, double *out);
/* At least 1, without what stands behind the point. */
bool value_count(const char *name, const char *text, uint32_t high, uint32_t *out);

#endif
