/* Keyed mode: signs requests and checks the signatures of replies, with one MAC context that is
 * kept, so that this costs less than what the server does. Called by request.c and reply.c. Knows
 * nothing of what is signed. */
#ifndef DISCBENCH_SIGN_H
#define DISCBENCH_SIGN_H

#include <stdbool.h>
#include <stddef.h>

enum { MAC_DIGITS = 32 };

struct signer;

/* NULL: memory lacks. */
struct signer *sign_new(const unsigned char *secret, size_t size);
void sign_free(struct signer *signer);

/* 32 hex digits over these bytes, no NUL. False: memory lacks. */
bool sign_make(struct signer *signer, const char *bytes, size_t size, char out[MAC_DIGITS]);

/* Whether `reply` (with a NUL behind it) ends with " mac=" and the right digits. */
bool sign_is_right(struct signer *signer, const char *reply, size_t size);

#endif
