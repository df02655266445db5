#include "dns/zone_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dns/zone_rdata.h"
#include "dns/zone_scan.h"

enum { WARNINGS_MAX = 20 }; /* lines about one zone; the rest is counted */

struct check {
    const struct zone_records *records;
    const struct name *apex;
    struct dns_fault *fault;
    const struct zone_record *cut;   /* the delegation that we are below */
    const struct zone_record *dname; /* likewise */
    unsigned warnings;
};

/* The records of one name. */
struct group {
    const struct zone_record *first, *end;
};

/* ---- order ------------------------------------------------------------------------------ */

/* By owner, type, data; the earlier line first where all are equal. */
static int compare_records(const void *left, const void *right)
{
    const struct zone_record *a = left, *b = right;
    int order = name_order(&a->owner, &b->owner);
    if (order == 0)
        order = (int)a->type - (int)b->type;
    if (order == 0)
        order = memcmp(a->rdata, b->rdata, a->size < b->size ? a->size : b->size);
    if (order == 0)
        order = (int)a->size - (int)b->size;
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

bool zone_same_set(const struct zone_record *a, const struct zone_record *b)
{
    return a->type == b->type && name_is(&a->owner, &b->owner);
}

bool zone_same_data(const struct zone_record *a, const struct zone_record *b)
{
    return zone_same_set(a, b) && a->size == b->size && memcmp(a->rdata, b->rdata, a->size) == 0;
}

/* The records of a name; empty when there are none. */
static struct group find_group(const struct zone_records *records, const struct name *name)
{
    const struct zone_record *end = records->items + records->count;
    size_t low = 0, high = records->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (name_order(&records->items[middle].owner, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct group g = {records->items + low, records->items + low};
    while (g.end < end && name_is(&g.end->owner, name))
        g.end++;
    return g;
}

static const struct zone_record *first_of(struct group g, uint16_t type)
{
    for (const struct zone_record *r = g.first; r < g.end; r++)
        if (r->type == type)
            return r;
    return NULL;
}

/* ---- faults and warnings ---------------------------------------------------------------- */

static enum err refuse(struct check *c, const struct zone_record *at, const char *format, ...)
    PRINTF(3, 4);

static enum err refuse(struct check *c, const struct zone_record *at, const char *format, ...)
{
    char text[sizeof(c->fault->text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fault_set(c->fault, at->file, at->line, at->column, "%s", text);
    return ERR_SYNTAX;
}

static void warn(struct check *c, const struct zone_record *at, const char *format, ...)
    PRINTF(3, 4);

static void warn(struct check *c, const struct zone_record *at, const char *format, ...)
{
    char text[2 * NAME_TEXT];
    bool made_up = !*at->file; /* by us */
    if (made_up || c->warnings++ >= WARNINGS_MAX)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_warn("%s:%u:%u: %s", at->file, at->line, at->column, text);
}

/* ---- one name --------------------------------------------------------------------------- */

/* An alias stands alone (RFC 1034 section 3.6.2, RFC 2181 section 10.1). */
static enum err check_alias(struct check *c, struct group g)
{
    const struct zone_record *alias = NULL, *other = NULL;
    for (const struct zone_record *r = g.first; r < g.end; r++) {
        if (r->type == TYPE_CNAME && (!alias || zone_same_data(alias, r)))
            alias = r;
        else
            other = r;
    }
    if (!alias || !other)
        return ERR_OK;
    char owner[NAME_TEXT];
    return refuse(c, alias->line > other->line ? alias : other,
                  "found a CNAME beside other data at %.150s, expected it alone",
                  name_format(alias->owner.wire, owner));
}

/* One DNAME, and not where a zone is delegated (RFC 6672 sections 2.3 and 2.4). */
static enum err check_dname(struct check *c, struct group g)
{
    char owner[NAME_TEXT];
    const struct zone_record *dname = first_of(g, TYPE_DNAME);
    if (!dname)
        return ERR_OK;
    name_format(dname->owner.wire, owner);
    for (const struct zone_record *r = dname; r < g.end && r->type == TYPE_DNAME; r++)
        if (!zone_same_data(dname, r))
            return refuse(c, r, "found a second DNAME at %.150s, expected one", owner);
    if (first_of(g, TYPE_NS) && !name_is(&dname->owner, c->apex))
        return refuse(c, dname, "found a DNAME beside NS at %.150s, expected one of them", owner);
    return ERR_OK;
}

static enum err check_ds(struct check *c, struct group g)
{
    char owner[NAME_TEXT];
    const struct zone_record *ds = first_of(g, TYPE_DS);
    if (!ds || (first_of(g, TYPE_NS) && !name_is(&ds->owner, c->apex)))
        return ERR_OK;
    return refuse(c, ds, "found a DS at %.150s, expected it at a delegation",
                  name_format(ds->owner.wire, owner));
}

/* ---- what a delegation or DNAME covers -------------------------------------------------- */

static void warn_occluded(struct check *c, struct group g, const struct zone_record *cut)
{
    char owner[NAME_TEXT], top[NAME_TEXT], type[ZONE_TYPE_TEXT];
    bool below = !name_is(&g.first->owner, &cut->owner);
    for (const struct zone_record *r = g.first; r < g.end; r++) {
        bool delegates = !below && (r->type == TYPE_NS || r->type == TYPE_DS);
        if (delegates || r->type == TYPE_A || r->type == TYPE_AAAA)
            continue;
        warn(c, r, "%s of %s is not served: it belongs to the zone delegated at %s",
             zone_type_format(r->type, type), name_format(r->owner.wire, owner),
             name_format(cut->owner.wire, top));
    }
}

/* The order of names brings what is below a name right after it. */
static void leave(const struct zone_record **top, struct group g)
{
    if (*top && !name_is_below(&g.first->owner, &(*top)->owner))
        *top = NULL;
}

static enum err check_cover(struct check *c, struct group g)
{
    char owner[NAME_TEXT], top[NAME_TEXT];
    leave(&c->cut, g);
    leave(&c->dname, g);
    if (c->dname)
        return refuse(c, g.first, "found %.100s below the DNAME at %.100s, expected nothing there",
                      name_format(g.first->owner.wire, owner),
                      name_format(c->dname->owner.wire, top));
    bool apex = name_is(&g.first->owner, c->apex);
    if (!c->cut && !apex)
        c->cut = first_of(g, TYPE_NS);
    c->dname = first_of(g, TYPE_DNAME);
    if (c->cut)
        warn_occluded(c, g, c->cut);
    return ERR_OK;
}

/* ---- where records point to ------------------------------------------------------------- */

/* Is there something above the name that may say what it is: a wildcard, a DNAME, a
 * delegation? */
static bool is_said_above(const struct check *c, const struct name *name)
{
    for (unsigned skip = 1; skip + c->apex->labels <= name->labels; skip++) {
        struct name wild, above;
        uint8_t size;
        name_from_wire(name_tail(name, skip, &size), &above);
        struct group g = find_group(c->records, &above);
        if (first_of(g, TYPE_DNAME) || (first_of(g, TYPE_NS) && !name_is(&above, c->apex)))
            return true;
        if (name_join(TEXT("*"), &above, &wild))
            continue;
        g = find_group(c->records, &wild);
        if (g.first < g.end)
            return true;
    }
    return false;
}

static enum err check_server(struct check *c, const struct zone_record *r,
                             const struct name *server)
{
    char owner[NAME_TEXT], target[NAME_TEXT];
    struct group g = find_group(c->records, server);
    if (first_of(g, TYPE_A) || first_of(g, TYPE_AAAA))
        return ERR_OK;
    name_format(r->owner.wire, owner);
    name_format(server->wire, target);
    bool apex = name_is(&r->owner, c->apex);
    if (!apex && name_is_below(server, &r->owner))
        return refuse(c, r, "found no address of %.90s, to which %.90s is delegated, expected one",
                      target, owner);
    if (!first_of(g, TYPE_CNAME) && !is_said_above(c, server))
        warn(c, r, "%s is a server of %s and has no address in the zone file", target, owner);
    return ERR_OK;
}

static int target_offset(uint16_t type)
{
    return type == TYPE_NS ? 0 : type == TYPE_MX ? 2 : type == TYPE_SRV ? 6 : -1;
}

/* RFC 2181 section 10.3, RFC 2782 "Target". */
static enum err check_target(struct check *c, const struct zone_record *r)
{
    char owner[NAME_TEXT], name[NAME_TEXT], type[ZONE_TYPE_TEXT];
    struct name target;
    int offset = target_offset(r->type);
    if (offset < 0)
        return ERR_OK;
    name_from_wire(r->rdata + offset, &target);
    if (!name_is_below(&target, c->apex))
        return ERR_OK;
    if (first_of(find_group(c->records, &target), TYPE_CNAME))
        warn(c, r, "%s of %s names %s, which is an alias; many do not follow it",
             zone_type_format(r->type, type), name_format(r->owner.wire, owner),
             name_format(target.wire, name));
    return r->type == TYPE_NS ? check_server(c, r, &target) : ERR_OK;
}

/* ---- what is likely to be a mistake ------------------------------------------------------- */

/* "MX 10 192.0.2.1": a name of four labels, which nobody has. */
static void warn_address(struct check *c, const struct zone_record *r)
{
    char owner[NAME_TEXT], type[ZONE_TYPE_TEXT];
    if (r->address)
        warn(c, r, "%s of %s names an address, expected a name that has it",
             zone_type_format(r->type, type), name_format(r->owner.wire, owner));
}

/* RFC 2181 section 5.2. */
static void warn_ttls(struct check *c, struct group g)
{
    char owner[NAME_TEXT], type[ZONE_TYPE_TEXT];
    const struct zone_record *first = g.first, *warned = NULL;
    for (const struct zone_record *r = g.first; r < g.end; r++) {
        if (r->type != first->type)
            first = r;
        if (r->ttl == first->ttl || first == warned)
            continue;
        const struct zone_record *later = r->line > first->line ? r : first;
        const struct zone_record *earlier = later == r ? first : r;
        warn(c, later,
             "%s of %s has a TTL of %u here and one of %u above; the least of all holds for "
             "the set",
             zone_type_format(r->type, type), name_format(r->owner.wire, owner), later->ttl,
             earlier->ttl);
        warned = first;
    }
}

/* Nobody asks for these: software sends the xn-- form (RFC 5891). */
static void warn_foreign_bytes(struct check *c, const struct zone_record *r)
{
    char owner[NAME_TEXT];
    for (size_t i = 0; i < r->owner.size; i++) {
        if (r->owner.wire[i] < 0x80)
            continue;
        warn(c, r,
             "%s has bytes that are not ASCII; a name of other letters is asked for in its "
             "xn-- form",
             name_format(r->owner.wire, owner));
        return;
    }
}

/* ---- all -------------------------------------------------------------------------------- */

static enum err check_group(struct check *c, struct group g)
{
    enum err err = check_alias(c, g);
    if (!err)
        err = check_dname(c, g);
    if (!err)
        err = check_ds(c, g);
    if (!err)
        err = check_cover(c, g);
    bool occluded = c->cut && !name_is(&c->cut->owner, &g.first->owner);
    for (const struct zone_record *r = g.first; r < g.end && !err && !occluded; r++) {
        warn_address(c, r);
        err = check_target(c, r);
    }
    warn_ttls(c, g);
    warn_foreign_bytes(c, g.first);
    return err;
}

enum err zone_check(struct zone_records *records, const struct name *apex, struct dns_fault *fault)
{
    struct check c = {.records = records, .apex = apex, .fault = fault};
    const struct zone_record *end = records->items + records->count;
    enum err err = ERR_OK;
    qsort(records->items, records->count, sizeof(*records->items), compare_records);
    for (struct group g = {records->items, NULL}; g.first < end && !err; g.first = g.end) {
        for (g.end = g.first; g.end < end && name_is(&g.end->owner, &g.first->owner);)
            g.end++;
        err = check_group(&c, g);
    }
    char name[NAME_TEXT];
    if (c.warnings > WARNINGS_MAX)
        log_warn("zone %s: %u more warnings", name_format(apex->wire, name),
                 c.warnings - WARNINGS_MAX);
    return err;
}
