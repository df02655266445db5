/* What the verbs do: called by reg.c for requests that passed the check order, through
 * one table. Each writes the whole reply into the call. */
#ifndef DISC_REG_APPLY_H
#define DISC_REG_APPLY_H

#include "reg/call.h"

void apply(struct call *c);

/* The table's entries. */
void apply_hello(struct call *c);
void apply_reg(struct call *c);
void apply_ren(struct call *c);
void apply_upd(struct call *c);
void apply_del(struct call *c);
void apply_get(struct call *c);
void apply_sub(struct call *c);
void apply_ack(struct call *c);
void apply_uns(struct call *c);

/* With grp=, for ren, del and get. */
void apply_group_ren(struct call *c);
void apply_group_del(struct call *c);
void apply_group_get(struct call *c);

/* Says no, with the field that params.h noted. */
void apply_refuse(struct call *c, enum refusal refusal);
/* Says what the registry said; `rev` is the stored one, for ERR_STALE. */
void apply_error(struct call *c, enum err err, uint64_t rev);

/* The instance that a request without items names, if the sender may do this to its
 * service; else the refusal was written and false is returned. */
struct fields_room;
bool apply_key(struct call *c, struct fields_room *room, struct instance_key *out);

/* " rev=" and " dur=" */
void apply_reply_rev(struct call *c, uint64_t rev);
void apply_reply_durability(struct call *c);

#endif
