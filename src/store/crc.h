/* CRC-32C (Castagnoli; RFC 3720 appendix B.4), by which a stored value shows that it
 * came back as it was written. Used inside store/ only. */
#ifndef DISC_STORE_CRC_H
#define DISC_STORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`; 0 to begin. By the processor's own instruction where it has one. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t n);

/* The same, in plain C. */
uint32_t crc32c_plain(uint32_t crc, const void *bytes, size_t n);

#endif
