/* dns_explain: asks the code that answers, then tells what it noted on the way. The
 * presentation form comes from ldns, which reads only what we wrote ourselves. */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/respond.h"

enum { CANDIDATES_MAX = 100, EXPLAIN_SIZE = DNS_TCP_LIMIT };

static const char *rule_text(enum rule rule)
{
    switch (rule) {
    case RULE_NONE: return "refused before any name was looked at";
    case RULE_OUTSIDE: return "in none of the zones";
    case RULE_MISSING: return "no such name";
    case RULE_EMPTY: return "empty non-terminal: only names below it exist";
    case RULE_STATIC: return "static name of the zone file";
    case RULE_SERVICE: return "service";
    case RULE_PROTOCOL: return "service by protocol";
    case RULE_INSTANCE: return "instance";
    case RULE_PORT: return "named port of the service";
    case RULE_SELECTOR: return "selector";
    }
    return "";
}

/* ---- the question ------------------------------------------------------------------------------ */

static bool parse_type(const char *text, uint16_t *out)
{
    uint64_t number;
    if (strncasecmp(text, "TYPE", 4) == 0 && !text_number(text_of(text + 4), UINT16_MAX, &number))
        *out = (uint16_t)number;
    else
        *out = (uint16_t)ldns_get_rr_type_by_name(text);
    return *out != 0;
}

/* A query with EDNS that asks for as much as may be had. */
static size_t write_query(const struct name *name, uint16_t type, uint8_t *out)
{
    struct writer w = writer_of(out, HEADER_SIZE + NAME_MAX_WIRE + 4 + OPT_SIZE);
    static const uint8_t header[HEADER_SIZE] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    write_bytes(&w, header, sizeof header);
    write_bytes(&w, name->wire, name->size);
    write_u16(&w, type);
    write_u16(&w, CLASS_IN);
    write_u8(&w, 0);
    write_u16(&w, TYPE_OPT);
    write_u16(&w, UINT16_MAX);
    write_u32(&w, 0);
    write_u16(&w, 0);
    return writer_used(&w);
}

/* ---- the candidates -------------------------------------------------------------------------------- */

static json_t *addresses_of(const struct view_instance *i)
{
    json_t *list = json_array();
    char text[ADDR_TEXT];
    for (unsigned n = 0; n < i->v4_count; n++) {
        struct addr a = {.family = FAMILY_V4};
        memcpy(a.bytes, i->v4 + 4 * n, 4);
        json_array_append_new(list, json_string(addr_format(&a, text)));
    }
    for (unsigned n = 0; n < i->v6_count; n++) {
        struct addr a = {.family = FAMILY_V6};
        memcpy(a.bytes, i->v6 + 16 * n, 16);
        json_array_append_new(list, json_string(addr_format(&a, text)));
    }
    return list;
}

static bool selector_has(const struct selector *s, uint32_t instance)
{
    for (uint32_t i = 0; i < s->live_count; i++)
        if (s->live[i] == instance)
            return true;
    return false;
}

static const char *why(const struct resolution *r, const struct view *v, uint32_t n)
{
    const struct view_instance *i = &v->instances[n];
    if (r->rule == RULE_INSTANCE)
        return i == r->instance ? "asked for by name" : "out: another instance was asked for";
    if (!i->live)
        return "out: not up";
    for (unsigned s = 0; s < r->selector_count; s++)
        if (!selector_has(r->selectors[s], n))
            return "out: does not match the selectors";
    if (r->type == TYPE_SRV && !i->port)
        return "out: has no port";
    return "in";
}

static json_t *candidate(const struct resolution *r, const struct view *v, uint32_t n)
{
    const struct view_instance *i = &v->instances[n];
    return json_pack("{s:s%,s:s,s:b,s:i,s:i,s:i,s:o,s:s}", "id", i->target + 1,
                     (size_t)i->target[0], "status", status_text(i->status), "live", i->live,
                     "weight", i->weight, "priority", i->priority, "port", i->port, "addresses",
                     addresses_of(i), "why", why(r, v, n));
}

static json_t *candidates(const struct resolution *r, const struct view *v)
{
    json_t *list = json_array();
    for (uint32_t n = 0; n < v->instance_count && n < CANDIDATES_MAX; n++)
        json_array_append_new(list, candidate(r, v, n));
    return list;
}

static json_t *filters(const struct resolution *r)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < r->selector_count; i++) {
        const struct selector *s = r->selectors[i];
        json_array_append_new(list, json_pack("{s:s%,s:s%,s:i}", "key", s->key.s, s->key.n,
                                              "value", s->value.s, s->value.n, "live",
                                              (int)s->live_count));
    }
    return list;
}

static void tell_view(const struct resolution *r, json_t *out)
{
    const struct view *v = r->view;
    if (!v)
        return;
    json_object_set_new(out, "service", json_stringn(v->service.s, v->service.n));
    json_object_set_new(out, "instances", json_integer(v->instance_count));
    json_object_set_new(out, "live", json_integer(v->live_count));
    json_object_set_new(out, "max_answers", json_integer(v->max_answers));
    json_object_set_new(out, "filters", filters(r));
    json_object_set_new(out, "candidates", candidates(r, v));
}

/* ---- the answer ------------------------------------------------------------------------------------- */

static json_t *section_of(const ldns_rr_list *records)
{
    json_t *list = json_array();
    for (size_t i = 0; records && i < ldns_rr_list_rr_count(records); i++) {
        char *text = ldns_rr2str(ldns_rr_list_rr(records, i));
        if (!text)
            continue;
        text[strcspn(text, "\n")] = '\0';
        for (char *tab = text; (tab = strchr(tab, '\t'));)
            *tab = ' ';
        json_array_append_new(list, json_string(text));
        free(text);
    }
    return list;
}

static void tell_answer(const uint8_t *bytes, size_t size, json_t *out)
{
    ldns_pkt *packet = NULL;
    if (ldns_wire2pkt(&packet, bytes, size) != LDNS_STATUS_OK)
        return;
    char *rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet));
    if (rcode)
        json_object_set_new(out, "rcode", json_string(rcode));
    free(rcode);
    json_object_set_new(out, "truncated", json_boolean(ldns_pkt_tc(packet)));
    json_object_set_new(out, "answer", section_of(ldns_pkt_answer(packet)));
    json_object_set_new(out, "authority", section_of(ldns_pkt_authority(packet)));
    json_object_set_new(out, "additional", section_of(ldns_pkt_additional(packet)));
    ldns_pkt_free(packet);
}

static void tell_resolution(const struct resolution *r, json_t *out)
{
    json_object_set_new(out, "rule", json_string(rule_text(r->rule)));
    if (r->zone)
        json_object_set_new(out, "zone", json_string(r->zone->name));
    if (r->zone && r->zone->ns)
        json_object_set_new(out, "namespace", json_string(r->zone->ns));
    if (r->answer.ede != EDE_NONE)
        json_object_set_new(out, "ede", json_pack("{s:i,s:s}", "code", r->answer.ede, "text",
                                                  r->answer.ede_text));
    tell_view(r, out);
}

static json_t *explain(const struct dns *dns, struct dns_worker *worker, const struct name *name,
                       uint16_t type, const struct addr *client, uint8_t *room)
{
    uint8_t bytes[HEADER_SIZE + NAME_MAX_WIRE + 4 + OPT_SIZE];
    struct resolution r;
    struct query query;
    struct dns_request request = {bytes, write_query(name, type, bytes),
                                  {.addr = *client, .port = 53}, DNS_TCP};
    json_t *out = json_object();
    if (!out)
        return NULL;
    size_t tcp = respond(&r, dns, worker, &request, &query, room, EXPLAIN_SIZE);
    request.transport = DNS_UDP;
    size_t udp = respond(&r, dns, worker, &request, &query, room, DNS_UDP_LIMIT);
    json_object_set_new(out, "udp_bytes", json_integer((json_int_t)udp));
    json_object_set_new(out, "tcp_bytes", json_integer((json_int_t)tcp));
    tell_resolution(&r, out);
    tell_answer(room, udp, out);
    return out;
}

json_t *dns_explain(const struct dns *dns, struct dns_worker *worker, const char *name,
                    const char *type, const struct addr *client)
{
    struct name parsed;
    uint16_t number;
    struct addr nobody = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}};
    if (name_parse(text_of(name), &parsed))
        return json_pack("{s:s}", "error", "the name is not a domain name");
    if (!parse_type(type, &number))
        return json_pack("{s:s}", "error", "the type is not a DNS record type, such as SRV or A");
    uint8_t *room = malloc(EXPLAIN_SIZE);
    if (!room)
        return NULL;
    json_t *out = explain(dns, worker, &parsed, number, client ? client : &nobody, room);
    free(room);
    if (out) {
        json_object_set_new(out, "name", json_string(name));
        json_object_set_new(out, "type", json_string(type));
    }
    return out;
}
