/* The parameters of a request: known keys, each at most once, decoded. Runs only for
 * senders that were let through; fields.h makes a record of them.
 */
#ifndef DISC_REG_PARAMS_H
#define DISC_REG_PARAMS_H

#include "reg/message.h"
#include "reg/refusal.h"

enum param_key {
    PARAM_ID,
    PARAM_CID,
    PARAM_N,
    PARAM_CK,
    PARAM_KEY,
    PARAM_NS,
    PARAM_SVC,
    PARAM_INST,
    PARAM_ADDR,
    PARAM_PORT,
    PARAM_W,
    PARAM_PRIO,
    PARAM_ST,
    PARAM_LEASE,
    PARAM_ZONE,
    PARAM_REGION,
    PARAM_VER,
    PARAM_CLUSTER,
    PARAM_TAGS,
    PARAM_REV,
    PARAM_GRP,
    PARAM_TTL,
    PARAM_CNT,
    PARAM_SUM,
    PARAM_AFTER,
    PARAM_TOK,
    PARAM_FROM,
    PARAM_SUB,
    PARAM_SEQ,
    PARAM_FRAG,
    PARAM_COUNT
};

enum {
    PARAMS_METADATA_MAX = 16,         /* pairs in one datagram */
    PARAMS_METADATA_BYTES_MAX = 1024, /* keys and values together, decoded */
};

struct params {
    bool given[PARAM_COUNT];
    struct text value[PARAM_COUNT];
    struct pair metadata[PARAMS_METADATA_MAX]; /* in the order of the datagram */
    unsigned metadata_count;
    size_t metadata_bytes;
    char fault[MESSAGE_KEY_MAX + 1]; /* for f=; empty = none */
    bool escapes;                    /* some value needs decoding */
    /* The line; decoded values stand here, and stay writable for lower-casing. */
    char room[REG_DATAGRAM_MAX];
};

/* The parameters of a message of REG_DATAGRAM_MAX bytes at most. On refusal `out->fault` names
 * the key. */
enum refusal params_read(const struct message *m, enum reg_verb verb, struct params *out);

const char *params_key_text(enum param_key key);

/* Sets `fault` to the key and returns `refusal`. */
enum refusal params_fault(struct params *p, enum param_key key, enum refusal refusal);
enum refusal params_fault_text(struct params *p, struct text name, enum refusal refusal);

/* Reads a number: REFUSE_SYNTAX when it is none, REFUSE_VALUE when outside min..max;
 * leaves `*out` alone when the parameter is not there. */
enum refusal params_number(struct params *p, enum param_key key, uint64_t min, uint64_t max,
                           uint64_t *out);

/* The value in lower case (in place); empty when it is not there. */
struct text params_lower(struct params *p, enum param_key key);

#endif
