#include "dns/zone_rdata.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "dns/svcb_check.h"
#include "dns/zone_file.h"
#include "dns/zone_scan.h"

bool zone_type_parse(const char *text, uint16_t *out)
{
    if (strncasecmp(text, "TYPE", 4) == 0) {
        uint64_t number;
        if (text_number(text_of(text + 4), UINT16_MAX, &number))
            return false;
        *out = (uint16_t)number;
        return true;
    }
    ldns_rr_type type = ldns_get_rr_type_by_name(text);
    *out = (uint16_t)type;
    return type != 0 && type <= UINT16_MAX;
}

const char *zone_type_format(uint16_t type, char out[static ZONE_TYPE_TEXT])
{
    const ldns_rr_descriptor *d = ldns_rr_descript(type);
    if (d && d->_name && ldns_rr_descriptor_maximum(d) > 0)
        snprintf(out, ZONE_TYPE_TEXT, "%s", d->_name);
    else
        snprintf(out, ZONE_TYPE_TEXT, "TYPE%u", type);
    return out;
}

bool zone_type_is_meta(uint16_t type)
{
    return type == 0 || type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255);
}

bool zone_type_is_dnssec(uint16_t type)
{
    return type == LDNS_RR_TYPE_SIG || type == LDNS_RR_TYPE_NXT ||
           (type >= LDNS_RR_TYPE_RRSIG && type <= LDNS_RR_TYPE_DNSKEY) ||
           type == LDNS_RR_TYPE_NSEC3 || type == LDNS_RR_TYPE_NSEC3PARAM;
}

static uint32_t unit(char c)
{
    switch (ascii_lower(c)) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 604800;
    default: return 0;
    }
}

enum err zone_ttl_parse(const char *text, uint32_t *out)
{
    uint64_t total = 0, number = 0;
    bool digits = false;
    if (!*text)
        return ERR_SYNTAX;
    for (const char *c = text; *c; c++) {
        if (*c >= '0' && *c <= '9') {
            number = number * 10 + (uint64_t)(*c - '0');
            digits = true;
        } else {
            if (!digits || !unit(*c))
                return ERR_SYNTAX;
            total += number * unit(*c);
            number = 0;
            digits = false;
        }
        if (number + total > INT32_MAX)
            return ERR_VALUE;
    }
    *out = (uint32_t)(total + number);
    return ERR_OK;
}

/* ---- the second look ---------------------------------------------------------------- */

static bool read_name(struct reader *r)
{
    const uint8_t *start = r->at;
    for (;;) {
        uint8_t length = read_u8(r);
        if (length > 63)
            return false;
        read_bytes(r, length);
        if (r->bad || r->at - start > NAME_MAX_WIRE)
            return false;
        if (!length)
            return true;
    }
}

static bool read_strings(struct reader *r)
{
    while (reader_left(r))
        read_bytes(r, read_u8(r));
    return !r->bad;
}

/* Is this the wire form of the type? */
static bool has_form(uint16_t type, const uint8_t *rdata, uint16_t size)
{
    struct reader r = reader_of(rdata, size);
    switch (type) {
    case TYPE_A: return size == 4;
    case TYPE_AAAA: return size == 16;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_DNAME:
    case TYPE_PTR: return read_name(&r) && reader_left(&r) == 0;
    case TYPE_SOA: return read_name(&r) && read_name(&r) && reader_left(&r) == 20;
    case TYPE_MX: return read_bytes(&r, 2) && read_name(&r) && reader_left(&r) == 0;
    case TYPE_SRV: return read_bytes(&r, 6) && read_name(&r) && reader_left(&r) == 0;
    case TYPE_DS: return size > 4; /* key tag, algorithm, digest type: RFC 4034 section 5.1 */
    case TYPE_SVCB:
    case TYPE_HTTPS: return read_bytes(&r, 2) && read_name(&r);
    case TYPE_TXT: return size > 0 && read_strings(&r);
    default: return true;
    }
}

/* ---- numbers ------------------------------------------------------------------------ */

enum { FIELD_MAX = 32 }; /* longer than any number */

/* Is the field a number in the range of its kind? ldns cuts off what does not fit. */
static bool number_fits(ldns_rdf_type kind, const char *token)
{
    uint64_t max = kind == LDNS_RDF_TYPE_INT8    ? UINT8_MAX
                   : kind == LDNS_RDF_TYPE_INT16 ? UINT16_MAX
                                                 : UINT32_MAX;
    uint64_t number;
    return text_number(text_of(token), max, &number) == ERR_OK;
}

/* The next field of the text without changing it; false at the end or when it is too
 * long for a number. */
static bool next_field(const char **text, char field[FIELD_MAX])
{
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    bool fits = n < FIELD_MAX;
    memcpy(field, *text, fits ? n : 0);
    field[fits ? n : 0] = '\0';
    *text += n;
    return n > 0;
}

/* The types whose text ldns reads without leaking or crashing, as found by fuzzing; every
 * other type can be written in the form for any type. */
static bool is_text_type(uint16_t type)
{
    static const uint16_t types[] = {
        TYPE_A,
        TYPE_NS,
        TYPE_CNAME,
        TYPE_SOA,
        TYPE_PTR,
        TYPE_MX,
        TYPE_TXT,
        TYPE_AAAA,
        TYPE_SRV,
        TYPE_DNAME,
        TYPE_DS,
        LDNS_RR_TYPE_HINFO,
        LDNS_RR_TYPE_RP,
        LDNS_RR_TYPE_AFSDB,
        LDNS_RR_TYPE_LOC,
        LDNS_RR_TYPE_NAPTR,
        LDNS_RR_TYPE_SSHFP,
        LDNS_RR_TYPE_TLSA,
        LDNS_RR_TYPE_SPF,
        LDNS_RR_TYPE_CAA,
        LDNS_RR_TYPE_URI,
        LDNS_RR_TYPE_SVCB,
        LDNS_RR_TYPE_HTTPS,
    };
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

/* Fields stand in the text as in the type's description, one token each, up to the
 * first that may hold blanks. */
static bool numbers_fit(uint16_t type, const char *text)
{
    const ldns_rr_descriptor *d = ldns_rr_descript(type);
    char field[FIELD_MAX];
    for (size_t i = 0; i < ldns_rr_descriptor_minimum(d) && next_field(&text, field); i++) {
        ldns_rdf_type kind = ldns_rr_descriptor_field_type(d, i);
        uint32_t seconds;
        if (kind == LDNS_RDF_TYPE_INT8 || kind == LDNS_RDF_TYPE_INT16 ||
            kind == LDNS_RDF_TYPE_INT32) {
            if (!number_fits(kind, field))
                return false;
        } else if (kind == LDNS_RDF_TYPE_PERIOD) {
            if (zone_ttl_parse(field, &seconds))
                return false;
        } else if (kind == LDNS_RDF_TYPE_ALG) { /* a number or a mnemonic */
            if (*field >= '0' && *field <= '9' && !number_fits(LDNS_RDF_TYPE_INT8, field))
                return false;
        } else if (kind != LDNS_RDF_TYPE_DNAME) {
            return true;
        }
    }
    return true;
}

/* ---- the form for any type: "\# 3 abcdef" (RFC 3597 section 5) --------------------------- */

static int hex_digit(char c)
{
    c = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hex digits with blanks between them into exactly `size` bytes. */
static bool read_hex(const char *text, uint8_t *bytes, size_t size)
{
    size_t digits = 0;
    for (; *text; text++) {
        int digit = hex_digit(*text);
        if (*text == ' ')
            continue;
        if (digit < 0 || digits == 2 * size)
            return false;
        bytes[digits / 2] = (uint8_t)(digits % 2 ? bytes[digits / 2] << 4 | digit : digit);
        digits++;
    }
    return digits == 2 * size;
}

static enum err parse_any(const char *text, uint8_t **rdata, uint16_t *size, const char **wrong)
{
    char field[FIELD_MAX];
    uint64_t length;
    next_field(&text, field); /* the "\#" */
    next_field(&text, field);
    *wrong = "after \\# stand a length and that many bytes in hexadecimal";
    if (text_number(text_of(field), UINT16_MAX, &length))
        return ERR_SYNTAX;
    *rdata = malloc(length + 1);
    if (!*rdata)
        return ERR_MEMORY;
    *size = (uint16_t)length;
    return read_hex(text, *rdata, length) ? ERR_OK : ERR_SYNTAX;
}

/* ---- ldns --------------------------------------------------------------------------- */

static enum err join_fields(const ldns_rr *rr, uint8_t **rdata, uint16_t *size, const char **wrong)
{
    size_t total = 0;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
        total += ldns_rdf_size(ldns_rr_rdf(rr, i));
    if (total > UINT16_MAX) {
        *wrong = "it is longer than 65535 bytes";
        return ERR_SYNTAX;
    }
    uint8_t *to = *rdata = malloc(total + 1);
    if (!to)
        return ERR_MEMORY;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *field = ldns_rr_rdf(rr, i);
        if (ldns_rdf_size(field))
            memcpy(to, ldns_rdf_data(field), ldns_rdf_size(field));
        to += ldns_rdf_size(field);
    }
    *size = (uint16_t)total;
    return ERR_OK;
}

/* Without the blanks at the end, which ldns does not forgive in every type; an escaped one
 * is data. */
static size_t trimmed(const char *text)
{
    size_t n = strlen(text);
    while (n && text[n - 1] == ' ' && !(n > 1 && text[n - 2] == '\\'))
        n--;
    return n;
}

static enum err not_proper(const char *type, const char *text, const char *why,
                           struct zone_wrong *wrong)
{
    int size = (int)trimmed(text);
    wrong->at = text;
    snprintf(wrong->text, sizeof(wrong->text), "found %.20s '%.*s', expected proper data: %s", type,
             size < 80 ? size : 80, text, why);
    return ERR_SYNTAX;
}

/* The text that ldns is shown: owner, TTL and class are known and stand-ins here. */
static ldns_status parse(const char *type, const char *text, const struct name *origin,
                         ldns_rr **rr)
{
    char line[ZONE_LINE_MAX + 64];
    snprintf(line, sizeof(line), "x. 0 IN %s %.*s", type, (int)trimmed(text), text);
    ldns_rdf *base = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, origin->size, origin->wire);
    if (!base)
        return LDNS_STATUS_MEM_ERR;
    ldns_status status = ldns_rr_new_frm_str(rr, line, 0, base, NULL);
    ldns_rdf_deep_free(base);
    return status;
}

static enum err parse_text(const char *type_text, uint16_t type, const char *text,
                           const struct name *origin, uint8_t **rdata, uint16_t *size,
                           struct zone_wrong *wrong)
{
    ldns_rr *rr = NULL;
    const char *why = NULL;
    if (!is_text_type(type))
        return not_proper(type_text, text, "this type is read only as \\# LENGTH HEX", wrong);
    if (!zone_fields_check(type_text, type, text, wrong))
        return ERR_SYNTAX;
    if (!numbers_fit(type, text))
        return not_proper(type_text, text, "a number is missing or out of range", wrong);
    ldns_status status = parse(type_text, text, origin, &rr);
    if (status == LDNS_STATUS_MEM_ERR)
        return ERR_MEMORY;
    if (status != LDNS_STATUS_OK || !rr)
        return not_proper(type_text, text, ldns_get_errorstr_by_id(status), wrong);
    enum err err = join_fields(rr, rdata, size, &why);
    ldns_rr_free(rr);
    return err == ERR_SYNTAX ? not_proper(type_text, text, why, wrong) : err;
}

/* What the library and the form for any type let through. */
static enum err check_wire(const char *type_text, uint16_t type, const char *text,
                           const uint8_t *rdata, uint16_t size, struct zone_wrong *wrong)
{
    char why[SVCB_WRONG_TEXT];
    if (!has_form(type, rdata, size))
        return not_proper(type_text, text, "a field is missing or too much", wrong);
    if ((type != TYPE_SVCB && type != TYPE_HTTPS) || svcb_check(rdata, size, why))
        return ERR_OK;
    wrong->at = text;
    snprintf(wrong->text, sizeof(wrong->text), "found %.20s with %s", type_text, why);
    return ERR_SYNTAX;
}

enum err zone_rdata_parse(const char *type_text, uint16_t type, const char *text,
                          const struct name *origin, uint8_t **rdata, uint16_t *size,
                          struct zone_wrong *wrong)
{
    const char *why = NULL;
    *rdata = NULL;
    text += strspn(text, " ");
    bool any = strncmp(text, "\\#", 2) == 0 && (text[2] == ' ' || !text[2]);
    enum err err = any ? parse_any(text, rdata, size, &why)
                       : parse_text(type_text, type, text, origin, rdata, size, wrong);
    if (any && err == ERR_SYNTAX)
        err = not_proper(type_text, text, why, wrong);
    if (!err)
        err = check_wire(type_text, type, text, *rdata, *size, wrong);
    if (err) {
        free(*rdata);
        *rdata = NULL;
    }
    return err;
}
