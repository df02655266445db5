/* Bounds-checked cursors over bytes, network byte order, with a sticky error:
 * callers read or write on and ask once at the end. */
#ifndef DISC_BASE_BYTES_H
#define DISC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    bool bad; /* something was read past the end; values read since are 0 */
};

struct writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool full; /* something did not fit; nothing was written since */
};

static inline struct reader reader_of(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    return (struct reader){p, p, p + n, false};
}

static inline size_t reader_left(const struct reader *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->at);
}

/* Takes n bytes; NULL and bad when there are fewer. */
static inline const uint8_t *read_bytes(struct reader *r, size_t n)
{
    if (reader_left(r) < n) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += n;
    return p;
}

static inline uint8_t read_u8(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 2);
    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
    uint32_t high = read_u16(r);
    return high << 16 | read_u16(r);
}

static inline struct writer writer_of(void *bytes, size_t size)
{
    uint8_t *p = bytes;
    return (struct writer){p, p, p + size, false};
}

static inline size_t writer_used(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

static inline size_t writer_left(const struct writer *w)
{
    return w->full ? 0 : (size_t)(w->end - w->at);
}

/* Reserves n bytes for the caller to fill; NULL and full when they do not fit. */
static inline uint8_t *write_space(struct writer *w, size_t n)
{
    if (writer_left(w) < n) {
        w->full = true;
        return NULL;
    }
    uint8_t *p = w->at;
    w->at += n;
    return p;
}

static inline void put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
    put_u16(p, (uint16_t)(v >> 16));
    put_u16(p + 2, (uint16_t)v);
}

static inline uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

static inline void write_bytes(struct writer *w, const void *bytes, size_t n)
{
    uint8_t *p = write_space(w, n);
    if (p && n)
        memcpy(p, bytes, n);
}

static inline void write_u8(struct writer *w, uint8_t v)
{
    write_bytes(w, &v, 1);
}

static inline void write_u16(struct writer *w, uint16_t v)
{
    uint8_t *p = write_space(w, 2);
    if (p)
        put_u16(p, v);
}

static inline void write_u32(struct writer *w, uint32_t v)
{
    uint8_t *p = write_space(w, 4);
    if (p)
        put_u32(p, v);
}

#endif
