/* An answer for unit tests of src/dns: checked and decoded by support/answer.h, then
 * compared as text. Stands beside dns/answer.h, whose names support/answer.h uses too. */
#ifndef DISC_TESTS_SUPPORT_DNS_CHECK_H
#define DISC_TESTS_SUPPORT_DNS_CHECK_H

#include <stdbool.h> /* before ldns, which would define a bool of its own */
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

enum { SECTION_QUESTION_AT, SECTION_ANSWER_AT, SECTION_AUTHORITY_AT, SECTION_ADDITIONAL_AT };

#define DNS_LINES 131072

struct dns_reply {
    ldns_pkt *packet;
    size_t size;
    unsigned rcode; /* with EDNS's upper bits */
    uint16_t flags;
    bool has_opt;
    int ede; /* -1 = none */
    char ede_text[256];
    unsigned counts[4]; /* records by section, without OPT and TSIG */
    struct {            /* EDNS options by code; bytes of the message, NULL = not there */
        const uint8_t *bytes;
        size_t size;
    } options[20];
    size_t tsig_at;        /* 0 = unsigned */
    char fault[512];       /* what is wrong */
    char lines[DNS_LINES]; /* scratch of the comparisons */
};

/* False: see out->fault. Else dns_reply_free() afterwards. */
bool dns_check(const uint8_t *query, size_t query_size, const uint8_t *bytes, size_t size,
               size_t limit, struct dns_reply *out);
void dns_reply_free(struct dns_reply *r);

/* The n-th record of a section, "owner TTL type RDATA", in r->lines; NULL when there is none. */
const char *dns_reply_line(struct dns_reply *r, int section, size_t n);
/* The n-th record's RDATA alone. */
const char *dns_reply_data(struct dns_reply *r, int section, size_t n);
/* Are these the section's records, one a line, in any order? False: see r->fault. */
bool dns_reply_is(struct dns_reply *r, int section, const char *lines);

#endif
