/* DNS questions over TCP, where answers of any size fit. Used by `register --wait`.
 */
#ifndef DISCCTL_DNS_LOOK_H
#define DISCCTL_DNS_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns_wire.h"

struct dns_place {
    char address[64]; /* numeric, without brackets */
    int port;
};

struct dns_answer {
    unsigned char *bytes; /* NULL = none came */
    size_t size, records; /* where the answer section begins */
    unsigned rcode, count;
};

/* False: no answer, or no sensible one, within the time. */
bool dns_look(const struct dns_place *to, const char *name, uint16_t type, int timeout_ms,
              struct dns_answer *out);
void dns_answer_free(struct dns_answer *a);

/* Is `target` among the targets of the SRV records? ASCII case does not matter. */
bool dns_has_target(const struct dns_answer *a, const char *target);

#endif
