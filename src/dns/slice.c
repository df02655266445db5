#include "dns/slice.h"

#include <string.h>

const struct view_instance *slice_instance(const struct slice *s, struct text label)
{
    const uint8_t *tags = slice_tags(s);
    uint8_t tag = slice_tag(label);
    for (unsigned n = 0; n < s->count; n++) {
        if (tags[n] != tag)
            continue;
        const uint8_t *own = instance_wire_label(&s->instances[n]);
        if (own[0] == label.n && memcmp(own + 1, label.s, label.n) == 0)
            return &s->instances[n];
    }
    return NULL;
}

/* The first selector that is not before (key, value). */
static unsigned selector_at(const struct slice *s, struct text key, struct text value)
{
    unsigned low = 0, high = s->selector_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const struct selector *there = &slice_selectors(s)[middle];
        int order = text_compare(there->key, key);
        if (order == 0)
            order = text_compare(there->value, value);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct selector *slice_selector(const struct slice *s, struct text key, struct text value)
{
    unsigned at = selector_at(s, key, value);
    if (at == s->selector_count)
        return NULL;
    const struct selector *there = &slice_selectors(s)[at];
    return text_is(there->key, key) && text_is(there->value, value) ? there : NULL;
}

const struct selector *slice_selector_hashed(const struct slice *s, uint32_t hash,
                                             const struct pair *pair)
{
    enum { FEW = 32 }; /* looked at one by one: their texts stand elsewhere */
    if (s->selector_count > FEW)
        return slice_selector(s, pair->key, pair->value);
    for (unsigned i = 0; i < s->selector_count; i++) {
        const struct selector *there = &slice_selectors(s)[i];
        if (there->hash == hash && text_is(there->value, pair->value) &&
            text_is(there->key, pair->key))
            return there;
    }
    return NULL;
}

bool slice_has_selector_key(const struct slice *s, struct text key)
{
    /* Values are never empty, so all of this key's stand behind the empty one. */
    unsigned at = selector_at(s, key, (struct text){NULL, 0});
    return at < s->selector_count && text_is(slice_selectors(s)[at].key, key);
}

uint64_t slice_selected(const struct slice *s, const struct pair *pairs, const uint32_t *hashes,
                        unsigned count)
{
    uint64_t mask = s->live;
    for (unsigned i = 0; i < count && mask; i++) {
        const struct selector *there = hashes ? slice_selector_hashed(s, hashes[i], &pairs[i])
                                              : slice_selector(s, pairs[i].key, pairs[i].value);
        mask = there ? mask & there->live : 0;
    }
    return mask;
}
