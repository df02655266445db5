/* From parameters to what the registry takes: records and instance keys, with the
 * defaults that the protocol adds (namespace, address, instance id). Called by
 * apply_*.c; looks at no stored state.
 */
#ifndef DISC_REG_FIELDS_H
#define DISC_REG_FIELDS_H

#include "reg/call.h"

/* What is derived stands here. */
struct fields_room {
    char id[INSTANCE_ID_MAX + 1];
};

/* id, cid and n: in every request. */
enum refusal fields_common(struct call *c);

/* The whole record of a `reg`. */
enum refusal fields_record(struct call *c, struct fields_room *room, struct record *out);

/* Puts what is given over `record`: w prio st zone region ver cluster tags ttl rev (not
 * the metadata, which reg and upd treat differently). */
enum refusal fields_changes(struct call *c, struct record *record);

/* The one instance that ren, upd, del and get name by svc= and inst= (or port=). */
enum refusal fields_key(struct call *c, struct fields_room *room, struct instance_key *out);

/* The service that sub names. */
enum refusal fields_service(struct call *c, struct text *ns, struct text *service);

/* ns= or the default, and svc= (which may be missing: empty). */
struct text fields_namespace(struct call *c);

/* Is every part a name that could be registered? The parameter at fault, or
 * PARAM_COUNT. */
enum param_key fields_key_fault(const struct instance_key *key);

/* grp= for ren, del and get: nothing else may name an instance beside it. */
enum refusal fields_group(struct call *c, struct text *out);

#endif
