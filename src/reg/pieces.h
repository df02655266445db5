/* Pieces of text that stored records become: lists, encoded values, metadata. Used for the
 * parameters that would register a record (format.c) and for what subscribers are told
 * (watch_line.c). All write on at the cursor, which notes when it is full.
 */
#ifndef DISC_REG_PIECES_H
#define DISC_REG_PIECES_H

#include "base/bytes.h"
#include "reg/message.h"

/* At most 63 bytes. */
void piece_format(struct writer *w, const char *format, ...) PRINTF(2, 3);
void piece_encoded(struct writer *w, struct text value);

void piece_addresses(struct writer *w, const struct record *r); /* "10.0.0.7,2001:db8::7" */
void piece_ports(struct writer *w, const struct record *r);     /* "http:80,dns:53/udp", "-" */
void piece_tags(struct writer *w, const struct record *r);      /* "a,b" */

/* "m.KEY=VALUE". False, and nothing written: no datagram can carry this key (other protocols
 * may store such). */
bool piece_pair(struct writer *w, const struct pair *pair);

#endif
