/* The keys of the configuration and their MACs. Keeps for each secret the state with which
 * its MACs begin (0.18 us for each; EVP_MAC takes 0.28, the one-shot call four times that).
 * Called by reg.c (check) and reply.c (sign). Knows nothing of messages: bytes in,
 * digits out.
 */
#ifndef DISC_REG_KEY_H
#define DISC_REG_KEY_H

#include "base/text.h"
#include "reg/reg.h"

struct key_contexts;

struct keyring {
    struct reg_key *keys; /* sorted by id; belongs to the configuration */
    size_t count;
    struct key_contexts *contexts; /* one per key, then the decoy; made when first used */
};

/* Who signed: replies are signed with the same secret. */
struct signer {
    size_t key;    /* index into keyring.keys */
    unsigned next; /* 1 = with the secret that is to come */
};

/* Sorts `keys` in place. */
void keyring_init(struct keyring *ring, struct reg_key *keys, size_t count);
void keyring_deinit(struct keyring *ring);

/* Is `mac` (32 hex digits) right for these bytes under this key? ERR_NOT_FOUND for an
 * unknown key, a wrong MAC and a key out of its time, all the same and at the same
 * cost. ERR_MEMORY. */
MUST_CHECK enum err keyring_check(struct keyring *ring, struct text id, struct text covered,
                                  struct text mac, uint64_t wall_ms, struct signer *out);

/* 32 hex digits, no NUL. ERR_MEMORY. */
MUST_CHECK enum err keyring_sign(struct keyring *ring, struct signer signer, struct text covered,
                                 char out[static 32]);

#endif
