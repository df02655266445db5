/* SVCB and HTTPS records (RFC 9460) of an instance, out of its view. */
#ifndef DISC_DNS_SVCB_H
#define DISC_DNS_SVCB_H

#include <stddef.h>
#include <stdint.h>

#include "dns/view.h"

enum { SVCB_RDATA_MAX = 1024 };

/* RDATA in ServiceMode of the record that `i` adds to S.Z; 0 = it adds none of this type.
 * HTTPS only for instances with metadata `alpn` or a port named `https`, since its mere
 * presence makes clients use TLS (section 9.5). */
size_t svcb_rdata(const struct view *v, const struct view_instance *i, uint16_t type,
                  uint8_t out[static SVCB_RDATA_MAX]);

#endif
