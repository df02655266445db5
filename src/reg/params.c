#include "reg/params.h"

#include <assert.h>

#define IN(verb) (1u << (verb))
#define IN_ALL (IN(REG_VERB_COUNT) - 1)
#define IN_NAMED (IN(REG_REG) | IN(REG_REN) | IN(REG_UPD) | IN(REG_DEL) | IN(REG_GET))
#define IN_SUBSCRIBED (IN(REG_SUB) | IN(REG_ACK) | IN(REG_UNS))
#define IN_RECORD (IN(REG_REG) | IN(REG_UPD))

enum { KEY_SIZE = 8 }; /* of the longest, with NUL */

/* The frequent ones first. */
static const struct {
    char name[KEY_SIZE];
    unsigned verbs;
} keys[PARAM_COUNT] = {
    [PARAM_ID] = {"id", IN_ALL},
    [PARAM_CID] = {"cid", IN_ALL},
    [PARAM_N] = {"n", IN_ALL},
    [PARAM_CK] = {"ck", IN_ALL},
    [PARAM_KEY] = {"key", IN_ALL},
    [PARAM_NS] = {"ns", IN_NAMED | IN(REG_SUB)},
    [PARAM_SVC] = {"svc", IN_NAMED | IN(REG_SUB)},
    [PARAM_INST] = {"inst", IN_NAMED},
    [PARAM_ADDR] = {"addr", IN_NAMED},
    [PARAM_PORT] = {"port", IN_NAMED},
    [PARAM_W] = {"w", IN_RECORD},
    [PARAM_PRIO] = {"prio", IN_RECORD},
    [PARAM_ST] = {"st", IN_RECORD},
    [PARAM_LEASE] = {"lease", IN(REG_REG) | IN(REG_HELLO) | IN(REG_SUB)},
    [PARAM_ZONE] = {"zone", IN_RECORD},
    [PARAM_REGION] = {"region", IN_RECORD},
    [PARAM_VER] = {"ver", IN_RECORD},
    [PARAM_CLUSTER] = {"cluster", IN_RECORD},
    [PARAM_TAGS] = {"tags", IN_RECORD},
    [PARAM_REV] = {"rev", IN_RECORD | IN(REG_DEL)},
    [PARAM_GRP] = {"grp", IN(REG_REG) | IN(REG_REN) | IN(REG_DEL) | IN(REG_GET)},
    [PARAM_TTL] = {"ttl", IN_RECORD},
    [PARAM_CNT] = {"cnt", IN(REG_REN)},
    [PARAM_SUM] = {"sum", IN(REG_REN)},
    [PARAM_AFTER] = {"after", IN(REG_GET)},
    [PARAM_TOK] = {"tok", IN_SUBSCRIBED},
    [PARAM_FROM] = {"from", IN(REG_SUB)},
    [PARAM_SUB] = {"sub", IN(REG_ACK) | IN(REG_UNS)},
    [PARAM_SEQ] = {"seq", IN(REG_ACK)},
    [PARAM_FRAG] = {"frag", IN(REG_ACK)},
};

const char *params_key_text(enum param_key key)
{
    return keys[key].name;
}

enum refusal params_fault_text(struct params *p, struct text name, enum refusal refusal)
{
    size_t n = name.n < sizeof(p->fault) ? name.n : sizeof(p->fault) - 1;
    if (n)
        memcpy(p->fault, name.s, n);
    p->fault[n] = '\0';
    return refusal;
}

enum refusal params_fault(struct params *p, enum param_key key, enum refusal refusal)
{
    return params_fault_text(p, text_of(keys[key].name), refusal);
}

/* In place, as it only gets shorter. `value` is a part of the line; what has no escape is
 * printable ASCII. */
static enum err decode(struct params *p, struct text line, struct text value, struct text *out)
{
    char *at = p->room + (value.s - line.s);
    *out = (struct text){at, value.n};
    return p->escapes ? message_decode(*out, at, &out->n) : ERR_OK;
}

static enum refusal take_metadata(struct params *p, struct text key, struct text value)
{
    struct text name = {key.s + 2, key.n - 2};
    for (unsigned i = 0; i < p->metadata_count; i++) {
        if (text_is(p->metadata[i].key, name))
            return REFUSE_DUP;
    }
    p->metadata_bytes += name.n + value.n;
    if (p->metadata_count == PARAMS_METADATA_MAX || value.n > METADATA_VALUE_MAX ||
        p->metadata_bytes > PARAMS_METADATA_BYTES_MAX)
        return REFUSE_BIG;
    p->metadata[p->metadata_count++] = (struct pair){name, value};
    return REFUSE_NOT;
}

static enum refusal take_known(struct params *p, enum param_key key, struct text value)
{
    if (p->given[key])
        return REFUSE_DUP;
    p->given[key] = true;
    p->value[key] = value;
    return REFUSE_NOT;
}

/* Names padded with NUL, which is in none of them, are compared whole. */
static bool find_key(struct text name, enum reg_verb verb, enum param_key *out)
{
    char padded[KEY_SIZE] = {0};
    if (name.n >= KEY_SIZE)
        return false;
    for (size_t i = 0; i < name.n; i++)
        padded[i] = name.s[i];
    for (unsigned i = 0; i < PARAM_COUNT; i++) {
        if (memcmp(padded, keys[i].name, KEY_SIZE) == 0) {
            *out = (enum param_key)i;
            return keys[i].verbs & IN(verb);
        }
    }
    return false;
}

static enum refusal take(struct params *p, struct text line, const struct param *param,
                         enum reg_verb verb)
{
    enum param_key key = PARAM_COUNT;
    struct text value;
    bool metadata = (IN_RECORD & IN(verb)) && param->key.n > 2 && !memcmp(param->key.s, "m.", 2);
    if (!metadata && !find_key(param->key, verb, &key))
        return param->optional ? REFUSE_NOT : REFUSE_KEY;
    enum err e = decode(p, line, param->value, &value);
    if (e)
        return e == ERR_SYNTAX ? REFUSE_SYNTAX : REFUSE_VALUE;
    return metadata ? take_metadata(p, param->key, value) : take_known(p, key, value);
}

enum refusal params_read(const struct message *m, enum reg_verb verb, struct params *out)
{
    struct param param;
    memset(out, 0, offsetof(struct params, metadata));
    out->metadata_count = 0;
    out->metadata_bytes = 0;
    out->fault[0] = '\0';
    assert(m->params.n <= sizeof(out->room));
    if (m->params.n)
        memcpy(out->room, m->params.s, m->params.n);
    out->escapes = m->params.n && memchr(m->params.s, '%', m->params.n);
    for (unsigned i = 0; i < m->word_count; i++) {
        bool good = message_param_at(m, i, &param) == ERR_OK;
        enum refusal refusal = good ? take(out, m->params, &param, verb) : REFUSE_SYNTAX;
        if (refusal)
            return params_fault_text(out, param.key, refusal);
    }
    return REFUSE_NOT;
}

enum refusal params_number(struct params *p, enum param_key key, uint64_t min, uint64_t max,
                           uint64_t *out)
{
    uint64_t value;
    if (!p->given[key])
        return REFUSE_NOT;
    enum err e = text_number(p->value[key], max, &value);
    if (e == ERR_SYNTAX)
        return params_fault(p, key, REFUSE_SYNTAX);
    if (e || value < min)
        return params_fault(p, key, REFUSE_VALUE);
    *out = value;
    return REFUSE_NOT;
}

struct text params_lower(struct params *p, enum param_key key)
{
    struct text value = p->value[key];
    char *at = p->room + (value.n ? value.s - p->room : 0);
    for (size_t i = 0; i < value.n; i++)
        at[i] = ascii_lower(at[i]);
    return value;
}
