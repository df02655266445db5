/* An answer, checked twice: first every byte by a strict reader of our own, then decoded
 * by ldns, which has to see the same. For tests: whatever dns_respond returns goes
 * through here. */
#ifndef DISC_TESTS_SUPPORT_ANSWER_H
#define DISC_TESTS_SUPPORT_ANSWER_H

#include <stdbool.h> /* before ldns, which would define a bool of its own */
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

enum answer_section { ANSWER_QUESTION, ANSWER_ANSWER, ANSWER_AUTHORITY, ANSWER_ADDITIONAL };

enum { ANSWER_OPTIONS = 20 };

struct answer {
    ldns_pkt *packet; /* ldns keeps the OPT record apart from the additional section */
    unsigned rcode;   /* with EDNS's upper bits */
    uint16_t flags;   /* the second 16 bits of the header */
    bool has_opt;
    int ede;            /* info code of the first Extended DNS Error, -1 = none */
    unsigned counts[4]; /* records by section, without OPT and TSIG */
    /* EDNS options by code; bytes of the message, NULL = not there. */
    struct answer_option {
        const uint8_t *bytes;
        size_t size;
    } options[ANSWER_OPTIONS];
    size_t tsig_at;  /* of the signature, which is last; 0 = none. Not verified. */
    char fault[200]; /* what is wrong */
};

#define ANSWER_AA 0x0400
#define ANSWER_TC 0x0200

/* The structure alone, no ldns: names, lengths, sections, the question's echo, RRsets in
 * one piece, no record twice, the RCODE's demands. False: see out->fault. */
bool answer_check(const uint8_t *query, size_t query_size, const uint8_t *bytes, size_t size,
                  size_t limit, struct answer *out);

/* Both; afterwards answer_free(). */
bool answer_decode(const uint8_t *query, size_t query_size, const uint8_t *bytes, size_t size,
                   size_t limit, struct answer *out);
void answer_free(struct answer *a);

/* Records of a section as ldns has them. */
const ldns_rr_list *answer_records(const struct answer *a, enum answer_section section);

#endif
