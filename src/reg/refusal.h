/* Every way to say no: code and word on the wire, and the counter behind it. */
#ifndef DISC_REG_REFUSAL_H
#define DISC_REG_REFUSAL_H

#include "reg/reg.h"

enum refusal {
    REFUSE_NOT = 0, /* go on */
    REFUSE_SYNTAX,
    REFUSE_VERB,
    REFUSE_KEY,
    REFUSE_DUP,
    REFUSE_AUTH,
    REFUSE_ACL,
    REFUSE_OWNER,
    REFUSE_ADDR,
    REFUSE_GONE,
    REFUSE_STALE,
    REFUSE_RESYNC,
    REFUSE_NAME,
    REFUSE_BIG,
    REFUSE_USETCP,
    REFUSE_VALUE,
    REFUSE_PORT0,
    REFUSE_LOOPBACK,
    REFUSE_FAMILY,
    REFUSE_REPLAY,
    REFUSE_SLOW,
    REFUSE_BUSY,
    REFUSE_DISK,
    REFUSE_READONLY,
    REFUSE_VERSION,
    REFUSE_FULL,
    REFUSE_COUNT
};

struct refusal_form {
    unsigned code;
    const char *why;
    enum reg_outcome outcome;
};

struct refusal_form refusal_form(enum refusal refusal);

/* What the registry's errors are called here. ERR_DIGEST and ERR_OK are not asked. */
enum refusal refusal_of(enum err err);

#endif
