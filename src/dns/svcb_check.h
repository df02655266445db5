/* Are the SvcParams of a zone file's SVCB or HTTPS record as RFC 9460 has them? What is not
 * would make those who read the answer throw all of it away. Used by zone_rdata.c only. */
#ifndef DISC_DNS_SVCB_CHECK_H
#define DISC_DNS_SVCB_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SVCB_WRONG_TEXT = 120 };

/* RDATA in wire form whose TargetName is whole. False: `wrong` says what is wrong, such as
 * "alpn twice, expected each key once". */
bool svcb_check(const uint8_t *rdata, size_t size, char wrong[static SVCB_WRONG_TEXT]);

#endif
