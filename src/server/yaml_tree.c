#include "server/yaml_tree.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "server/config_fault.h"

struct tree_reader {
    const struct yaml_source *source;
    const char *bytes; /* without a byte order mark */
    size_t size;
    struct config_fault *fault;
    yaml_parser_t parser;
    size_t nodes;
    /* The open lists and maps, outermost first, and where each one's next entry goes. */
    struct yaml_node *open[YAML_DEPTH_MAX];
    struct yaml_node **tail[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml_node *root;
    struct yaml_node *key; /* read, its value not yet */
};

/* ---- nodes ----------------------------------------------------------------------- */

void yaml_tree_free(struct yaml_node *root)
{
    for (struct yaml_node *next; root; root = next) {
        next = root->next;
        yaml_tree_free(root->key);
        yaml_tree_free(root->first);
        if (root->text)
            sodium_memzero(root->text, root->size);
        free(root->text);
        free(root);
    }
}

bool yaml_is_null(const struct yaml_node *node)
{
    struct text t = yaml_text(node);
    return node->kind == YAML_TEXT && !node->quoted &&
           (t.n == 0 || text_is(t, TEXT("~")) || text_is(t, TEXT("null")));
}

struct text yaml_text(const struct yaml_node *node)
{
    return (struct text){node->text, node->size};
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *entry = map ? map->first : NULL;
    while (entry && !text_is(yaml_text(entry->key), text_of(key)))
        entry = entry->next;
    return entry;
}

/* ---- faults ---------------------------------------------------------------------- */

#define REFUSE(r, mark, ...)                                                                       \
    fault_write((r)->fault, ERR_SYNTAX, (r)->source->file, (unsigned)(mark).line + 1,              \
                (unsigned)(mark).column + 1, __VA_ARGS__)

static enum err no_memory(struct tree_reader *r)
{
    return fault_write(r->fault, ERR_MEMORY, r->source->file, 0, 0, "out of memory");
}

/* libyaml gives bytes it cannot decode no mark, only their offset. */
static yaml_mark_t mark_of_offset(const struct tree_reader *r, size_t offset)
{
    yaml_mark_t mark = {0, 0, 0};
    for (size_t i = 0; i < offset && i < r->size; i++) {
        if (r->bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)r->bytes[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* Columns count characters; what stands there matters only where all before is ASCII. */
static bool is_tab(const struct tree_reader *r, yaml_mark_t mark)
{
    const char *at = r->bytes, *end = r->bytes + r->size;
    for (size_t line = 0; at && line < mark.line; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    return at && mark.column < (size_t)(end - at) && at[mark.column] == '\t';
}

static enum err refuse_syntax(struct tree_reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r);
    if (p->error == YAML_READER_ERROR)
        return REFUSE(r, mark_of_offset(r, p->problem_offset), "%s, expected text in UTF-8",
                      problem);
    if (is_tab(r, p->problem_mark))
        return REFUSE(r, p->problem_mark, "a tab, expected spaces");
    if (!p->context || p->context_mark.index == p->problem_mark.index)
        return REFUSE(r, p->problem_mark, "%s", problem);
    return REFUSE(r, p->problem_mark, "%s (%s from line %u, column %u)", problem, p->context,
                  (unsigned)p->context_mark.line + 1, (unsigned)p->context_mark.column + 1);
}

/* ---- maps ------------------------------------------------------------------------ */

static int compare_keys(const void *left, const void *right)
{
    const struct yaml_node *a = *(struct yaml_node *const *)left;
    const struct yaml_node *b = *(struct yaml_node *const *)right;
    int order = text_compare(yaml_text(a), yaml_text(b));
    if (order)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

static enum err refuse_duplicate(struct tree_reader *r, const struct yaml_node *first,
                                 const struct yaml_node *second)
{
    char name[QUOTED_TEXT] = "";
    if (!r->source->secret)
        quote_text(yaml_text(second), name);
    return fault_write(r->fault, ERR_SYNTAX, r->source->file, second->line, second->column,
                       "key%s%s is there twice, first at %u:%u", name[0] ? " " : "", name,
                       first->line, first->column);
}

/* By sorting, since a file of one flat map may hold a hundred thousand keys. */
static enum err check_duplicates(struct tree_reader *r, const struct yaml_node *map)
{
    if (map->count < 2)
        return ERR_OK;
    const struct yaml_node **keys = calloc(map->count, sizeof(*keys));
    size_t n = 0;
    enum err err = ERR_OK;
    if (!keys)
        return no_memory(r);
    for (const struct yaml_node *entry = map->first; entry; entry = entry->next)
        keys[n++] = entry->key;
    qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < n && !err; i++)
        if (text_is(yaml_text(keys[i - 1]), yaml_text(keys[i])))
            err = refuse_duplicate(r, keys[i - 1], keys[i]);
    free(keys);
    return err;
}

/* ---- events ---------------------------------------------------------------------- */

static struct yaml_node *innermost(const struct tree_reader *r)
{
    return r->depth ? r->open[r->depth - 1] : NULL;
}

/* Takes the node over, also on failure. */
static enum err place(struct tree_reader *r, struct yaml_node *node)
{
    struct yaml_node *parent = innermost(r);
    if (!parent) {
        r->root = node;
        return ERR_OK;
    }
    if (parent->kind == YAML_MAP) {
        node->key = r->key;
        r->key = NULL;
    }
    *r->tail[r->depth - 1] = node;
    r->tail[r->depth - 1] = &node->next;
    parent->count++;
    return ERR_OK;
}

static bool wants_key(const struct tree_reader *r)
{
    const struct yaml_node *parent = innermost(r);
    return parent && parent->kind == YAML_MAP && !r->key;
}

static enum err add_node(struct tree_reader *r, const yaml_event_t *e, enum yaml_kind kind,
                         struct yaml_node **out)
{
    if (++r->nodes > YAML_NODES_MAX)
        return REFUSE(r, e->start_mark, "more than %d values, expected a smaller file",
                      YAML_NODES_MAX);
    struct yaml_node *node = calloc(1, sizeof(*node));
    if (!node)
        return no_memory(r);
    node->kind = kind;
    node->line = (unsigned)e->start_mark.line + 1;
    node->column = (unsigned)e->start_mark.column + 1;
    *out = node;
    return ERR_OK;
}

static enum err on_scalar(struct tree_reader *r, const yaml_event_t *e)
{
    struct yaml_node *node = NULL;
    const char *value = (const char *)e->data.scalar.value;
    size_t size = e->data.scalar.length;
    if (memchr(value, '\0', size))
        return REFUSE(r, e->start_mark, "a NUL character in a value, expected text");
    enum err err = add_node(r, e, YAML_TEXT, &node);
    if (err)
        return err;
    node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = strndup(value, size);
    node->size = node->text ? size : 0;
    if (!node->text) {
        free(node);
        return no_memory(r);
    }
    if (!wants_key(r))
        return place(r, node);
    r->key = node;
    return ERR_OK;
}

static enum err on_start(struct tree_reader *r, const yaml_event_t *e, enum yaml_kind kind)
{
    struct yaml_node *node = NULL;
    if (wants_key(r))
        return REFUSE(r, e->start_mark, "%s as a key, expected a word",
                      kind == YAML_MAP ? "a map" : "a list");
    if (r->depth == YAML_DEPTH_MAX)
        return REFUSE(r, e->start_mark, "lists and maps nested more than %d deep", YAML_DEPTH_MAX);
    enum err err = add_node(r, e, kind, &node);
    if (!err)
        err = place(r, node);
    if (err)
        return err;
    r->open[r->depth] = node;
    r->tail[r->depth++] = &node->first;
    return ERR_OK;
}

static enum err on_end(struct tree_reader *r)
{
    const struct yaml_node *closed = r->open[--r->depth];
    return closed->kind == YAML_MAP ? check_duplicates(r, closed) : ERR_OK;
}

static bool has_anchor(const yaml_event_t *e)
{
    return (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
           (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor) ||
           (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor);
}

static bool has_tag(const yaml_event_t *e)
{
    return (e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) ||
           (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag) ||
           (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag);
}

static enum err on_event(struct tree_reader *r, const yaml_event_t *e)
{
    if (has_anchor(e))
        return REFUSE(r, e->start_mark, "an anchor (&), expected the value itself");
    if (has_tag(e))
        return REFUSE(r, e->start_mark, "a tag (!), expected the value alone");
    if (e->type == YAML_DOCUMENT_START_EVENT && r->root)
        return REFUSE(r, e->start_mark, "a second document, expected only one");
    switch ((int)e->type) {
    case YAML_ALIAS_EVENT:
        return REFUSE(r, e->start_mark, "an alias (*), expected the value itself");
    case YAML_SCALAR_EVENT: return on_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT: return on_start(r, e, YAML_LIST);
    case YAML_MAPPING_START_EVENT: return on_start(r, e, YAML_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return on_end(r);
    default: return ERR_OK;
    }
}

/* ---- the whole ------------------------------------------------------------------- */

static enum err read_events(struct tree_reader *r)
{
    bool end = false;
    enum err err = ERR_OK;
    while (!end && !err) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->parser, &e))
            return refuse_syntax(r);
        end = e.type == YAML_STREAM_END_EVENT;
        err = on_event(r, &e);
        if (e.type == YAML_SCALAR_EVENT)
            sodium_memzero(e.data.scalar.value, e.data.scalar.length);
        yaml_event_delete(&e);
    }
    return err;
}

/* libyaml does not wipe what it buffers. */
static void parser_delete(yaml_parser_t *p)
{
    if (p->raw_buffer.start)
        sodium_memzero(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
    if (p->buffer.start)
        sodium_memzero(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
    yaml_parser_delete(p);
}

/* Tags are refused anyway; libyaml compares each %TAG line with all before it, which
 * takes minutes for a file full of them. */
static enum err refuse_tag_lines(struct tree_reader *r)
{
    static const char directive[] = "%TAG";
    const size_t n = sizeof directive - 1;
    const char *at = r->bytes, *end = r->bytes + r->size;
    for (yaml_mark_t mark = {0, 0, 0}; at && (size_t)(end - at) >= n; mark.line++) {
        if (memcmp(at, directive, n) == 0)
            return REFUSE(r, mark, "a tag directive (%%TAG), expected none");
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    return ERR_OK;
}

static enum err read_tree(struct tree_reader *r)
{
    if (!yaml_parser_initialize(&r->parser))
        return no_memory(r);
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->bytes, r->size);
    enum err err = read_events(r);
    parser_delete(&r->parser);
    return err;
}

enum err yaml_tree_read(const struct yaml_source *source, struct yaml_node **out,
                        struct config_fault *fault)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    struct tree_reader r = {
        .source = source, .fault = fault, .bytes = source->bytes, .size = source->size};
    if (r.size > YAML_BYTES_MAX)
        return fault_write(fault, ERR_SYNTAX, source->file, 0, 0,
                           "larger than %d bytes, expected a configuration", YAML_BYTES_MAX);
    if (r.size >= sizeof mark && memcmp(r.bytes, mark, sizeof mark) == 0) {
        r.bytes += sizeof mark;
        r.size -= sizeof mark;
    }
    enum err err = refuse_tag_lines(&r);
    if (!err)
        err = read_tree(&r);
    if (!err && r.root && yaml_is_null(r.root)) {
        yaml_tree_free(r.root);
        r.root = NULL;
    }
    yaml_tree_free(r.key);
    if (err)
        yaml_tree_free(r.root);
    else
        *out = r.root;
    return err;
}
