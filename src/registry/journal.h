/* Telling the journal, if there is one. Used inside registry/ only. */
#ifndef DISC_REGISTRY_JOURNAL_H
#define DISC_REGISTRY_JOURNAL_H

#include "registry/registry.h"

MUST_CHECK static inline enum err journal_reserve(const struct registry_journal *j,
                                                  enum journal_need need, size_t changes)
{
    return j->reserve ? j->reserve(j->context, need, changes) : ERR_OK;
}

static inline void journal_put(const struct registry_journal *j, const struct instance *i)
{
    if (j->put)
        j->put(j->context, i);
}

static inline void journal_bury(const struct registry_journal *j, struct instance_key key,
                                uint64_t floor, uint64_t until_ms)
{
    if (j->bury)
        j->bury(j->context, key, floor, until_ms);
}

static inline void journal_forget(const struct registry_journal *j, struct instance_key key)
{
    if (j->forget)
        j->forget(j->context, key);
}

static inline void journal_override(const struct registry_journal *j, struct instance_key key,
                                    const struct override *override)
{
    if (j->override)
        j->override(j->context, key, override);
}

static inline void journal_service(const struct registry_journal *j, struct text ns,
                                   struct text service, uint64_t until_ms)
{
    if (j->service)
        j->service(j->context, ns, service, until_ms);
}

static inline void journal_touch(const struct registry_journal *j, struct instance_key key)
{
    if (j->touch)
        j->touch(j->context, key);
}

#endif
