/* Numbers of the DNS protocol, as the registries of IANA name them. */
#ifndef DISC_DNS_WIRE_H
#define DISC_DNS_WIRE_H

enum { /* header (RFC 1035 section 4.1.1, RFC 4035 section 3 for AD and CD) */
       HEADER_SIZE = 12,
       FLAG_QR = 0x8000,
       FLAG_AA = 0x0400,
       FLAG_TC = 0x0200,
       FLAG_RD = 0x0100,
       FLAG_CD = 0x0010,
       OPCODE_MASK = 0x7800,
       OPCODE_SHIFT = 11,
};

/* Record bytes before the RDATA, its owner as a pointer (RFC 1035 sections 4.1.3 and 4.1.4); RDATA
 * of SRV before the target: priority, weight, port (RFC 2782). */
enum { RECORD_HEAD = 12, SRV_HEAD = 6 };

enum { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_HINFO = 13,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_DNAME = 39,
    TYPE_OPT = 41,
    TYPE_DS = 43,
    TYPE_SVCB = 64,
    TYPE_HTTPS = 65,
    TYPE_NXNAME = 128,
    TYPE_TKEY = 249,
    TYPE_TSIG = 250,
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    TYPE_MAILB = 253,
    TYPE_MAILA = 254,
    TYPE_ANY = 255,
};

enum { CLASS_IN = 1, CLASS_CH = 3, CLASS_NONE = 254, CLASS_ANY = 255 };

enum {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6, /* these four: RFC 2136 section 2.2 */
    RCODE_YXRRSET = 7,
    RCODE_NXRRSET = 8,
    RCODE_NOTAUTH = 9,
    RCODE_NOTZONE = 10,
    RCODE_BADVERS = 16, /* from here on: upper bits in the OPT record */
    RCODE_BADCOOKIE = 23,
};

enum {                /* EDNS (RFC 6891), Extended DNS Errors (RFC 8914) */
       OPT_SIZE = 11, /* the record without options */
       OPT_DO = 0x8000,
       OPTION_UPDATE_LEASE = 2,
       OPTION_NSID = 3,
       OPTION_SUBNET = 8,
       OPTION_EXPIRE = 9,
       OPTION_COOKIE = 10,
       OPTION_KEEPALIVE = 11,
       OPTION_PADDING = 12,
       OPTION_EDE = 15,
       EDE_NONE = -1,
       EDE_OTHER = 0,
       EDE_STALE_ANSWER = 3,
       EDE_NOT_READY = 14,
       EDE_PROHIBITED = 18,
       EDE_NOT_AUTHORITATIVE = 20,
       EDE_NOT_SUPPORTED = 21,
       EDE_INVALID_QUERY_TYPE = 30, /* RFC 9824 section 3.5 */
};

#endif
