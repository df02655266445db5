/* A received message: strict parsing of what the network sent, in one pass. Knows the
 * protocol, not our names. What every query needs stands close together, the beginning of its
 * name included: a batch has many. */
#ifndef DISC_DNS_QUERY_H
#define DISC_DNS_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/dns.h"
#include "dns/name.h"

/* EDNS Client Subnet as received (RFC 7871 section 6). */
struct query_subnet {
    bool there;
    struct addr addr; /* zero behind the prefix */
    uint8_t source;   /* bits */
};

/* What the OPT record asks for; of an option that comes twice the first one counts. */
struct query_edns {
    bool nsid, expire, keepalive;
    const uint8_t *cookie; /* the first one's bytes, NULL = none */
    uint8_t cookie_size;   /* 8 or 16-40 */
    struct query_subnet subnet;
    uint8_t lease_size; /* Update Lease (RFC 9664 section 4): 0 = none, 4 or 8 bytes;
                           opcode UPDATE only */
    uint32_t lease_s, key_lease_s;
};

struct query {
    const uint8_t *bytes; /* the message; its question is echoed byte for byte */
    size_t size;
    uint16_t counts[4];    /* QD, AN, NS, AR as received */
    uint16_t id, flags;    /* as received */
    uint16_t question_end; /* offset behind the question; HEADER_SIZE = none to echo */
    uint16_t type, class;
    uint16_t edns_size; /* as asked for */
    uint8_t edns_version, opcode;
    bool has_opt, dnssec_ok;
    bool has_options;       /* the OPT record has some */
    uint32_t tsig_at;       /* offset of the TSIG record; 0 = not signed */
    uint32_t authority_at;  /* offset of the first record of the authority section; it is not
                               looked for, and may be 0, where there is none */
    struct query_edns edns; /* set when has_opt */
    struct name name;       /* lower-case; set when there is a question */
};

enum query_verdict {
    QUERY_GOOD,      /* one question, well-formed */
    QUERY_COOKIE,    /* no question, but a cookie: RFC 7873 section 5.4 */
    QUERY_UPDATE,    /* opcode 5: one zone, its records well-formed one by one */
    QUERY_MALFORMED, /* FORMERR, header only; has_opt where the OPT record was one */
    QUERY_OTHER_OPCODE,
    QUERY_SHORT,    /* dropped: less than a header */
    QUERY_RESPONSE, /* dropped: QR is set (RFC 1035; loops) */
};

/* Accepts what RFC 1035, 6891 and 9619 allow: exactly one question, names without
 * compression in it, any further records as long as they are well-formed, nothing
 * behind them, at most one OPT, in the additional section, owned by the root, with options
 * of the lengths that their RFCs demand; TSIG only as the last record. */
enum query_verdict query_parse(const uint8_t *bytes, size_t size, struct query *out);

/* Reads a name anywhere in a message, in lower case; pointers lead backwards and there are
 * not many of them. *at moves behind it. False: it is none (nothing is promised then). */
bool query_name(const uint8_t *bytes, size_t size, size_t *at, struct name *out);

/* query_options.c: the RDATA of an OPT record into q->edns. False: FORMERR; then *framed says
 * whether the options fill the RDATA exactly (else there is no OPT to answer). */
bool query_options(struct query *q, const uint8_t *rdata, size_t size, bool *framed);

#endif
