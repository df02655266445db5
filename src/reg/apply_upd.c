#include "base/bytes.h"
#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"

/* All text that a record can hold. */
enum {
    RECORD_TEXT_MAX = NAMESPACE_MAX + SERVICE_MAX + INSTANCE_ID_MAX + PORTS_MAX * PORT_NAME_MAX +
                      VERSION_MAX + (3 + TAGS_MAX) * SHORT_LABEL_MAX + METADATA_BYTES_MAX +
                      GROUP_MAX
};

static void hold(struct text *t, struct writer *w)
{
    uint8_t *at = t->n ? write_space(w, t->n) : NULL;
    if (at)
        memcpy(at, t->s, t->n);
    *t = (struct text){(const char *)at, at ? t->n : 0};
}

/* Copies the text out of the registry's memory, which the update may move. */
static bool hold_record(struct record *r, char *room, size_t size)
{
    struct text *fields[] = {&r->ns,   &r->service, &r->id,      &r->version,
                             &r->zone, &r->region,  &r->cluster, &r->group};
    struct writer w = writer_of(room, size);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
        hold(fields[i], &w);
    for (unsigned i = 0; i < r->port_count; i++)
        hold(&r->ports[i].name, &w);
    for (unsigned i = 0; i < r->tag_count; i++)
        hold(&r->tags[i], &w);
    for (unsigned i = 0; i < r->metadata_count; i++) {
        hold(&r->metadata[i].key, &w);
        hold(&r->metadata[i].value, &w);
    }
    return !w.full;
}

static unsigned find_pair(const struct record *r, struct text key)
{
    unsigned i = 0;
    while (i < r->metadata_count && !text_is(r->metadata[i].key, key))
        i++;
    return i;
}

static bool merge_pair(struct record *r, struct pair pair)
{
    unsigned at = find_pair(r, pair.key);
    bool there = at < r->metadata_count;
    if (pair.value.n == 0) {
        if (there)
            r->metadata[at] = r->metadata[--r->metadata_count];
        return true;
    }
    if (!there && r->metadata_count == METADATA_MAX)
        return false;
    r->metadata_count += !there;
    r->metadata[at] = pair;
    return true;
}

static enum refusal merge_metadata(struct params *p, struct record *r)
{
    for (unsigned i = 0; i < p->metadata_count; i++) {
        if (!merge_pair(r, p->metadata[i])) {
            struct text key = p->metadata[i].key;
            return params_fault_text(p, (struct text){key.s - 2, key.n + 2}, REFUSE_BIG);
        }
    }
    return REFUSE_NOT;
}

static enum refusal merge(struct call *c, struct record *record)
{
    enum refusal refusal = fields_changes(c, record);
    if (!refusal)
        refusal = merge_metadata(&c->params, record);
    const char *fault = refusal ? NULL : record_fault(record);
    return fault ? params_fault_text(&c->params, text_of(fault), REFUSE_VALUE) : refusal;
}

void apply_upd(struct call *c)
{
    struct fields_room id_room;
    struct instance_key key;
    struct record record;
    struct granted granted = {0};
    char room[RECORD_TEXT_MAX];
    if (!apply_key(c, &id_room, &key))
        return;
    const struct instance *instance = registry_instance(c->reg->registry, key);
    if (!instance) {
        apply_refuse(c, REFUSE_GONE);
        return;
    }
    instance_read(instance, &record);
    enum refusal refusal =
        hold_record(&record, room, sizeof(room)) ? merge(c, &record) : REFUSE_BIG;
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    enum err e = registry_update(c->reg->registry, &record, &c->who, c->now, &granted);
    if (e) {
        apply_error(c, e, granted.rev);
        return;
    }
    reply_ok(c);
    apply_reply_rev(c, granted.rev);
    apply_reply_durability(c);
}
