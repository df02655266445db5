#include "dns/chaos.h"

static bool is_name(const struct name *name, const char *wire, size_t size)
{
    return name->size == size && memcmp(name->wire, wire, size) == 0;
}

#define IS_NAME(name, wire) is_name(name, wire, sizeof(wire))

static bool is_version(const struct name *name)
{
    return IS_NAME(name, "\7version\4bind") || IS_NAME(name, "\7version\6server");
}

static bool is_identity(const struct name *name)
{
    return IS_NAME(name, "\2id\6server") || IS_NAME(name, "\10hostname\4bind");
}

static const char *text_at(const struct dns_config *config, const struct name *name)
{
    return is_version(name) ? config->version : is_identity(name) ? config->server_id : NULL;
}

const char *chaos_untold(const struct respond *r)
{
    if (text_at(&r->dns->config, r->name))
        return NULL;
    return is_version(r->name)    ? "not told; dns.version sets it"
           : is_identity(r->name) ? "not told; dns.server_id sets it"
                                  : NULL;
}

bool chaos_respond(struct respond *r)
{
    const char *text = text_at(&r->dns->config, r->name);
    if (!text || (r->type != TYPE_TXT && r->type != TYPE_ANY))
        return false;
    size_t size = strnlen(text, DNS_TEXT_MAX);
    uint8_t *p = answer_room(&r->answer, RECORD_HEAD + 1 + size);
    r->answer.authoritative = true;
    r->answer.truncated = !p;
    if (!p)
        return true;
    uint8_t *rdata = put_record_head(p, r->owner, TYPE_TXT, 0, 1 + size);
    put_u16(p + 4, CLASS_CH);
    *rdata = (uint8_t)size;
    memcpy(rdata + 1, text, size);
    r->answer.counts[SECTION_ANSWER]++;
    return true;
}
