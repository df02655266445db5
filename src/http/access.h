/* Who may ask for what: pure decisions over a request's sender and headers.
 * Used inside http/ only. */
#ifndef DISC_HTTP_ACCESS_H
#define DISC_HTTP_ACCESS_H

#include <event2/http.h>

#include "http/http.h"

/* What the configuration says, the token as a hash. */
struct access {
    bool token_set;
    uint8_t token_hash[32];
    bool writes_loopback, reads_token;
};

struct access access_of(const struct http_config *config);

enum access_wanted {
    ACCESS_READS,
    ACCESS_WRITES,
    ACCESS_CLIENTS, /* writes of other registries' clients: whose they may be is asked elsewhere */
};

struct asker {
    struct addr from; /* FAMILY_NONE when unknown: then it is not from loopback */
    struct evkeyvalq *headers;
    enum access_wanted wants;
    bool has_body; /* of any length above 0 */
};

/* From loopback, and no proxy says that it is for somebody else: one on this machine makes
 * everybody a loopback sender. One that adds no field at all cannot be told from a local client;
 * behind such a one http.writes has to be "token". */
bool access_is_local(const struct asker *asker);
/* It presents a token, right or wrong, to a server that has one. */
bool access_presents_token(const struct access *access, const struct asker *asker);
/* It has the admin token. */
bool access_has_token(const struct access *access, const struct asker *asker);

/* status 0 = nothing against it; else what to reply. */
struct refusal {
    int status;
    const char *detail;
    const char *why; /* the same in a few words, for the audit log; may be NULL */
};

/* Token, sender, proxies, Origin; then the type of the body. 401, 403, 415. A token that was sent
 * and is wrong is refused wherever the server has one, also where none is needed. */
struct refusal access_check(const struct access *access, const struct http_config *config,
                            const struct asker *asker);

#endif
