/* Sorting by a number, stably, at a cost that goes by how many items there are. Used by what is
 * compiled of many slices. */
#ifndef DISC_DNS_RADIX_H
#define DISC_DNS_RADIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One pass, by the byte of the key that begins at bit `shift`. */
static inline void radix_pass(const void *from, size_t count, size_t size,
                              uint32_t (*key)(const void *item), unsigned shift, void *to)
{
    const char *item = from;
    size_t at[257] = {0};
    for (size_t i = 0; i < count; i++)
        at[(key(item + i * size) >> shift & 255) + 1]++;
    for (unsigned i = 0; i < 256; i++)
        at[i + 1] += at[i];
    for (size_t i = 0; i < count; i++)
        memcpy((char *)to + at[key(item + i * size) >> shift & 255]++ * size, item + i * size,
               size);
}

/* Items of `size` bytes by the lower `bits` (a multiple of 16) of their keys, ascending. `room`:
 * for as many items. */
static inline void radix_sort(void *items, size_t count, size_t size, unsigned bits,
                              uint32_t (*key)(const void *item), void *room)
{
    for (unsigned shift = 0; shift < bits; shift += 16) {
        radix_pass(items, count, size, key, shift, room);
        radix_pass(room, count, size, key, shift + 8, items);
    }
}

#endif
