#include "support/wire_name.h"

#include <string.h>

#include "base/text.h"

size_t wire_name_read(const uint8_t *bytes, size_t size, size_t *at, uint8_t out[NAME_WIRE_MAX])
{
    size_t from = *at, used = 0, bound = *at;
    bool jumped = false;
    for (;;) {
        if (from >= size)
            return 0;
        uint8_t n = bytes[from];
        if (n >= 0xc0) {
            if (size - from < 2)
                return 0;
            size_t to = (size_t)(n & 0x3f) << 8 | bytes[from + 1];
            if (to >= bound || to < 12)
                return 0;
            if (!jumped)
                *at = from + 2;
            jumped = true;
            bound = from = to;
            continue;
        }
        if (n > 63 || size - from < 1u + n || NAME_WIRE_MAX - used < 1u + n)
            return 0;
        memcpy(out + used, bytes + from, 1u + n);
        used += 1u + n;
        from += 1u + n;
        if (n == 0)
            break;
    }
    if (!jumped)
        *at = from;
    return used;
}

bool wire_name_is(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    struct text x = {(const char *)a, a_size}, y = {(const char *)b, b_size};
    return text_is_nocase(x, y); /* length bytes (at most 63) are no letters */
}
