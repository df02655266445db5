/* DNS messages as they travel (RFC 1035 section 4): questions are written, and of what comes
 * back every step is checked against its end, as it may be anything. Used by dns_look.c and
 * doctor_ask.c, which know how a question gets to the server.
 */
#ifndef DISCCTL_DNS_WIRE_H
#define DISCCTL_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_HEADER = 12,
    DNS_QUERY_MAX = DNS_HEADER + 255 + 4,
    DNS_NAME_MAX = 254, /* as text, with its NUL */
};

enum { DNS_TYPE_TXT = 16, DNS_TYPE_SRV = 33 };

struct dns_query {
    unsigned char framed[2 + DNS_QUERY_MAX]; /* its length in front, which only TCP wants */
    size_t size;                             /* without the length */
};

/* Borrowed bytes. */
struct dns_message {
    const unsigned char *bytes;
    size_t size;
};

struct dns_record {
    unsigned type;
    size_t data, end;
};

unsigned dns_get_u16(const unsigned char *p);

/* With a random id. `recurse`: a resolver is to find it. False: `name` is none (RFC 1035
 * section 2.3.4), or the system gave no random id. */
bool dns_query_make(struct dns_query *q, const char *name, uint16_t type, bool recurse);
struct dns_message dns_query_message(const struct dns_query *q);

/* Is `m` the answer to this very question? Then its records begin at q->size. */
bool dns_is_answer(struct dns_message m, const struct dns_query *q);

/* The record at `at`; the next one is at its end. False: it runs over the message's end. */
bool dns_read_record(struct dns_message m, size_t at, struct dns_record *out);
/* The name at `at` with dots; compressed names too. False: it is none. */
bool dns_read_name(struct dns_message m, size_t at, char out[static DNS_NAME_MAX]);

#endif
