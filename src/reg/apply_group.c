#include <stdio.h>

#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"

/* "ns/svc/inst" and " rev" */
enum { PATH_MAX_SIZE = NAMESPACE_MAX + 1 + SERVICE_MAX + 1 + INSTANCE_ID_MAX, REV_DIGITS = 20 };

/* Items of one page: what header (133 bytes), MAC and line end leave. */
enum { PAGE_ROOM = REG_DATAGRAM_MAX - 192 };

static void reply_digest(struct call *c, uint32_t count, uint64_t digest)
{
    reply_number(c, TEXT("cnt"), count);
    reply_hex(c, TEXT("sum"), digest, 16);
}

/* 16 lower-case hex digits. */
static enum refusal read_sum(struct params *p, uint64_t *out)
{
    struct text sum = p->value[PARAM_SUM];
    *out = 0;
    for (size_t i = 0; i < sum.n; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, sum.s[i]);
        if (!at)
            return params_fault(p, PARAM_SUM, REFUSE_SYNTAX);
        *out = *out << 4 | (uint64_t)(at - digits);
    }
    return sum.n == 16 ? REFUSE_NOT : params_fault(p, PARAM_SUM, REFUSE_SYNTAX);
}

struct expectation {
    bool given;
    uint64_t count, digest;
};

/* Both or none. */
static enum refusal read_expectation(struct params *p, struct expectation *out)
{
    *out = (struct expectation){.given = p->given[PARAM_CNT]};
    if (p->given[PARAM_CNT] != p->given[PARAM_SUM])
        return params_fault(p, p->given[PARAM_CNT] ? PARAM_SUM : PARAM_CNT, REFUSE_VALUE);
    enum refusal refusal = params_number(p, PARAM_CNT, 0, UINT32_MAX, &out->count);
    return refusal || !out->given ? refusal : read_sum(p, &out->digest);
}

void apply_group_ren(struct call *c)
{
    struct text group;
    struct expectation expected;
    struct group_state state;
    enum refusal refusal = fields_group(c, &group);
    if (!refusal)
        refusal = read_expectation(&c->params, &expected);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    enum err e = registry_group_renew(c->reg->registry, group, &c->who, expected.given,
                                      (uint32_t)expected.count, expected.digest, c->now, &state);
    if (e == ERR_DIGEST) {
        reply_refuse(c, REFUSE_RESYNC, NULL);
        reply_digest(c, state.count, state.digest);
    } else if (e) {
        apply_error(c, e, 0);
        return;
    } else {
        reply_ok(c);
    }
    reply_renewal(c, state.lease_s);
}

void apply_group_del(struct call *c)
{
    struct text group;
    uint32_t count = 0;
    enum refusal refusal = fields_group(c, &group);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    enum err e = registry_group_deregister(c->reg->registry, group, &c->who, c->now, &count,
                                           &c->reg->goodbye);
    if (e) {
        apply_error(c, e, 0);
        return;
    }
    reply_ok(c);
    reply_number(c, TEXT("cnt"), count);
    apply_reply_durability(c);
}

struct listing {
    struct text after;
    uint32_t count;
    uint64_t digest;
    bool more;
    size_t used;
    char lines[PAGE_ROOM]; /* each with an LF behind it */
};

/* Counts and sums up every member; takes into the page those behind `after`. */
static bool list_member(void *context, const struct instance *instance)
{
    struct listing *l = context;
    struct record record;
    char line[PATH_MAX_SIZE + 1 + REV_DIGITS + 1 + 1];
    instance_read(instance, &record);
    int path = snprintf(line, sizeof(line), "%.*s/%.*s/%.*s", TEXT_ARG(record.ns),
                        TEXT_ARG(record.service), TEXT_ARG(record.id));
    int size = path + snprintf(line + path, sizeof(line) - (size_t)path, "@%llu",
                               (unsigned long long)record.rev);
    l->count++;
    l->digest ^= hash_digest(line, (size_t)size);
    if (text_compare((struct text){line, (size_t)path}, l->after) <= 0)
        return true;
    line[path] = ' ';
    line[size++] = '\n';
    if (l->more || sizeof(l->lines) - l->used < (size_t)size) {
        l->more = true;
        return true;
    }
    memcpy(l->lines + l->used, line, (size_t)size);
    l->used += (size_t)size;
    return true;
}

static void reply_listing(struct call *c, const struct listing *l)
{
    struct text rest = {l->lines, l->used};
    reply_ok(c);
    reply_digest(c, l->count, l->digest);
    if (l->more)
        reply_number(c, TEXT("more"), 1);
    while (rest.n)
        reply_item(c, text_cut(&rest, '\n'));
}

void apply_group_get(struct call *c)
{
    struct text group;
    struct listing l;
    enum refusal refusal = fields_group(c, &group);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    l = (struct listing){.after = params_lower(&c->params, PARAM_AFTER)};
    enum err e =
        registry_group_list(c->reg->registry, group, &c->who, (struct text){0}, list_member, &l);
    if (e)
        apply_error(c, e, 0);
    else
        reply_listing(c, &l);
}
