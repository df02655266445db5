/* DNS requests for tests that speak to dns_respond. */
#ifndef DISC_TESTS_SUPPORT_QUESTION_H
#define DISC_TESTS_SUPPORT_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct question {
    const char *name; /* labels and dots, no escapes; "." is the root */
    uint16_t type;    /* as on the wire */
    uint16_t id;
    uint16_t bufsize; /* 0 = without EDNS */
    bool tcp;
};

#define QUESTION_MAX 300

/* Returns the size, 0 when the name is none. Recursion desired is set, as dig does. */
size_t question_write(const struct question *q, uint8_t out[static QUESTION_MAX]);

/* "SRV", "TYPE65"; 0 = no such type. */
uint16_t question_type(const char *text);

/* The most bytes that an answer to it may have, when the server allows `udp_max`. */
size_t question_limit(const struct question *q, size_t udp_max);

#endif
