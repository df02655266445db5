#include "dns/zone_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "dns/zone_generate.h"
#include "dns/zone_rdata.h"
#include "dns/zone_scan.h"

enum {
    FILE_MAX = 256 << 20, /* bytes; beyond that it is not a zone file of static names */
    INCLUDE_DEPTH = 8,
    INCLUDE_FILES = 1000,
};

/* ---- the list ---------------------------------------------------------------------- */

enum err zone_records_add(struct zone_records *r, const struct zone_record *record)
{
    if (r->count == r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : 32;
        struct zone_record *grown = realloc(r->items, capacity * sizeof(*grown));
        if (!grown)
            return ERR_MEMORY;
        r->items = grown;
        r->capacity = capacity;
    }
    uint8_t *copy = malloc((size_t)record->size + 1);
    if (!copy)
        return ERR_MEMORY;
    if (record->size)
        memcpy(copy, record->rdata, record->size);
    r->items[r->count] = *record;
    r->items[r->count++].rdata = copy;
    return ERR_OK;
}

void zone_records_deinit(struct zone_records *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->items[i].rdata);
    free(r->items);
    for (size_t i = 0; i < r->file_count; i++)
        free(r->files[i]);
    free(r->files);
}

/* A copy of the path that lives as long as the records; NULL when memory lacks. */
static char *keep_path(struct zone_records *r, const char *path)
{
    char **grown = realloc(r->files, (r->file_count + 1) * sizeof(*grown));
    if (!grown)
        return NULL;
    r->files = grown;
    grown[r->file_count] = strdup(path);
    return grown[r->file_count] ? grown[r->file_count++] : NULL;
}

/* ---- reading ----------------------------------------------------------------------- */

struct parse {
    const struct dns_zone_config *config;
    const struct name *apex;
    struct zone_records *out;
    struct dns_fault *fault;
    const char *file; /* that is being read, `depth` files below the zone's own */
    unsigned depth;
    struct name origin, owner; /* owner.size 0: no record yet */
    uint32_t default_ttl;      /* DNS_UNSET = none is said */
    uint32_t last_ttl;         /* of the record before */
    bool soa_seen;
    bool generated; /* the line's text is made by $GENERATE, and stands nowhere in the file */
    struct zone_line line;
};

static struct zone_place place_of(const struct parse *p, const char *at)
{
    return zone_place_of(&p->line, p->generated ? NULL : at);
}

/* At a byte of the line's text; NULL = where it begins. */
#define REFUSE_AT(p, at, ...)                                                                      \
    (fault_set((p)->fault, (p)->file, place_of(p, at).line, place_of(p, at).column, __VA_ARGS__),  \
     ERR_SYNTAX)
#define REFUSE(p, ...) REFUSE_AT(p, NULL, __VA_ARGS__)

static enum err no_memory(struct parse *p)
{
    fault_set(p->fault, p->file, 0, 0, "out of memory");
    return ERR_MEMORY;
}

static enum err include(struct parse *p, const char *path, const char *origin);
static enum err generate(struct parse *p, const char *range, const char *template);

/* A name as the file writes it: "@", relative to the origin, or absolute. */
static enum err resolve(struct parse *p, const char *text, struct name *out)
{
    struct name relative;
    size_t n = strlen(text);
    if (strcmp(text, "@") == 0) {
        *out = p->origin;
        return ERR_OK;
    }
    if (name_parse((struct text){text, n}, &relative))
        return REFUSE_AT(p, text, "found '%.100s', expected a domain name", text);
    size_t slashes = 0;
    for (size_t i = n - 1; i > 0 && text[i - 1] == '\\'; i--)
        slashes++;
    *out = relative;
    if (text[n - 1] == '.' && slashes % 2 == 0)
        return ERR_OK;
    unsigned behind = relative.size - 1u;
    if (behind + p->origin.size > NAME_MAX_WIRE)
        return REFUSE_AT(p, text, "found '%.100s', which with its origin is longer than 255 bytes",
                         text);
    memcpy(out->wire + behind, p->origin.wire, p->origin.size);
    out->size = (uint8_t)(behind + p->origin.size);
    out->labels = (uint8_t)(relative.labels + p->origin.labels);
    return ERR_OK;
}

static enum err parse_ttl(struct parse *p, const char *text, uint32_t *out)
{
    enum err err = zone_ttl_parse(text, out);
    if (err == ERR_VALUE)
        return REFUSE_AT(p, text, "found TTL %.50s, expected at most 2147483647", text);
    if (err)
        return REFUSE_AT(p, text, "found TTL '%.50s', expected seconds", text);
    return ERR_OK;
}

static enum err directive(struct parse *p, const char *name, char *rest)
{
    char *argument = zone_token(&rest);
    if (strcasecmp(name, "$ORIGIN") == 0) {
        struct name origin;
        if (!argument)
            return REFUSE(p, "found $ORIGIN without a name");
        enum err err = resolve(p, argument, &origin);
        if (!err)
            p->origin = origin;
        return err;
    }
    if (strcasecmp(name, "$TTL") == 0)
        return parse_ttl(p, argument ? argument : "", &p->default_ttl);
    if (strcasecmp(name, "$INCLUDE") == 0)
        return include(p, argument, zone_token(&rest));
    if (strcasecmp(name, "$GENERATE") == 0)
        return generate(p, argument, rest);
    return REFUSE(p, "found '%.50s', expected $ORIGIN, $TTL, $INCLUDE, $GENERATE or a record",
                  name);
}

static bool is_class(const char *token)
{
    static const char *const classes[] = {"CH", "HS", "CS", "NONE", "ANY"};
    for (size_t i = 0; i < ARRAY_COUNT(classes); i++)
        if (strcasecmp(token, classes[i]) == 0)
            return true;
    return strncasecmp(token, "CLASS", 5) == 0;
}

/* [TTL] [class] type, TTL and class in either order; *token is the type then. */
static enum err parse_head(struct parse *p, char **rest, struct zone_record *r, char **token)
{
    r->ttl = p->default_ttl;
    for (;;) {
        *token = zone_token(rest);
        if (!*token)
            return REFUSE_AT(p, *rest, "found the end of the record, expected its type");
        if (**token >= '0' && **token <= '9') {
            enum err err = parse_ttl(p, *token, &r->ttl);
            if (err)
                return err;
        } else if (is_class(*token) && strcasecmp(*token, "CLASS1") != 0) {
            return REFUSE_AT(p, *token, "found class %.20s, expected IN", *token);
        } else if (strcasecmp(*token, "IN") != 0 && strcasecmp(*token, "CLASS1") != 0) {
            return ERR_OK;
        }
    }
}

static bool is_wildcard(const struct name *n)
{
    return n->wire[0] == 1 && n->wire[1] == '*';
}

/* What this record may be, by its owner and type. */
static enum err check_place(struct parse *p, const struct zone_record *r, const char *type)
{
    char owner[NAME_TEXT];
    bool at_apex = name_is(&r->owner, p->apex);
    name_format(r->owner.wire, owner);
    if (!name_is_below(&r->owner, p->apex))
        return REFUSE(p, "found %.150s, expected a name in zone %.60s", owner, p->config->name);
    if (r->type == TYPE_NS && is_wildcard(&r->owner)) /* RFC 4592 section 4.2 */
        return REFUSE(p, "found NS at the wildcard %.150s, expected it at a name", owner);
    if (r->type == TYPE_SOA && !at_apex)
        return REFUSE(p, "found an SOA at %.150s, expected it at the zone's own name", owner);
    if (r->type == TYPE_SOA && p->soa_seen)
        return REFUSE(p, "found a second SOA, expected one");
    if (zone_type_is_meta(r->type))
        return REFUSE_AT(p, type, "found type '%.30s', expected one that holds data", type);
    if (zone_type_is_dnssec(r->type))
        return REFUSE_AT(p, type, "found %.30s: a signed zone is not served, expected it unsigned",
                         type);
    return ERR_OK;
}

/* Where neither the record nor $TTL nor the configuration say it: as with the record before
 * (RFC 1035 section 5.1), and for an SOA its MINIMUM, which it was for once. */
static void take_default_ttl(struct parse *p, struct zone_record *r, const uint8_t *rdata)
{
    if (r->ttl == DNS_UNSET && p->last_ttl == DNS_UNSET)
        r->ttl = r->type == TYPE_SOA ? get_u32(rdata + r->size - 4) : ZONE_TTL_DEFAULT;
    else if (r->ttl == DNS_UNSET)
        r->ttl = p->last_ttl;
    if (r->ttl > INT32_MAX) /* RFC 2181 section 8 */
        r->ttl = 0;
    p->last_ttl = r->ttl;
}

static enum err record(struct parse *p, char *rest)
{
    struct zone_record r = {.line = p->line.line, .column = p->line.column, .file = p->file};
    uint8_t *rdata = NULL;
    char *type;
    enum err err = parse_head(p, &rest, &r, &type);
    if (err)
        return err;
    if (!zone_type_parse(type, &r.type))
        return REFUSE_AT(p, type, "found '%.50s', expected a record type", type);
    r.owner = p->owner;
    err = check_place(p, &r, type);
    if (err)
        return err;
    struct zone_wrong wrong;
    err = zone_rdata_parse(type, r.type, rest, &p->origin, &rdata, &r.size, &wrong);
    if (err == ERR_MEMORY)
        return no_memory(p);
    if (err)
        return REFUSE_AT(p, wrong.at, "%s", wrong.text);
    r.address = zone_fields_have_address(r.type, rest);
    take_default_ttl(p, &r, rdata);
    p->soa_seen |= r.type == TYPE_SOA;
    r.rdata = rdata;
    if (zone_records_add(p->out, &r))
        err = no_memory(p);
    free(rdata);
    return err;
}

static enum err one_line(struct parse *p)
{
    char *rest = p->line.text;
    if (p->line.text[0] == '$' && !p->line.blank_start) {
        char *name = zone_token(&rest);
        return directive(p, name, rest);
    }
    if (!p->line.blank_start) {
        enum err err = resolve(p, zone_token(&rest), &p->owner);
        if (err)
            return err;
    } else if (!p->owner.size) {
        return REFUSE(p, "found a record without owner, expected a name before it");
    }
    return record(p, rest);
}

/* ---- $GENERATE ------------------------------------------------------------------------ */

/* The line of the file is overwritten by what is made of it, so `template` is a copy. */
static enum err generate_all(struct parse *p, const struct generate_range *range,
                             const char *template)
{
    uint64_t number = range->first;
    enum err err = ERR_OK;
    p->generated = true;
    for (; number <= range->last && !err; number += range->step) {
        err = generate_line(template, (uint32_t)number, p->line.text, sizeof(p->line.text));
        if (err == ERR_SYNTAX)
            err = REFUSE(p, "found $GENERATE with '${' that is not ${OFFSET,WIDTH,BASE}");
        else if (err)
            err =
                REFUSE(p, "found $GENERATE that makes lines of more than %d bytes", ZONE_LINE_MAX);
        else
            err = one_line(p);
    }
    p->generated = false;
    return err;
}

static enum err generate(struct parse *p, const char *range, const char *template)
{
    struct generate_range parsed;
    enum err err = range ? generate_range_parse(range, &parsed) : ERR_SYNTAX;
    template += strspn(template, " ");
    if (err == ERR_VALUE)
        return REFUSE(p, "found $GENERATE %.40s, expected at most %d lines", range, GENERATE_MAX);
    if (err)
        return REFUSE(p, "found $GENERATE %.40s, expected a range such as 1-100 or 0-255/5",
                      range ? range : "without a range");
    if (*template == '\0')
        return REFUSE(p, "found $GENERATE without a record");
    char *copy = strdup(template);
    if (!copy)
        return no_memory(p);
    err = generate_all(p, &parsed, copy);
    free(copy);
    return err;
}

static enum err parse_lines(struct parse *p, const char *bytes, size_t size)
{
    struct zone_scan scan;
    zone_scan_init(&scan, p->file, bytes, size);
    for (;;) {
        enum err err = zone_scan_next(&scan, &p->line, p->fault);
        if (!err)
            err = one_line(p);
        else if (err == ERR_NOT_FOUND)
            break;
        if (err)
            return err;
    }
    if (p->soa_seen || p->depth)
        return ERR_OK;
    fault_set(p->fault, p->file, scan.line, scan.column,
              "found the end of the file, expected an SOA record");
    return ERR_SYNTAX;
}

/* ---- files ------------------------------------------------------------------------- */

/* All bytes; NULL = fine, else why not. */
static const char *read_stream(FILE *file, char **bytes, size_t *size)
{
    size_t capacity = 0;
    *bytes = NULL;
    *size = 0;
    while (!feof(file)) {
        if (*size == capacity) {
            capacity = capacity ? capacity * 2 : 16384;
            char *grown = capacity <= FILE_MAX ? realloc(*bytes, capacity) : NULL;
            if (!grown)
                return "it is too large";
            *bytes = grown;
        }
        *size += fread(*bytes + *size, 1, capacity - *size, file);
        if (ferror(file))
            return strerror(errno);
    }
    return NULL;
}

static const char *read_file(const char *path, char **bytes, size_t *size)
{
    *bytes = NULL;
    FILE *file = fopen(path, "re");
    if (!file)
        return strerror(errno);
    const char *why = read_stream(file, bytes, size);
    fclose(file);
    return why;
}

/* ---- $INCLUDE (RFC 1035 section 5.1) ------------------------------------------------ */

/* A path beside the file that names it; quotes around it are dropped. */
static void beside(const char *file, const char *path, char *out, size_t size)
{
    size_t n = strlen(path);
    const char *slash = strrchr(file, '/');
    if (n >= 2 && path[0] == '"' && path[n - 1] == '"') {
        path++;
        n -= 2;
    }
    if (*path == '/' || !slash)
        snprintf(out, size, "%.*s", (int)n, path);
    else
        snprintf(out, size, "%.*s%.*s", (int)(slash + 1 - file), file, (int)n, path);
}

/* Devices and pipes may never end, or never begin. */
static bool is_readable(const char *path)
{
    struct stat s;
    return stat(path, &s) != 0 || S_ISREG(s.st_mode);
}

static enum err include_bytes(struct parse *p, const char *path, const char *bytes, size_t size)
{
    const char *file = keep_path(p->out, path);
    if (!file)
        return no_memory(p);
    const char *outer = p->file;
    p->file = file;
    p->depth++;
    enum err err = parse_lines(p, bytes, size);
    p->depth--;
    p->file = outer;
    return err;
}

/* Reads the file as if it stood here; origin and owner are afterwards what they were. */
static enum err include(struct parse *p, const char *path, const char *origin)
{
    char whole[PATH_MAX], *bytes = NULL;
    size_t size = 0;
    struct name outer_origin = p->origin, outer_owner = p->owner, inner = p->origin;
    if (!path)
        return REFUSE(p, "found $INCLUDE without a file");
    if (p->depth == INCLUDE_DEPTH || p->out->file_count == INCLUDE_FILES)
        return REFUSE(p, "found $INCLUDE %d files deep or %d times, expected less", INCLUDE_DEPTH,
                      INCLUDE_FILES);
    enum err err = origin ? resolve(p, origin, &inner) : ERR_OK;
    if (err)
        return err;
    p->origin = inner;
    beside(p->file, path, whole, sizeof(whole));
    const char *why = is_readable(whole) ? read_file(whole, &bytes, &size) : "it is no file";
    err = why ? REFUSE(p, "found $INCLUDE %.120s, which cannot be read: %s", whole, why)
              : include_bytes(p, whole, bytes, size);
    free(bytes);
    p->origin = outer_origin;
    p->owner = outer_owner;
    return err;
}

/* ---- the zone's own file ------------------------------------------------------------ */

static enum err parse_zone(const struct dns_zone_config *config, const struct name *apex,
                           struct zone_records *out, struct dns_fault *fault, const char *bytes,
                           size_t size)
{
    const char *file = keep_path(out, config->file);
    struct parse *p = file ? calloc(1, sizeof(*p)) : NULL;
    if (!p) {
        fault_set(fault, config->file, 0, 0, "out of memory");
        return ERR_MEMORY;
    }
    *p = (struct parse){.config = config,
                        .apex = apex,
                        .out = out,
                        .fault = fault,
                        .file = file,
                        .origin = *apex,
                        .default_ttl = config->ttl,
                        .last_ttl = DNS_UNSET};
    enum err err = parse_lines(p, bytes, size);
    free(p);
    return err;
}

enum err zone_file_read(const struct dns_zone_config *config, const struct name *apex,
                        struct zone_records *out, struct dns_fault *fault)
{
    char *bytes;
    size_t size;
    const char *why = read_file(config->file, &bytes, &size);
    enum err err = ERR_OK;
    if (why) {
        fault_set(fault, config->file, 0, 0, "cannot be read: %s", why);
        err = ERR_SYSTEM;
    } else {
        err = parse_zone(config, apex, out, fault, bytes, size);
    }
    free(bytes);
    return err;
}
