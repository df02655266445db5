/* Names in DNS messages, read as strictly as RFC 1035 section 4.1.4 can be read. */
#ifndef DISC_TESTS_SUPPORT_WIRE_NAME_H
#define DISC_TESTS_SUPPORT_WIRE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_WIRE_MAX 255

/* Reads the name at *at, moves *at behind it, writes it without compression. A pointer
 * leads to an earlier name, never into the header. Returns the size, 0 = broken. */
size_t wire_name_read(const uint8_t *bytes, size_t size, size_t *at, uint8_t out[NAME_WIRE_MAX]);

/* Equal but for case. */
bool wire_name_is(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);

#endif
