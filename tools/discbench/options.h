/* What the command line says. Used by the modes, which share one set of options; an option that
 * only some of them heed is refused elsewhere. */
#ifndef DISCBENCH_OPTIONS_H
#define DISCBENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../shared/secret_file.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3, EXIT_SIGNAL = 128 };

enum { PREFIX_MAX = 40 };

/* Which instances or services are asked for in DNS. */
enum ask { ASK_FITTING, ASK_SERVICE, ASK_INSTANCE, ASK_MISSING, ASKS };

enum kind { KIND_WEIGHT, KIND_CHURN, KINDS };

struct mode;

struct options {
    const struct mode *mode;
    const char *server, *dns, *zone, *prefix, *key_id, *secret_file;
    unsigned char secret[SECRET_MAX];
    size_t secret_size;
    uint32_t instances, services, window, lease_s, group_size, batch, edns, server_pid;
    uint16_t type; /* of DNS questions */
    enum ask ask;
    enum kind kind;
    double duration_s; /* < 0 = not given */
    double rate;
    bool remote, keep, json, withdraw, no_setup, relaxed;
    uint32_t given; /* bits: which options were, by their place in the table */
};

/* -1: go on; else exit with this: all is said. */
int options_read(struct options *o, int argc, char **argv);

#endif
