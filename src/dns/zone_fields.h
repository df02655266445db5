/* The data of a zone file's record as text, field by field, before the zone library sees it:
 * the types that people write by hand have faults in plain words, with their place. Types
 * that are not known here pass. Used by zone_rdata.c only. */
#ifndef DISC_DNS_ZONE_FIELDS_H
#define DISC_DNS_ZONE_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

/* What is wrong with a record's data, and where. */
struct zone_wrong {
    const char *at; /* in the text that was given */
    char text[200];
};

/* `name` is the type as the file has it. False with *wrong filled. */
bool zone_fields_check(const char *name, uint16_t type, const char *text, struct zone_wrong *wrong);

/* Is a name in the data written like an IP address, as in "MX 10 192.0.2.1"? */
bool zone_fields_have_address(uint16_t type, const char *text);

#endif
