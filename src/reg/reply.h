/* Replies: writing them, and the one function through which all of them leave, which
 * enforces the size rule for unvalidated senders. Called by reg.c and apply_*.c. */
#ifndef DISC_REG_REPLY_H
#define DISC_REG_REPLY_H

#include "reg/call.h"

/* Points the call's reply at `out`. */
void reply_init(struct call *c, uint8_t out[static REG_DATAGRAM_MAX]);

/* Starts "disc/1 ok id= n= ep=". */
void reply_ok(struct call *c);

/* The whole "disc/1 err ... c= why= [f=]"; `field` may be NULL or empty. More parameters
 * may follow. 404 gone, 503 busy and 503 readonly get wait= at once. */
void reply_refuse(struct call *c, enum refusal refusal, const char *field);

/* "disc/1 err ... c=503 why=disk wait=", spread from `wait_ms` to half as much again. */
void reply_unstored(struct call *c, uint32_t wait_ms);

/* None at all, as all is well. */
void reply_none(struct call *c);

/* "disc/1 chal id= ck=" */
void reply_challenge(struct call *c);

/* " key=value"; the value must need no encoding. */
void reply_word(struct call *c, struct text key, struct text value);
void reply_number(struct call *c, struct text key, uint64_t value);
/* The last `digits` (up to 16) of the number's hex form, in lower case. */
void reply_hex(struct call *c, struct text key, uint64_t value, unsigned digits);
/* Parameters in their wire form, with a space in front. */
void reply_text(struct call *c, struct text params);
/* A line behind the header; after it no parameter may follow. */
void reply_item(struct call *c, struct text line);

/* " ren=<ms>": when the next renewal should come. Nothing for a permanent one (0). */
void reply_renewal(struct call *c, uint32_t lease_s);
/* " wait=<ms>", random in 0-3000. */
void reply_wait(struct call *c);

/* Bytes that further parameters or items may take. */
size_t reply_left(const struct call *c);

/* Ends the reply (cookie, MAC, line end) and returns its size; 0 when it must not be
 * sent. Counts the outcome. */
size_t reply_finish(struct call *c);

#endif
