/* SVCB and HTTPS records (RFC 9460) of an instance, out of its view. Called when answers
 * are written and by zone transfers. */
#ifndef DISC_DNS_SVCB_H
#define DISC_DNS_SVCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/view.h"

enum { SVCB_RDATA_MAX = 1024 };

/* Has the instance a record of this type? SVCB: with any port. HTTPS only with metadata
 * `alpn` or a port named `https`, since its mere presence makes clients use TLS (section
 * 9.5). At I.S.Z of every instance that answers there; at S.Z of the live ones, except for
 * the stale where these are withdrawn (as in SRV: view.by_default has them all). */
bool svcb_has(const struct view_instance *i, uint16_t type);

/* SvcPriority by the priority that an SRV record would have: one more, since 0 is
 * AliasMode. There are no weights, so one of weight 0 comes after all that are heard
 * from, and before the stale. */
uint16_t svcb_priority(const struct view_instance *i, uint16_t priority);

/* RDATA in ServiceMode, of an instance of the view; 0 = the instance has no such record. TargetName
 * is I.S.Z, in full. */
size_t svcb_rdata(const struct view *v, const struct view_instance *i, uint16_t type,
                  uint8_t out[static SVCB_RDATA_MAX]);

#endif
