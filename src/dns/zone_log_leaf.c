#include <string.h>

#include "dns/zone_log_difference.h"

static void note(struct zone_log *log, bool added, const struct leaf *leaf, const struct rrset *set,
                 uint32_t at)
{
    zone_log_note(log, added,
                  &(struct rr){.owner = leaf->owner.wire,
                               .owner_size = leaf->owner.size,
                               .type = set->type,
                               .ttl = set->ttl,
                               .rdata = set->rdata[at],
                               .size = set->sizes[at]});
}

static void note_all(struct zone_log *log, bool added, const struct leaf *leaf,
                     const struct rrset *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        note(log, added, leaf, set, i);
}

static int compare(const struct rrset *a, uint32_t i, const struct rrset *b, uint32_t k)
{
    uint16_t least = a->sizes[i] < b->sizes[k] ? a->sizes[i] : b->sizes[k];
    int order = least ? memcmp(a->rdata[i], b->rdata[k], least) : 0;
    return order ? order : (int)a->sizes[i] - (int)b->sizes[k];
}

/* Data of a leaf are sorted: a merge. */
static void compare_sets(struct zone_log *log, const struct leaf *old, const struct rrset *before,
                         const struct leaf *new, const struct rrset *after)
{
    uint32_t i = 0, k = 0;
    while (i < before->count || k < after->count) {
        int order = i == before->count ? 1 : k == after->count ? -1 : compare(before, i, after, k);
        if (order < 0)
            note(log, false, old, before, i);
        if (order > 0)
            note(log, true, new, after, k);
        i += order <= 0;
        k += order >= 0;
    }
}

void zone_log_leaf_difference(struct zone_log *log, const struct leaf *old, const struct leaf *new)
{
    uint32_t olds = old ? old->rrset_count : 0, news = new ? new->rrset_count : 0;
    for (uint32_t i = 0, k = 0; i < olds || k < news;) {
        const struct rrset *before = i < olds ? &old->rrsets[i] : NULL;
        const struct rrset *after = k < news ? &new->rrsets[k] : NULL;
        bool same = before && after && before->type == after->type;
        if (same && before->ttl == after->ttl) {
            compare_sets(log, old, before, new, after);
        } else {
            if (before && (same || !after || before->type < after->type))
                note_all(log, false, old, before);
            if (after && (same || !before || after->type < before->type))
                note_all(log, true, new, after);
        }
        i += before && (same || !after || before->type < after->type);
        k += after && (same || !before || after->type < before->type);
    }
}
