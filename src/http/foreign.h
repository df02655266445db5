/* The clients of two other registries (the Go registry's /api/..., bilibili's /discovery/...)
 * speak of env, appid and hostname; here they are namespace, service and instance. This is
 * what both dialects ask of the registry. What they say and what they are told is theirs:
 * goapi.c and bili*.c; what they read is in foreign_list.h.
 * Used inside http/ only. */
#ifndef DISC_HTTP_FOREIGN_H
#define DISC_HTTP_FOREIGN_H

#include "http/origin.h"
#include "http/places.h"
#include "http/state.h"

enum {
    FOREIGN_LEASE_S = 90,      /* their clients renew every 30 s */
    FOREIGN_HOSTNAME_MAX = 255 /* bytes */
};

/* Their statuses, a bit mask where one asks. */
enum { FOREIGN_RECEIVES = 1, FOREIGN_WAITS = 2 };

/* What a client wrote; everything may be empty. */
struct foreign {
    struct text env, appid, hostname;
    struct text places[PLACES_MAX];
    unsigned place_count;
    uint64_t status;
    bool status_given;
    struct text version, zone, region;
    json_t *metadata;      /* an object of texts, or NULL; borrowed */
    int64_t dirty, latest; /* ns; 0 = not given */
};

enum foreign_code {
    FOREIGN_OK,
    FOREIGN_SAME, /* nothing changed */
    FOREIGN_BAD,
    FOREIGN_DENIED,
    FOREIGN_NONE, /* no such instance: its client registers anew */
    FOREIGN_CONFLICT,
    FOREIGN_TOO_FAST,
    FOREIGN_FAILED,
};

struct foreign_result {
    enum foreign_code code;
    char words[160];                 /* "" = the code says all */
    uint64_t wait;                   /* as backend.wait said, for later_reply */
    const struct instance *instance; /* of a renewal; until the next change */
};

struct foreign_key {
    struct instance_key key;
    char ns[NAMESPACE_MAX + 1], service[SERVICE_MAX + 1], id[INSTANCE_ID_MAX + 1];
};

/* The namespace of an env, in `out`. False: no zone serves it, *result says so. */
MUST_CHECK bool foreign_env(const struct http *http, struct text env,
                            char out[static NAMESPACE_MAX + 1], struct foreign_result *result);

/* True with the service's key filled (the id only where there is a hostname); else
 * *result says what is wrong. */
MUST_CHECK bool foreign_key_make(const struct http *http, const struct foreign *f,
                                 struct foreign_key *out, struct foreign_result *result);

/* The instance of that key; NULL also when the id is another hostname's, or it is not in
 * f->zone, where one is given. */
const struct instance *foreign_find(const struct http *http, const struct foreign *f,
                                    const struct instance_key *key);

/* Who registers. False: not admitted, *result says why. */
MUST_CHECK bool foreign_admit(struct call *call, const struct instance_key *key,
                              struct http_registrant *who, struct foreign_result *result);

void foreign_register(struct call *call, const struct foreign *f, struct foreign_result *result);
void foreign_renew(struct call *call, const struct foreign *f, struct foreign_result *result);
void foreign_cancel(struct call *call, const struct foreign *f, struct foreign_result *result);

/* What the registry's failure means to a client. `record`: of a registration, may be NULL. */
void foreign_fail(struct foreign_result *result, enum err err, const struct record *record);
void foreign_say(struct foreign_result *result, enum foreign_code code, const char *format, ...)
    PRINTF(3, 4);

/* Adds the texts of `metadata` to the record's and what does not fit its rules to `origin`.
 * Their names and values are pointed to. ERR_MEMORY. */
MUST_CHECK enum err foreign_put_metadata(json_t *metadata, json_t *origin, struct record *record);

#endif
