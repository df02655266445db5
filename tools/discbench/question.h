/* DNS messages, as little as a bench needs: one question out; code, counts and the IPv4 addresses
 * of an answer in. Called by mode_query.c and mode_visible.c. */
#ifndef DISCBENCH_QUESTION_H
#define DISCBENCH_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TYPE_A = 1,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    ZONE_MAX = 200, /* bytes of its text */
    RCODE_NXDOMAIN = 3,
};

/* False: no type of this name. */
bool question_type(const char *name, uint16_t *out);

/* One question for `name` (text, labels of 1 to 63 bytes, no escapes, checked by question_is_name)
 * into `out` (512 bytes are enough); `edns`: the size that is offered, 0 = no EDNS. */
size_t question_write(char *out, uint16_t id, const char *name, uint16_t type, uint16_t edns);
bool question_is_name(const char *name);

struct answer {
    uint16_t id;
    unsigned rcode, count; /* of the answer section */
    bool truncated;
};

/* False: no answer to a question. */
bool answer_read(const char *in, size_t size, struct answer *out);

/* What a response code that counts as an error is called; NULL: it has no name here. */
const char *question_rcode(unsigned rcode);

/* The A records of the answer section, as numbers of the host's order, `max` at most. Returns how
 * many; -1: the message is broken. */
int answer_addresses(const char *in, size_t size, uint32_t *out, int max);

#endif
