/* An answer that turned out too large for its way, made small: the question and the OPT
 * record stay, TC asks to come again over TCP (RFC 2181 section 9, RFC 9715 R4). Called by
 * udp_send through the workers' batches. */
#ifndef DISC_SERVER_UDP_SHORTEN_H
#define DISC_SERVER_UDP_SHORTEN_H

#include <stddef.h>
#include <stdint.h>

/* In place; the new size. 0: it is no whole message, or a signed one, which only its signer
 * could shorten. */
size_t shorten_answer(uint8_t *bytes, size_t size);

#endif
