#include "server/udp_shorten.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

#define HEADER 12
#define TYPE_OPT 41
#define TYPE_TSIG 250
#define FLAG_TC 0x02 /* in the third byte */

/* Behind the name at `at`; 0 = it does not end. */
static size_t skip_name(const uint8_t *bytes, size_t size, size_t at)
{
    while (at < size && bytes[at]) {
        if (bytes[at] >= 0xc0)
            return at + 2;
        at += 1u + bytes[at];
    }
    return at < size ? at + 1 : 0;
}

struct record {
    size_t at, end;
    uint16_t type;
};

static bool read_record(const uint8_t *bytes, size_t size, size_t at, struct record *out)
{
    size_t fixed = skip_name(bytes, size, at);
    if (!fixed || fixed + 10 > size)
        return false;
    *out = (struct record){at, fixed + 10 + get_u16(bytes + fixed + 8), get_u16(bytes + fixed)};
    return out->end <= size;
}

/* The OPT record; at = end = 0 where there is none. False: nothing can be done. */
static bool find_opt(const uint8_t *bytes, size_t size, size_t at, struct record *opt)
{
    unsigned records = get_u16(bytes + 6) + get_u16(bytes + 8) + get_u16(bytes + 10);
    *opt = (struct record){0};
    for (struct record r; records; records--, at = r.end) {
        if (!read_record(bytes, size, at, &r) || r.type == TYPE_TSIG)
            return false;
        if (r.type == TYPE_OPT)
            *opt = r;
    }
    return true;
}

size_t shorten_answer(uint8_t *bytes, size_t size)
{
    struct record opt;
    size_t end = HEADER;
    if (size < HEADER || get_u16(bytes + 4) > 1)
        return 0;
    if (get_u16(bytes + 4)) {
        end = skip_name(bytes, size, HEADER);
        end = end ? end + 4 : 0;
    }
    if (!end || end > size || !find_opt(bytes, size, end, &opt))
        return 0;
    bytes[2] |= FLAG_TC;
    memset(bytes + 6, 0, 6);
    memmove(bytes + end, bytes + opt.at, opt.end - opt.at);
    put_u16(bytes + 10, opt.end > opt.at);
    return end + opt.end - opt.at;
}
