#include "store/crc.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* reflected */

/* One nibble at a time: a table of 16 entries is enough for a few hundred bytes. */
#define STEP(c) (((c) >> 1) ^ (POLYNOMIAL & (0u - ((c)&1u))))
#define ENTRY(n) STEP(STEP(STEP(STEP((uint32_t)(n)))))

static const uint32_t nibbles[16] = {
    ENTRY(0), ENTRY(1), ENTRY(2),  ENTRY(3),  ENTRY(4),  ENTRY(5),  ENTRY(6),  ENTRY(7),
    ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12), ENTRY(13), ENTRY(14), ENTRY(15),
};

uint32_t crc32c_plain(uint32_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    crc = ~crc;
    while (n--) {
        crc ^= *p++;
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

#ifdef __x86_64__

/* SSE 4.2's instruction computes this very polynomial, eight bytes at a time. */
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t start, const uint8_t *p,
                                                                 size_t n)
{
    uint64_t crc = (uint32_t)~start;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    uint32_t rest = (uint32_t)crc;
    while (n--)
        rest = __builtin_ia32_crc32qi(rest, *p++);
    return ~rest;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t n)
{
    return __builtin_cpu_supports("sse4.2") ? by_instruction(crc, bytes, n)
                                            : crc32c_plain(crc, bytes, n);
}

#else

uint32_t crc32c(uint32_t crc, const void *bytes, size_t n)
{
    return crc32c_plain(crc, bytes, n);
}

#endif
