/* dns_explain: lets the code that answers answer, over UDP and TCP, and tells what it left
 * behind. The presentation form comes from ldns, which reads only what we wrote. */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "dns/explain_view.h"
#include "dns/respond.h"

enum { QUESTION_MAX = HEADER_SIZE + NAME_MAX_WIRE + 4 + OPT_SIZE };

/* ---- the question ------------------------------------------------------------------------ */

/* "SRV", "TYPE65"; false when there is no such type. */
static bool parse_type(const char *text, uint16_t *out)
{
    uint64_t number;
    if (strncasecmp(text, "TYPE", 4) == 0) {
        if (text_number(text_of(text + 4), UINT16_MAX, &number))
            return false;
        *out = (uint16_t)number;
        return true;
    }
    *out = (uint16_t)ldns_get_rr_type_by_name(text);
    return *out != 0;
}

/* A question with EDNS that asks for as much as may be had. */
static size_t write_question(const struct name *name, uint16_t type, uint8_t *out)
{
    static const uint8_t header[HEADER_SIZE] = {[5] = 1, [11] = 1}; /* QDCOUNT, ARCOUNT */
    struct writer w = writer_of(out, QUESTION_MAX);
    write_bytes(&w, header, sizeof(header));
    write_bytes(&w, name->wire, name->size);
    write_u16(&w, type);
    write_u16(&w, CLASS_IN);
    write_u8(&w, 0); /* OPT: owner, type, size, flags, no option */
    write_u16(&w, TYPE_OPT);
    write_u16(&w, UINT16_MAX);
    write_u32(&w, 0);
    write_u16(&w, 0);
    return writer_used(&w);
}

/* ---- the answer -------------------------------------------------------------------------- */

static int set(json_t *out, const char *key, json_t *value)
{
    return json_object_set_new(out, key, value);
}

static json_t *line_of(const ldns_rr *record)
{
    char *text = ldns_rr2str(record);
    if (!text)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    for (char *tab = text; (tab = strchr(tab, '\t'));)
        *tab = ' ';
    json_t *line = json_string(text);
    free(text);
    return line;
}

static json_t *section_of(const ldns_rr_list *records)
{
    json_t *list = json_array();
    size_t count = records ? ldns_rr_list_rr_count(records) : 0;
    int failed = !list;
    for (size_t i = 0; i < count && !failed; i++)
        failed = json_array_append_new(list, line_of(ldns_rr_list_rr(records, i)));
    if (failed) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static int tell_answer(const uint8_t *bytes, size_t size, json_t *out)
{
    ldns_pkt *packet = NULL;
    if (ldns_wire2pkt(&packet, bytes, size) != LDNS_STATUS_OK)
        return -1;
    int failed = set(out, "answer", section_of(ldns_pkt_answer(packet)));
    failed |= set(out, "authority", section_of(ldns_pkt_authority(packet)));
    failed |= set(out, "additional", section_of(ldns_pkt_additional(packet)));
    ldns_pkt_free(packet);
    return failed;
}

static const char *rcode_text(unsigned rcode)
{
    static const char *const texts[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                        "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                        "NXRRSET", "NOTAUTH", "NOTZONE"};
    return rcode < ARRAY_COUNT(texts) ? texts[rcode] : "other";
}

static int tell_outcome(const struct respond *r, const uint8_t *bytes, json_t *out)
{
    const struct answer *a = &r->answer;
    int failed = set(out, "rcode", json_string(rcode_text(bytes[3] & 0xf)));
    failed |= set(out, "truncated", json_boolean(a->truncated));
    if (a->ede != EDE_NONE)
        failed |=
            set(out, "ede",
                json_pack("{s:i,s:s%}", "code", a->ede, "text", a->ede_words.s, a->ede_words.n));
    else
        failed |= set(out, "ede", json_null());
    return failed;
}

/* ---- both ------------------------------------------------------------------------------------ */

static int explain(const struct dns *dns, struct dns_worker *worker, const struct name *name,
                   uint16_t type, const struct addr *client, uint8_t *room, json_t *out)
{
    uint8_t question[QUESTION_MAX];
    struct respond r;
    struct query query;
    struct dns_request request = {.bytes = question, .from = {.port = 1}, .transport = DNS_TCP};
    request.size = write_question(name, type, question);
    request.from.addr = *client;
    size_t tcp = respond(&r, dns, worker, &request, &query, room, DNS_TCP_LIMIT);
    request.transport = DNS_UDP;
    size_t udp = respond(&r, dns, worker, &request, &query, room, DNS_UDP_LIMIT);
    int failed = explain_found(&r, out);
    failed |= tell_outcome(&r, room, out);
    failed |= tell_answer(room, udp, out);
    failed |= set(out, "udp_bytes", json_integer((json_int_t)udp));
    failed |= set(out, "tcp_bytes", json_integer((json_int_t)tcp));
    return failed;
}

json_t *dns_explain(const struct dns *dns, struct dns_worker *worker, const char *name,
                    const char *type, const struct addr *client)
{
    static const struct addr nobody = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}};
    struct name parsed;
    uint16_t number;
    char canonical[NAME_TEXT];
    if (name_parse(text_of(name), &parsed))
        return json_pack("{s:s}", "error", "the name is no domain name");
    if (!parse_type(type, &number))
        return json_pack("{s:s}", "error", "the type is none of the DNS, such as SRV, A or TYPE65");
    uint8_t *room = malloc(DNS_TCP_LIMIT);
    json_t *out = json_pack("{s:s,s:s}", "name", name_format(parsed.wire, canonical), "type", type);
    int failed = !room || !out ||
                 explain(dns, worker, &parsed, number, client ? client : &nobody, room, out);
    free(room);
    if (!failed)
        return out;
    json_decref(out);
    return NULL;
}
