/* Transaction signatures (RFC 8945): shared keys, checking a request, signing its answer,
 * one message or many. Our own, on OpenSSL's HMAC. Keys are immutable and counted, so that
 * a task may outlive the configuration; a struct tsig is one thread's. No clock: `now_s` is
 * Unix time. Used by respond.c, task.c and the parts of tasks; server/ sends NOTIFY signed
 * through dns_notify_*. */
#ifndef DISC_DNS_TSIG_H
#define DISC_DNS_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "dns/config.h"
#include "dns/name.h"

enum { TSIG_MAC_MAX = 64, TSIG_FUDGE = 300 };

enum tsig_error { /* RFC 8945 section 3; also what stands in the record's Error field */
                  TSIG_NOERROR = 0,
                  TSIG_BADSIG = 16,
                  TSIG_BADKEY = 17,
                  TSIG_BADTIME = 18,
                  TSIG_BADTRUNC = 22,
};

struct tsig_key;
struct tsig_keyring;

/* Copies what it needs of `keys`. ERR_VALUE (a name that is none, one twice; *fault is a
 * static text) · ERR_MEMORY. */
MUST_CHECK enum err tsig_keyring_new(const struct dns_key *keys, size_t count,
                                     struct tsig_keyring **out, const char **fault);
void tsig_keyring_free(struct tsig_keyring *ring); /* accepts NULL */
/* By the name as configured (text, any case); NULL: no such key. Not counted. */
const struct tsig_key *tsig_keyring_find(const struct tsig_keyring *ring, struct text name);
/* "deploy.example", lower case, no final dot. */
struct text tsig_key_name(const struct tsig_key *key);
/* Is that its name as configured? */
bool tsig_key_is_named(const struct tsig_key *key, struct text name);
const struct tsig_key *tsig_key_ref(const struct tsig_key *key);
void tsig_key_unref(const struct tsig_key *key); /* accepts NULL */

/* A signed exchange: what the request carried and how far its answer has come. */
struct tsig {
    const struct tsig_key *key; /* counted; NULL = unknown (then name, algorithm as sent) */
    enum tsig_error error;
    struct name name, algorithm; /* lower case, as sent: echoed */
    uint16_t original_id, fudge;
    uint64_t time_signed;      /* the request's */
    uint8_t mac[TSIG_MAC_MAX]; /* the last one of the exchange: digested into the next */
    uint8_t mac_size;          /* 0 = none: the answer is not signed */
    uint8_t answer_mac_size;   /* of MACs that we make: as long as the request's */
    unsigned messages;         /* of the answer that are signed already */
};

/* Checks the request `bytes`, whose last record is a TSIG at offset `at`. False: FORMERR
 * (it does not parse, a MAC of an impossible size: section 5.2.2.1). Else t->error says
 * what is wrong, in the order of section 5.2: key, MAC, time, truncation. `*t` then needs
 * tsig_end. */
MUST_CHECK bool tsig_check(const struct tsig_keyring *ring, const uint8_t *bytes, size_t size,
                           size_t at, uint64_t now_s, struct tsig *t);
/* For a message of our own that begins an exchange (NOTIFY). */
void tsig_begin(const struct tsig_key *key, struct tsig *t);
void tsig_end(struct tsig *t);

/* Bytes that the record takes behind a message of this exchange. */
size_t tsig_size(const struct tsig *t);
/* Appends the record to the finished message `bytes` of `size` bytes and adds one to its
 * ARCOUNT; the room (tsig_size) is there. Returns the new size; 0 = memory lacks. Where
 * the error says so, unsigned (BADKEY, BADSIG) or with our time (BADTIME). */
MUST_CHECK size_t tsig_sign(struct tsig *t, uint64_t now_s, uint8_t *bytes, size_t size);

#endif
