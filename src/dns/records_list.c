/* Plain records as a page of JSON, for people and their tools. */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "dns/plain.h"
#include "dns/wire.h"
#include "dns/zone_rdata.h"

enum { PAGE_BYTES = 256 * 1024, RR_MAX = NAME_MAX_WIRE + 10 + RECORDS_RDATA_MAX };

/* As for a type that nobody knows (RFC 3597 section 5). NULL when memory lacks. */
static char *generic_text(const struct plain *p)
{
    char *text = malloc(16 + 2 * (size_t)p->size);
    if (!text)
        return NULL;
    int used = sprintf(text, "\\# %u%s", p->size, p->size ? " " : "");
    for (uint16_t i = 0; i < p->size; i++)
        used += sprintf(text + used, "%02x", p->bytes[i]);
    return text;
}

/* NULL: ldns does not take it, or memory lacks. */
static char *known_text(const struct plain *p)
{
    uint8_t wire[RR_MAX];
    size_t at = 0;
    ldns_rr *rr;
    struct writer w = writer_of(wire, sizeof(wire));
    write_u8(&w, 0); /* whoever it belongs to */
    write_u16(&w, p->type);
    write_u16(&w, CLASS_IN);
    write_u32(&w, p->ttl);
    write_u16(&w, p->size);
    write_bytes(&w, p->bytes, p->size);
    if (w.full || ldns_wire2rr(&rr, wire, writer_used(&w), &at, LDNS_SECTION_ANSWER))
        return NULL;
    char *text = ldns_rr2str(rr), *data = text;
    ldns_rr_free(rr);
    for (unsigned field = 0; data && field < 4; field++) /* owner, TTL, class, type */
        data = strchr(data, '\t') ? strchr(data, '\t') + 1 : NULL;
    if (data)
        memmove(text, data, strlen(data) + 1);
    if (text)
        text[strcspn(text, "\n")] = '\0';
    if (data)
        return text;
    free(text);
    return NULL;
}

static json_t *name_json(const struct name *name)
{
    char text[NAME_TEXT];
    return json_string(name_format(name->wire, text));
}

static json_t *left_json(const struct plain *p, struct moment now)
{
    if (p->due.at == HEAP_ABSENT)
        return json_null();
    return json_integer(p->due.key > now.lease_ms ? (json_int_t)(p->due.key - now.lease_ms) : 0);
}

/* NULL when memory lacks; *bytes grows by about what it takes. */
static json_t *record_json(const struct plain_name *n, const struct plain *p, struct moment now,
                           size_t *bytes)
{
    char type[ZONE_TYPE_TEXT];
    char *data = known_text(p);
    if (!data)
        data = generic_text(p);
    if (!data)
        return NULL;
    *bytes += 200 + strlen(data);
    struct dns_record r = plain_read(p);
    json_t *json = json_pack("{s:o,s:o,s:I,s:s,s:s,s:o,s:I,s:o}", "zone", name_json(&n->zone),
                             "name", name_json(&n->owner), "ttl", (json_int_t)p->ttl, "type",
                             zone_type_format(p->type, type), "data", data, "key",
                             json_stringn(r.key.n ? r.key.s : "", r.key.n), "lease_s",
                             (json_int_t)p->lease_s, "expires_in_ms", left_json(p, now));
    free(data);
    return json;
}

static int add_name(json_t *list, const struct plain_name *n, struct moment now, size_t *bytes)
{
    int failed = 0;
    for (size_t i = 0; i < n->count && !failed; i++)
        failed = json_array_append_new(list, record_json(n, n->records[i], now, bytes));
    return failed;
}

json_t *dns_records_list(const struct dns_records *records, uint64_t after, size_t limit,
                         struct moment now)
{
    char next[24];
    size_t bytes = 0;
    uint64_t last = after;
    json_t *list = json_array();
    const struct plain_name *n = TAILQ_FIRST(&records->feed);
    int failed = !list;
    while (n && n->index <= after)
        n = TAILQ_NEXT(n, feed);
    for (; n && !failed && json_array_size(list) < limit && bytes < PAGE_BYTES;
         n = TAILQ_NEXT(n, feed)) {
        failed = add_name(list, n, now, &bytes);
        last = n->index;
    }
    snprintf(next, sizeof(next), "%ju", (uintmax_t)last);
    if (!failed)
        return json_pack("{s:o,s:s?}", "records", list, "next", n ? next : NULL);
    json_decref(list);
    return NULL;
}
