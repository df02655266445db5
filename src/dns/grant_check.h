/* Grants for UPDATE that cannot match any name of their zone are mistakes of the
 * configuration: here is who says so. Called by dns.c when zones are loaded. */
#ifndef DISC_DNS_GRANT_CHECK_H
#define DISC_DNS_GRANT_CHECK_H

#include <stdbool.h>

#include "base/text.h"
#include "dns/config.h"

/* Can the glob match the name `apex` (lower case, no final dot) or one below it? */
bool grant_can_match(const char *glob, struct text apex);

/* A line of the log for each that cannot, up to a few. */
void grant_warn(const struct dns_zone_config *zone);

#endif
