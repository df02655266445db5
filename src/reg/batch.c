#include "reg/batch.h"

#include <stdio.h>

#include "reg/access.h"
#include "reg/fields.h"
#include "reg/reply.h"

/* Digits and commas of 0-255, and "disc/1 ok" 9, id 20, n 23, ep 12, cnt 8, " gone=" 6,
 * " bad=" 5, ren 18, wait 10, dur 10; then cookie, MAC and line end. */
_Static_assert(10 * 2 + 90 * 3 + (BATCH_MAX - 100) * 4 + 121 + 26 + 37 + 1 <= REG_DATAGRAM_MAX,
               "the reply to a batch always fits");

static void close_range(struct index_list *list)
{
    if (!list->open)
        return;
    const char *comma = list->used ? "," : "";
    char *at = list->text + list->used;
    size_t left = sizeof(list->text) - list->used;
    int n = list->first == list->last
                ? snprintf(at, left, "%s%u", comma, list->first)
                : snprintf(at, left, "%s%u-%u", comma, list->first, list->last);
    list->used += (size_t)n;
    list->open = false;
}

static void add_index(struct index_list *list, unsigned index)
{
    if (list->open && list->last + 1 == index) {
        list->last = index;
        return;
    }
    close_range(list);
    list->first = list->last = index;
    list->open = true;
}

/* Items that are worked on together: what they name is on its way from memory meanwhile. */
struct flight {
    struct place {
        bool good; /* the sender may do this to its service */
        struct batch_item item;
        /* Room for the longest item that can be right. */
        char text[NAMESPACE_MAX + 1 + SERVICE_MAX + 1 + INSTANCE_ID_MAX];
    } places[REG_AHEAD];
    unsigned count;
};

/* "inst", "svc/inst" or "ns/svc/inst" over the header's defaults. */
static bool read_item(struct text item, const struct instance_key *defaults, struct place *place)
{
    struct instance_key *out = &place->item.key;
    struct text parts[3], rest = {place->text, item.n};
    unsigned count = 0;
    if (item.n > sizeof(place->text))
        return false;
    for (size_t i = 0; i < item.n; i++)
        place->text[i] = ascii_lower(item.s[i]);
    while (rest.s && count < 3)
        parts[count++] = text_cut(&rest, '/');
    if (rest.s)
        return false;
    *out = *defaults;
    out->id = parts[count - 1];
    if (count > 1)
        out->service = parts[count - 2];
    if (count > 2)
        out->ns = parts[0];
    return fields_key_fault(out) == PARAM_COUNT;
}

static enum refusal check_header(struct call *c)
{
    static const enum param_key others[] = {PARAM_INST, PARAM_ADDR, PARAM_PORT,
                                            PARAM_REV,  PARAM_CNT,  PARAM_SUM};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (c->params.given[others[i]])
            return params_fault(&c->params, others[i], REFUSE_KEY);
    }
    unsigned lines = 1;
    for (size_t i = 0; i < c->message.items.n; i++)
        lines += c->message.items.s[i] == '\n';
    return lines > BATCH_MAX ? params_fault_text(&c->params, TEXT("items"), REFUSE_BIG)
                             : REFUSE_NOT;
}

/* False: there are none left. */
static bool read_flight(struct call *c, const struct instance_key *defaults, struct text *rest,
                        struct flight *f)
{
    const struct registry *registry = c->reg->registry;
    struct text item;
    for (f->count = 0; f->count < ARRAY_COUNT(f->places) && message_item(rest, &item); f->count++) {
        struct place *p = &f->places[f->count];
        p->good =
            read_item(item, defaults, p) && access_service(c, p->item.key.ns, p->item.key.service);
        p->item.sight = (struct sight){0};
        if (p->good)
            registry_ahead(registry, p->item.key, &p->item.sight);
    }
    for (unsigned step = 0; step < 2; step++)
        for (unsigned n = 0; n < f->count; n++)
            registry_ahead_closer(registry, &f->places[n].item.sight);
    return f->count;
}

enum refusal batch_run(struct call *c, batch_step *step, struct batch *out)
{
    struct text rest = c->message.items;
    struct instance_key defaults = {fields_namespace(c), params_lower(&c->params, PARAM_SVC), {0}};
    struct flight flight;
    memset(out, 0, sizeof(*out));
    enum refusal refusal = check_header(c);
    if (refusal)
        return refusal;
    for (unsigned index = 0; read_flight(c, &defaults, &rest, &flight);) {
        for (unsigned n = 0; n < flight.count; n++, index++) {
            const struct place *p = &flight.places[n];
            refusal = p->good ? step(c, &p->item, out) : REFUSE_ACL;
            if (refusal == REFUSE_NOT)
                out->done++;
            else
                add_index(refusal == REFUSE_GONE ? &out->gone : &out->bad, index);
        }
    }
    return REFUSE_NOT;
}

void batch_refuse(struct call *c, enum refusal refusal)
{
    reply_refuse(c, refusal, c->params.fault);
    if (refusal == REFUSE_BIG)
        reply_number(c, TEXT("max"), BATCH_MAX);
}

static void reply_list(struct call *c, struct text name, struct index_list *list)
{
    char text[5 + sizeof(list->text)];
    close_range(list);
    if (list->used == 0)
        return;
    memcpy(text, name.s, name.n);
    memcpy(text + name.n, list->text, list->used);
    reply_text(c, (struct text){text, name.n + list->used});
}

void batch_reply(struct call *c, struct batch *batch)
{
    reply_number(c, TEXT("cnt"), batch->done);
    reply_list(c, TEXT("gone="), &batch->gone);
    reply_list(c, TEXT("bad="), &batch->bad);
}
