#include "dns/peer_log.h"

#include <stdio.h>

#include "dns/worker.h"

const char *peer_zone(const struct name *name, char out[static NAME_TEXT])
{
    name_format(name->wire, out);
    size_t n = strlen(out);
    if (n > 1)
        out[n - 1] = '\0';
    return out;
}

const char *peer_format(const struct endpoint *from, const struct tsig *tsig,
                        char out[static PEER_TEXT])
{
    char addr[ADDR_TEXT], key[NAME_TEXT];
    addr_format(&from->addr, addr);
    if (tsig)
        snprintf(out, PEER_TEXT, "%s, key %s", addr, peer_zone(&tsig->name, key));
    else
        snprintf(out, PEER_TEXT, "%s, no key", addr);
    return out;
}

/* NULL = nothing is logged. */
static struct log_limit *limit_of(const struct respond *r, enum peer_log_kind kind)
{
    struct dns_shared *shared = r->worker->shared;
    return shared ? &shared->peer_logs[kind] : NULL;
}

void peer_log_refused(const struct respond *r, enum peer_log_kind kind, const char *why)
{
    char zone[NAME_TEXT], peer[PEER_TEXT];
    struct log_limit *limit = limit_of(r, kind);
    if (limit)
        log_limited(limit, r->request->mono_ms, LOG_LEVEL_INFO, "%s of %s refused to %s: %s",
                    kind == PEER_LOG_UPDATE ? "update" : "transfer", peer_zone(r->name, zone),
                    peer_format(&r->request->from, r->answer.tsig, peer), why);
}

static const char *error_text(enum tsig_error error)
{
    switch (error) {
    case TSIG_BADSIG: return "BADSIG: another secret or algorithm, or changed on its way";
    case TSIG_BADKEY: return "BADKEY: no such key of this algorithm";
    case TSIG_BADTIME: return "BADTIME: the clocks differ, or it was sent before";
    case TSIG_BADTRUNC: return "BADTRUNC: the MAC is cut too short";
    case TSIG_NOERROR:
    default: break;
    }
    return "good";
}

void peer_log_signature(const struct respond *r)
{
    char peer[PEER_TEXT];
    struct log_limit *limit = limit_of(r, PEER_LOG_SIGNATURE);
    if (limit)
        log_limited(limit, r->request->mono_ms, LOG_LEVEL_INFO, "signature refused to %s: %s",
                    peer_format(&r->request->from, &r->tsig, peer), error_text(r->tsig.error));
}
