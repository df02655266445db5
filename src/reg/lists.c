#include "reg/lists.h"

#include "reg/admit.h"

static struct addr own_address(const struct call *c)
{
    return admit_address(&c->reg->config, &c->from.addr);
}

static bool has_address(const struct record *record, const struct addr *a)
{
    for (unsigned i = 0; i < record->address_count; i++) {
        if (addr_is(&record->addresses[i], a))
            return true;
    }
    return false;
}

struct address_list {
    bool own;          /* there was an unspecified address of the source's family */
    bool other_family; /* and one of the other family */
};

static enum refusal take_address(struct call *c, struct text item, struct record *record,
                                 struct address_list *list)
{
    struct addr a, own = own_address(c);
    if (addr_parse(item, &a))
        return REFUSE_VALUE;
    if (addr_is_unspecified(&a)) {
        bool other = a.family != c->from.addr.family;
        list->other_family |= other;
        if (other)
            return REFUSE_NOT;
        a = own;
        list->own = true;
    } else if (addr_is_loopback(&a) && !c->loopback) {
        return REFUSE_LOOPBACK;
    }
    /* Said in both ways, it is still one address. */
    if (list->own && addr_is(&a, &own) && has_address(record, &a))
        return REFUSE_NOT;
    if (record->address_count == ADDRESSES_MAX)
        return REFUSE_VALUE;
    record->addresses[record->address_count++] = a;
    return REFUSE_NOT;
}

enum refusal lists_addresses(struct call *c, struct record *record)
{
    struct params *p = &c->params;
    struct text rest = p->value[PARAM_ADDR];
    struct address_list list = {0};
    if (!p->given[PARAM_ADDR]) {
        record->addresses[record->address_count++] = own_address(c);
        return REFUSE_NOT;
    }
    do {
        enum refusal refusal = take_address(c, text_cut(&rest, ','), record, &list);
        if (refusal)
            return params_fault(p, PARAM_ADDR, refusal);
    } while (rest.s);
    if (record->address_count == 0)
        return params_fault(p, PARAM_ADDR, list.other_family ? REFUSE_FAMILY : REFUSE_VALUE);
    return REFUSE_NOT;
}

/* [name:]number[/protocol] */
static enum refusal take_port(struct text item, struct port *out)
{
    uint64_t number;
    struct text before = text_cut(&item, ':');
    bool named = item.s != NULL;
    struct text rest = named ? item : before;
    struct text digits = text_cut(&rest, '/');
    *out = (struct port){.name = named ? before : (struct text){0}, .protocol = PROTOCOL_TCP};
    if (named && before.n == 0)
        return REFUSE_VALUE;
    if (rest.s && !protocol_parse(rest, &out->protocol))
        return REFUSE_VALUE;
    enum err e = text_number(digits, UINT16_MAX, &number);
    if (e)
        return e == ERR_SYNTAX ? REFUSE_SYNTAX : REFUSE_VALUE;
    out->number = (uint16_t)number;
    return number ? REFUSE_NOT : REFUSE_PORT0;
}

enum refusal lists_ports(struct call *c, struct record *record)
{
    struct params *p = &c->params;
    struct text rest = params_lower(p, PARAM_PORT);
    if (!p->given[PARAM_PORT])
        return params_fault(p, PARAM_PORT, REFUSE_VALUE);
    if (text_is(rest, TEXT("-")))
        return REFUSE_NOT;
    do {
        struct text item = text_cut(&rest, ',');
        if (record->port_count == PORTS_MAX)
            return params_fault(p, PARAM_PORT, REFUSE_VALUE);
        enum refusal refusal = take_port(item, &record->ports[record->port_count++]);
        if (refusal)
            return params_fault(p, PARAM_PORT, refusal);
    } while (rest.s);
    return REFUSE_NOT;
}

enum refusal lists_tags(struct call *c, struct record *record)
{
    struct params *p = &c->params;
    struct text rest = params_lower(p, PARAM_TAGS);
    record->tag_count = 0;
    while (rest.n) {
        if (record->tag_count == TAGS_MAX)
            return params_fault(p, PARAM_TAGS, REFUSE_VALUE);
        record->tags[record->tag_count++] = text_cut(&rest, ',');
        if (rest.s && rest.n == 0)
            return params_fault(p, PARAM_TAGS, REFUSE_VALUE);
    }
    return REFUSE_NOT;
}
