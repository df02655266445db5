/* The one list of failures. Fallible functions return `enum err` and are marked
 * MUST_CHECK; 0 is success. What a peer may do wrong is not listed here but in
 * the reason enum of the parser that met it. */
#ifndef DISC_BASE_ERR_H
#define DISC_BASE_ERR_H

#include "base/attr.h"

enum err {
    ERR_OK = 0,
    ERR_MEMORY,    /* allocation failed */
    ERR_SYNTAX,    /* text or bytes do not have the required form */
    ERR_VALUE,     /* well-formed, but outside what is allowed */
    ERR_SPACE,     /* the output does not fit */
    ERR_NOT_FOUND, /* no such thing (registry: unknown or evicted) */
    ERR_EXISTS,    /* there is one already (registry: the name is taken) */
    ERR_OWNER,     /* it belongs to somebody else */
    ERR_STALE,     /* older than what is stored */
    ERR_DIGEST,    /* the two sides' sets differ */
    ERR_FULL,      /* a configured quota is reached */
    ERR_BUSY,      /* not now; again later */
    ERR_READONLY,  /* nothing can be stored now */
    ERR_SYSTEM,    /* a system call failed; errno was logged where it happened */
    ERR_COUNT
};

/* A short lower-case text ("out of memory"); never NULL, static storage. */
const char *err_text(enum err err);

#endif
