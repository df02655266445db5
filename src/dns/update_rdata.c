/* RDATA out of a message: names uncompressed, the rest looked at as its type demands. */
#include "base/bytes.h"
#include "dns/query.h"
#include "dns/update_parts.h"

enum {
    TYPE_MD = 3,
    TYPE_MF = 4,
    TYPE_MB = 7,
    TYPE_MG = 8,
    TYPE_MR = 9,
    TYPE_NULL = 10,
    TYPE_WKS = 11,
    TYPE_MINFO = 14,
    TYPE_RP = 17,
    TYPE_AFSDB = 18,
    TYPE_RT = 21,
    TYPE_PX = 26,
    TYPE_LOC = 29,
    TYPE_NAPTR = 35,
    TYPE_KX = 36,
    TYPE_SSHFP = 44,
    TYPE_TLSA = 52,
    TYPE_SMIMEA = 53,
    TYPE_URI = 256,
    TYPE_CAA = 257
};

/* One character for each field: digits so many bytes, n a name, s a character-string, S one
 * and more of them, t a string that is not empty, + at least one byte more, * any bytes more,
 * p SvcParams (RFC 9460 section 2.2). */
static const struct layout {
    uint16_t type;
    const char *fields;
} layouts[] = {
    {TYPE_A, "4"},      {TYPE_NS, "n"},      {TYPE_MD, "n"},         {TYPE_MF, "n"},
    {TYPE_CNAME, "n"},  {TYPE_SOA, "nn884"}, {TYPE_MB, "n"},         {TYPE_MG, "n"},
    {TYPE_MR, "n"},     {TYPE_WKS, "41*"},   {TYPE_PTR, "n"},        {TYPE_HINFO, "ss"},
    {TYPE_MINFO, "nn"}, {TYPE_MX, "2n"},     {TYPE_TXT, "S"},        {TYPE_RP, "nn"},
    {TYPE_AFSDB, "2n"}, {TYPE_RT, "2n"},     {TYPE_PX, "2nn"},       {TYPE_AAAA, "88"},
    {TYPE_LOC, "88"},   {TYPE_SRV, "222n"},  {TYPE_NAPTR, "22sssn"}, {TYPE_KX, "2n"},
    {TYPE_DNAME, "n"},  {TYPE_SSHFP, "11+"}, {TYPE_TLSA, "111+"},    {TYPE_SMIMEA, "111+"},
    {TYPE_SVCB, "2np"}, {TYPE_HTTPS, "2np"}, {TYPE_URI, "22+"},      {TYPE_CAA, "1t*"},
};

struct fields {
    const uint8_t *bytes; /* the message */
    size_t size, at, end; /* end: of the RDATA */
    struct writer *w;
};

static bool copy(struct fields *f, size_t n)
{
    if (f->end - f->at < n)
        return false;
    write_bytes(f->w, f->bytes + f->at, n);
    f->at += n;
    return !f->w->full;
}

static bool copy_name(struct fields *f)
{
    struct name name;
    if (!query_name(f->bytes, f->size, &f->at, &name) || f->at > f->end)
        return false;
    write_bytes(f->w, name.wire, name.size);
    return !f->w->full;
}

static bool copy_string(struct fields *f)
{
    return f->at < f->end && copy(f, 1u + f->bytes[f->at]);
}

static bool copy_strings(struct fields *f)
{
    do {
        if (!copy_string(f))
            return false;
    } while (f->at < f->end);
    return true;
}

/* Keys ascending, none twice (RFC 9460 section 2.2). */
static bool copy_params(struct fields *f)
{
    for (int last = -1; f->at < f->end;) {
        if (f->end - f->at < 4)
            return false;
        int key = get_u16(f->bytes + f->at);
        if (key <= last || !copy(f, 4u + get_u16(f->bytes + f->at + 2)))
            return false;
        last = key;
    }
    return true;
}

static bool copy_field(struct fields *f, char field)
{
    switch (field) {
    case 'n': return copy_name(f);
    case 's': return copy_string(f);
    case 't': return f->at < f->end && f->bytes[f->at] && copy_string(f);
    case 'S': return copy_strings(f);
    case 'p': return copy_params(f);
    case '+': return f->at < f->end && copy(f, f->end - f->at);
    case '*': return copy(f, f->end - f->at);
    default: return copy(f, (size_t)(field - '0'));
    }
}

bool update_rdata(const uint8_t *bytes, size_t message_size, size_t at, size_t size, uint16_t type,
                  struct writer *w)
{
    struct fields f = {bytes, message_size, at, at + size, w};
    const char *fields = "*";
    for (size_t i = 0; i < ARRAY_COUNT(layouts); i++)
        if (layouts[i].type == type)
            fields = layouts[i].fields;
    for (; *fields; fields++)
        if (!copy_field(&f, *fields))
            return false;
    return f.at == f.end;
}
