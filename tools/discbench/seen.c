#include "seen.h"

uint8_t seen_add(struct seen *s)
{
    if (s->state == SEEN_PRESENT)
        s->gone_ns = 0; /* replaced, not withdrawn */
    s->previous = s->current++;
    s->has_previous = true;
    s->state = SEEN_ADDING;
    return s->current;
}

void seen_remove(struct seen *s)
{
    s->state = SEEN_REMOVING;
}

void seen_replied(struct seen *s, bool ok, uint64_t now_ns)
{
    if (!ok) {
        s->state = SEEN_UNKNOWN;
    } else if (s->state == SEEN_ADDING) {
        s->state = SEEN_PRESENT;
    } else if (s->state == SEEN_REMOVING) {
        s->state = SEEN_ABSENT;
        s->has_previous = false;
        s->gone_ns = now_ns;
    }
}

static enum verdict unless_gone(const struct seen *s, uint64_t asked_ns)
{
    return s->gone_ns && asked_ns >= s->gone_ns ? VERDICT_WITHDRAWN : VERDICT_FINE;
}

enum verdict seen_judge(const struct seen *s, unsigned generation, unsigned turns,
                        uint64_t asked_ns)
{
    if (s->state == SEEN_UNKNOWN)
        return VERDICT_FINE;
    if (generation == s->current % turns)
        return s->state == SEEN_ABSENT ? unless_gone(s, asked_ns) : VERDICT_FINE;
    if (s->has_previous && generation == s->previous % turns)
        return unless_gone(s, asked_ns);
    return VERDICT_UNTRUE;
}
