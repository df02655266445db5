/* A received message: strict parsing of what the network sent, in one pass. Knows the
 * protocol, not our names. */
#ifndef DISC_DNS_QUERY_H
#define DISC_DNS_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/dns.h"
#include "dns/name.h"

struct query {
    const uint8_t *bytes;  /* the message; its question is echoed byte for byte */
    uint16_t question_end; /* offset behind the question; HEADER_SIZE = none to echo */
    uint16_t id, flags;    /* as received */
    uint16_t type, class;
    uint8_t opcode;
    bool has_opt, dnssec_ok;
    bool signed_; /* a TSIG record stands at the end */
    uint8_t edns_version;
    uint16_t edns_size; /* as asked for */
    struct name name;   /* lower-case; set when there is a question */
};

enum query_verdict {
    QUERY_GOOD,      /* one question, well-formed */
    QUERY_MALFORMED, /* FORMERR, header only */
    QUERY_OTHER_OPCODE,
    QUERY_SHORT,    /* dropped: less than a header */
    QUERY_RESPONSE, /* dropped: QR is set (RFC 1035; loops) */
};

/* Accepts what RFC 1035, 6891 and 9619 allow: exactly one question, names without
 * compression in it, any further records as long as they are well-formed, nothing
 * behind them, at most one OPT, in the additional section, owned by the root. */
enum query_verdict query_parse(const uint8_t *bytes, size_t size, struct query *out);

#endif
