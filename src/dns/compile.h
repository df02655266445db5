/* Registry service -> view. Control thread. */
#ifndef DISC_DNS_COMPILE_H
#define DISC_DNS_COMPILE_H

#include "base/err.h"
#include "base/hash.h"
#include "dns/view.h"
#include "dns/zone.h"
#include "registry/registry.h"

/* `selectors`: metadata keys that may be asked for, NULL-terminated or NULL. The view
 * belongs to the caller. ERR_MEMORY; nothing else can fail, as the registry holds
 * only what fits a name (an instance whose name would pass 255 bytes is left out). */
MUST_CHECK enum err compile_view(const struct service *service, const struct zone *zone,
                                 char *const *selectors, const struct hash_key *key,
                                 struct view **out);

#endif
