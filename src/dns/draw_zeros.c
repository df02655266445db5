/* How many items of weight 0 each priority has. */
#include "dns/draw.h"

static uint32_t find(const struct draw_zeros *z, uint16_t priority)
{
    uint32_t at = 0;
    while (at < z->used && z->of[at].priority != priority)
        at++;
    return at;
}

void draw_note_zero(struct draw_zeros *z, uint16_t priority)
{
    uint32_t at = find(z, priority);
    if (at == z->used && at < ARRAY_COUNT(z->of)) {
        z->of[at].priority = priority;
        z->used++;
    }
    ++*(at < z->used ? &z->of[at].count : &z->others);
}

uint32_t draw_zeros_of(const struct draw_zeros *z, uint16_t priority)
{
    uint32_t at = find(z, priority);
    return at < z->used ? z->of[at].count : z->others;
}
