/* How rows of the table of keys are written: what its parts (config_table*.c) share.
 * Included by them only. */
#ifndef DISC_SERVER_CONFIG_ROWS_H
#define DISC_SERVER_CONFIG_ROWS_H

#include <stddef.h>

#include "server/config_draft.h"
#include "server/config_values.h"

#define IN(base, member)                                                                           \
    .offset = offsetof(struct base, member), .size = sizeof(((struct base *)0)->member)
#define CONFIG(member) IN(config_draft, member)
#define TRUTHS ((const char *const[]){"false", "true", NULL})

#define ADDRESS "e.g. \"127.0.0.1:5300\" or \"[::1]:5300\""
#define ADDRESSES "a list of addresses with port; [] = none"
#define GLOB "e.g. default/web-*"
#define GLOBS "a list of patterns NAMESPACE/SERVICE with * ? [...]"
#define FILE_NAME "the name of a file"
#define NETWORK "an address, or e.g. 10.0.0.0/8"
#define LISTEN_MAX 16 /* addresses: one needs the machine's few, and each costs sockets */
#define YEAR (365 * 86400)
#define MILLIONS 1000000ull

/* A part of the table. */
struct config_rows {
    const struct config_key *rows;
    size_t count;
};

extern const struct config_rows config_rows_zones, config_rows_dns, config_rows_secrets;

#endif
