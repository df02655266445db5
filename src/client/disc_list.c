#include "disc_list.h"

#include <stdlib.h>
#include <string.h>

/* ---- one line ------------------------------------------------------------------------ */

/* As many as a server may hold: what is beyond is left out, and the instance is `cut`. */
enum {
    ADDRS_MAX = 8,
    PORTS_MAX = 8,
    TAGS_MAX = 16,
    PAIRS_MAX = 64,
    TEXT_SIZE = LINE_MAX_SIZE + 128,
};

/* An instance whose arrays and strings are in here. */
struct draft {
    struct disc_instance instance;
    const char *addrs[ADDRS_MAX];
    struct disc_port ports[PORTS_MAX];
    const char *tags[TAGS_MAX];
    struct disc_pair metadata[PAIRS_MAX];
    unsigned seen; /* which of the required fields */
    size_t used;
    char text[TEXT_SIZE];
};

enum { SEEN_ADDRS = 1, SEEN_PORTS = 2, SEEN_WEIGHT = 4, SEEN_PRIORITY = 8, SEEN_STATUS = 16 };
enum { SEEN_ALL = 31 };

/* A piece of the line. */
struct piece {
    const char *s;
    size_t n;
};

/* Takes off what is before the separator. False: there is nothing more. */
static bool next_piece(struct piece *rest, char separator, struct piece *out)
{
    if (!rest->s)
        return false;
    const char *end = rest->n ? memchr(rest->s, separator, rest->n) : NULL;
    size_t n = end ? (size_t)(end - rest->s) : rest->n;
    *out = (struct piece){rest->s, n};
    *rest = end ? (struct piece){end + 1, rest->n - n - 1} : (struct piece){NULL, 0};
    return true;
}

/* Decoded and kept; NULL: a broken escape. */
static const char *keep(struct draft *draft, struct piece piece)
{
    char *out = draft->text + draft->used;
    if (!disc_decode(piece.s, piece.n, out, sizeof(draft->text) - draft->used))
        return NULL;
    draft->used += strlen(out) + 1;
    return out;
}

static bool read_text(struct draft *draft, struct piece value, const char **out)
{
    *out = keep(draft, value);
    return *out != NULL;
}

static bool read_small(struct piece value, unsigned max, unsigned *out)
{
    unsigned number = 0;
    if (value.n < 1 || value.n > 5)
        return false;
    for (size_t i = 0; i < value.n; i++) {
        if (value.s[i] < '0' || value.s[i] > '9')
            return false;
        number = number * 10 + (unsigned)(value.s[i] - '0');
    }
    *out = number;
    return number <= max;
}

/* What there is no room for, or no sense in. */
static bool leave_out(struct draft *draft)
{
    draft->instance.cut = 1;
    return true;
}

static bool read_addrs(struct draft *draft, struct piece value)
{
    for (struct piece piece; next_piece(&value, ',', &piece);) {
        size_t i = draft->instance.addr_count;
        if (i == ADDRS_MAX)
            return leave_out(draft);
        if (piece.n == 0 || !read_text(draft, piece, &draft->addrs[i]))
            return false;
        draft->instance.addr_count++;
    }
    return true;
}

/* "[name:]number[/protocol]" */
static bool read_port(struct draft *draft, struct piece piece, struct disc_port *out)
{
    struct piece rest = piece, name = {"", 0}, number;
    unsigned value;
    *out = (struct disc_port){"", 0, "tcp"};
    if (memchr(piece.s, ':', piece.n) && !next_piece(&rest, ':', &name))
        return false;
    if (!next_piece(&rest, '/', &number) || !read_small(number, 65535, &value) || value == 0)
        return false;
    out->number = (uint16_t)value;
    return (name.n == 0 || read_text(draft, name, &out->name)) &&
           (!rest.s || read_text(draft, rest, &out->protocol));
}

static bool read_ports(struct draft *draft, struct piece value)
{
    if (value.n == 1 && *value.s == '-')
        return true;
    for (struct piece piece; next_piece(&value, ',', &piece);) {
        size_t i = draft->instance.port_count;
        if (i == PORTS_MAX)
            return leave_out(draft);
        if (piece.n == 0 || !read_port(draft, piece, &draft->ports[i]))
            return false;
        draft->instance.port_count++;
    }
    return true;
}

static bool read_tags(struct draft *draft, struct piece value)
{
    for (struct piece piece; next_piece(&value, ',', &piece);) {
        size_t i = draft->instance.tag_count;
        if (i == TAGS_MAX || !read_text(draft, piece, &draft->tags[i]))
            return leave_out(draft);
        draft->instance.tag_count++;
    }
    return true;
}

static bool read_metadata(struct draft *draft, struct piece key, struct piece value)
{
    size_t i = draft->instance.metadata_count;
    if (i == PAIRS_MAX || !read_text(draft, key, &draft->metadata[i].key) ||
        !read_text(draft, value, &draft->metadata[i].value))
        return leave_out(draft);
    draft->instance.metadata_count++;
    return true;
}

/* A status of a later version is none to send traffic to. */
static bool read_status(struct draft *draft, struct piece value)
{
    static const char *const words[] = {
        [DISC_UP] = "up", [DISC_STARTING] = "starting", [DISC_DRAINING] = "draining"};
    draft->instance.status = DISC_DOWN;
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == value.n && memcmp(words[i], value.s, value.n) == 0)
            draft->instance.status = (enum disc_status)i;
    }
    return value.n > 0;
}

static bool read_one(struct draft *draft, char key, struct piece value)
{
    struct disc_instance *instance = &draft->instance;
    switch (key) {
    case 'a': draft->seen |= SEEN_ADDRS; return read_addrs(draft, value);
    case 'p': draft->seen |= SEEN_PORTS; return read_ports(draft, value);
    case 'w': draft->seen |= SEEN_WEIGHT; return read_small(value, 65535, &instance->weight);
    case 'q': draft->seen |= SEEN_PRIORITY; return read_small(value, 65535, &instance->priority);
    case 's': draft->seen |= SEEN_STATUS; return read_status(draft, value);
    case 'x': instance->stale = value.n == 1 && *value.s == '1'; return true;
    case 'z': return read_text(draft, value, &instance->zone);
    case 'r': return read_text(draft, value, &instance->region);
    case 'c': return read_text(draft, value, &instance->cluster);
    case 'v': return read_text(draft, value, &instance->version);
    case 't': return instance->tag_count == 0 && read_tags(draft, value);
    default: return true;
    }
}

/* "key=value"; a key that is not known says nothing to us. */
static bool read_field(struct draft *draft, struct piece field)
{
    struct piece key, value = field;
    if (!next_piece(&value, '=', &key) || !value.s)
        return false;
    if (key.n == 1)
        return read_one(draft, *key.s, value);
    if (key.n > 2 && memcmp(key.s, "m.", 2) == 0)
        return read_metadata(draft, (struct piece){key.s + 2, key.n - 2}, value);
    if (key.n == 3 && memcmp(key.s, "cut", 3) == 0)
        draft->instance.cut |= value.n == 1 && *value.s == '1';
    return true;
}

/* A second a= or p= would pile up on the first. */
static bool is_repeated(const struct draft *draft, struct piece field)
{
    return field.n > 1 && field.s[1] == '=' &&
           ((*field.s == 'a' && draft->seen & SEEN_ADDRS) ||
            (*field.s == 'p' && draft->seen & SEEN_PORTS));
}

static bool read_draft(struct draft *draft, struct piece line)
{
    struct piece id, field;
    draft->instance =
        (struct disc_instance){.zone = "", .region = "", .cluster = "", .version = ""};
    draft->seen = 0;
    draft->used = 0;
    if (!next_piece(&line, ' ', &id) || id.n == 0 || !read_text(draft, id, &draft->instance.id))
        return false;
    while (next_piece(&line, ' ', &field)) {
        if (field.n && (is_repeated(draft, field) || !read_field(draft, field)))
            return false;
    }
    return draft->seen == SEEN_ALL;
}

/* ---- one entry ------------------------------------------------------------------------- */

/* Where a string of the draft is in its copy. */
static const char *moved(const struct draft *draft, const char *copy, const char *s)
{
    bool inside = s >= draft->text && s < draft->text + sizeof(draft->text);
    return inside ? copy + (s - draft->text) : s;
}

/* The arrays follow the entry, widest first; then the texts. */
struct packed {
    struct entry entry;
    struct disc_port ports[];
};

static size_t packed_size(const struct draft *draft, struct piece line)
{
    const struct disc_instance *i = &draft->instance;
    return sizeof(struct packed) + i->port_count * sizeof(struct disc_port) +
           i->metadata_count * sizeof(struct disc_pair) +
           (i->addr_count + i->tag_count) * sizeof(char *) + draft->used + line.n + 1;
}

static void pack(struct packed *packed, const struct draft *draft, struct piece line)
{
    struct disc_instance *i = &packed->entry.instance;
    struct disc_port *ports = packed->ports;
    struct disc_pair *pairs = (void *)(ports + draft->instance.port_count);
    const char **addrs = (void *)(pairs + draft->instance.metadata_count);
    const char **tags = addrs + draft->instance.addr_count;
    char *text = (void *)(tags + draft->instance.tag_count);
    char *raw = text + draft->used;
    memcpy(text, draft->text, draft->used);
    memcpy(raw, line.s, line.n);
    raw[line.n] = 0;
    *i = draft->instance;
    for (size_t k = 0; k < i->port_count; k++)
        ports[k] =
            (struct disc_port){moved(draft, text, draft->ports[k].name), draft->ports[k].number,
                               moved(draft, text, draft->ports[k].protocol)};
    for (size_t k = 0; k < i->metadata_count; k++)
        pairs[k] = (struct disc_pair){moved(draft, text, draft->metadata[k].key),
                                      moved(draft, text, draft->metadata[k].value)};
    for (size_t k = 0; k < i->addr_count; k++)
        addrs[k] = moved(draft, text, draft->addrs[k]);
    for (size_t k = 0; k < i->tag_count; k++)
        tags[k] = moved(draft, text, draft->tags[k]);
    i->id = moved(draft, text, i->id);
    i->zone = moved(draft, text, i->zone);
    i->region = moved(draft, text, i->region);
    i->cluster = moved(draft, text, i->cluster);
    i->version = moved(draft, text, i->version);
    i->ports = ports, i->metadata = pairs, i->addrs = addrs, i->tags = tags;
    packed->entry.line = raw;
}

static struct entry *entry_new(const struct draft *draft, struct piece line, uint64_t salt)
{
    struct packed *packed = calloc(1, packed_size(draft, line));
    if (!packed)
        return NULL;
    pack(packed, draft, line);
    packed->entry.salt = salt;
    return &packed->entry;
}

/* ---- a change ---------------------------------------------------------------------------- */

void disc_change_clear(struct change *change)
{
    for (size_t i = 0; i < change->count; i++)
        free(change->entries[i]);
    free(change->entries);
    *change = (struct change){0};
}

static bool make_room(struct entry ***entries, size_t *room, size_t count)
{
    if (count <= *room)
        return true;
    size_t bigger = count < 8 ? 8 : count + count / 2;
    struct entry **grown = realloc(*entries, bigger * sizeof(struct entry *));
    if (!grown)
        return false;
    *entries = grown;
    *room = bigger;
    return true;
}

/* "-ID why=..." */
static bool read_gone(struct draft *draft, struct piece line)
{
    struct piece id;
    draft->instance =
        (struct disc_instance){.zone = "", .region = "", .cluster = "", .version = ""};
    draft->used = 0;
    return next_piece(&line, ' ', &id) && id.n > 0 && read_text(draft, id, &draft->instance.id);
}

enum line_result disc_change_read(struct change *change, const char *line, size_t size,
                                  uint64_t salt)
{
    struct draft draft;
    struct piece rest = {line + 1, size - 1};
    if (size < 2 || size > LINE_MAX_SIZE || (*line != '=' && *line != '+' && *line != '-'))
        return LINE_BAD;
    bool gone = *line == '-';
    if (gone ? !read_gone(&draft, rest) : !read_draft(&draft, rest))
        return LINE_BAD;
    if (!make_room(&change->entries, &change->room, change->count + 1))
        return LINE_MEMORY;
    struct entry *entry = entry_new(&draft, rest, salt);
    if (!entry)
        return LINE_MEMORY;
    entry->gone = gone;
    change->entries[change->count++] = entry;
    return LINE_READ;
}

/* ---- a list ------------------------------------------------------------------------------ */

static void forget_shown(struct list *list)
{
    free(list->shown);
    list->shown = NULL;
}

void disc_list_clear(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i]);
    free(list->entries);
    free(list->shown);
    *list = (struct list){0};
}

/* The first entry that is not before the id. */
static size_t place_of(const struct list *list, const char *id)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->entries[middle]->instance.id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_at(const struct list *list, size_t place, const char *id)
{
    return place < list->count && strcmp(list->entries[place]->instance.id, id) == 0;
}

static void inherit(struct entry *entry, const struct entry *before)
{
    entry->turn = before->turn;
    entry->salt = before->salt;
    entry->current = before->current;
}

/* There is room. Takes the entry over; says whether that made a difference. */
static bool apply_one(struct list *list, struct entry *entry)
{
    const char *id = entry->instance.id;
    size_t place = place_of(list, id);
    bool known = has_at(list, place, id);
    if (entry->gone) {
        free(entry);
        if (!known)
            return false;
        free(list->entries[place]);
        list->count--;
        memmove(list->entries + place, list->entries + place + 1,
                (list->count - place) * sizeof(struct entry *));
        return true;
    }
    if (known) {
        struct entry *before = list->entries[place];
        bool same = strcmp(before->line, entry->line) == 0;
        inherit(entry, before);
        free(before);
        list->entries[place] = entry;
        return !same;
    }
    memmove(list->entries + place + 1, list->entries + place,
            (list->count - place) * sizeof(struct entry *));
    list->entries[place] = entry;
    list->count++;
    return true;
}

/* A whole list is made beside the old one. */
static bool apply_whole(struct list *list, struct change *change)
{
    struct list before = *list;
    size_t same = 0;
    *list = (struct list){.entries = change->entries, .room = change->room};
    for (size_t i = 0; i < change->count; i++) {
        struct entry *entry = change->entries[i]; /* apply_one writes behind the reading */
        (void)apply_one(list, entry);
    }
    for (size_t i = 0; i < list->count; i++) {
        struct entry *entry = list->entries[i];
        size_t place = place_of(&before, entry->instance.id);
        if (!has_at(&before, place, entry->instance.id))
            continue;
        inherit(entry, before.entries[place]);
        same += strcmp(entry->line, before.entries[place]->line) == 0;
    }
    bool different = same != list->count || same != before.count;
    disc_list_clear(&before);
    *change = (struct change){0};
    return different;
}

bool disc_list_apply(struct list *list, struct change *change, bool whole, bool *different)
{
    if ((whole ? 0 : list->count) + change->count > LIST_MAX)
        return false;
    if (whole) {
        *different = apply_whole(list, change);
        forget_shown(list);
        return true;
    }
    if (!make_room(&list->entries, &list->room, list->count + change->count))
        return false;
    *different = false;
    for (size_t i = 0; i < change->count; i++)
        *different |= apply_one(list, change->entries[i]);
    change->count = 0;
    disc_change_clear(change);
    forget_shown(list);
    return true;
}

const struct disc_instance *disc_list_show(struct list *list)
{
    if (list->shown || !list->count)
        return list->shown;
    list->shown = malloc(list->count * sizeof(*list->shown));
    for (size_t i = 0; list->shown && i < list->count; i++)
        list->shown[i] = list->entries[i]->instance;
    return list->shown;
}
