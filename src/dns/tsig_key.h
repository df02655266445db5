/* A key of TSIG and what is computed with it. Immutable once made, so that any thread may
 * use it: each MAC works on a copy of the key's prepared context. For tsig.c only; others
 * have tsig.h. */
#ifndef DISC_DNS_TSIG_KEY_H
#define DISC_DNS_TSIG_KEY_H

#include <openssl/types.h>
#include <stdatomic.h>

#include "dns/tsig.h"

struct tsig_key {
    _Atomic uint32_t refs;
    struct name name;
    struct name algorithm;
    uint8_t hash_size;     /* bytes of an uncut MAC */
    EVP_MAC_CTX *prepared; /* keyed; copied for each use */
    char text[NAME_TEXT];  /* tsig_key_name */
};

/* By name as received; NULL: no such key, or not with this algorithm. Not counted. */
const struct tsig_key *tsig_keyring_match(const struct tsig_keyring *ring, const struct name *name,
                                          const struct name *algorithm);

struct tsig_piece { /* of what is digested */
    const void *bytes;
    size_t size;
};

/* The whole MAC, key->hash_size bytes; false when memory lacks. */
MUST_CHECK bool tsig_key_mac(const struct tsig_key *key, const struct tsig_piece *pieces,
                             size_t count, uint8_t out[static TSIG_MAC_MAX]);

#endif
