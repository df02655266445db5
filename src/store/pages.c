#include "store/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "store/fault.h"

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_OVERFLOWS = 1 };
enum { TREE_FREE, TREE_MAIN };
enum { TREE_INTEGER_KEYS = 8 };
enum {
    MAGIC = (int)0xBEEFC0DE,
    DATA_VERSION = 1,
    PAGE_LEAST = 512,
    PAGE_MOST = 32768,
    DEPTH_MOST = 32,
    KEY_MOST = 511,
    /* So many pages at the end may never have been written: allocated and freed again by
     * one transaction. */
    UNWRITTEN_MOST = 1 << 20,
};
#define NO_PAGE SIZE_MAX

struct page_head {
    size_t number;
    uint16_t pad, flags;
    union {
        struct {
            uint16_t lower, upper; /* bounds of the free space */
        };
        uint32_t pages; /* of an overflow */
    };
};

struct tree_head {
    uint32_t page_size; /* TREE_FREE only */
    uint16_t flags, depth;
    size_t branches, leaves, overflows, entries, root;
};

struct meta {
    uint32_t magic, version;
    void *address;
    size_t map_size;
    struct tree_head trees[2];
    size_t last_page, transaction;
};

struct node_head {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint16_t low, high;
#else
    uint16_t high, low;
#endif
    uint16_t flags, key_n;
};

struct node {
    struct text key;
    const char *data; /* of a leaf */
    size_t n;         /* bytes of data; of a branch: the child's page number */
    bool overflows;   /* data is a page number */
    size_t whole;     /* bytes in the page */
};

struct file {
    const char *base;
    size_t page_size, pages; /* whole pages in the file */
    struct meta meta;
    uint8_t *seen;             /* a bit for each page of the file */
    bool units[PAGE_MOST / 2]; /* of one page: taken by a node */
    char *fault;
    pages_visit *visit;
    void *context;
};

struct walk {
    struct file *file;
    unsigned kind; /* TREE_ */
    const struct tree_head *head;
    size_t branches, leaves, overflows, entries;
};

static bool wrong(struct file *f, size_t page, const char *what)
{
    (void)fault_say(f->fault, ERR_SYNTAX, "page %zu: %s", page, what);
    return false;
}

/* ---- pages -------------------------------------------------------------------------- */

/* Each page has one use. */
static bool take(struct file *f, size_t first, size_t count)
{
    if (first < 2 || first >= f->pages || count > f->pages - first)
        return wrong(f, first, "lies outside the file: it was cut off, or is damaged");
    for (size_t n = first; n < first + count; n++) {
        if (f->seen[n / 8] & 1 << n % 8)
            return wrong(f, n, "is used twice");
        f->seen[n / 8] |= (uint8_t)(1 << n % 8);
    }
    return true;
}

static struct page_head head_of(const struct file *f, size_t number)
{
    struct page_head head;
    memcpy(&head, f->base + number * f->page_size, sizeof head);
    return head;
}

static size_t even(size_t n)
{
    return n + (n & 1);
}

/* The node at an offset of the page; false when it does not lie within. */
static bool node_at(const struct file *f, const char *page, size_t at, bool leaf, struct node *out)
{
    struct node_head head;
    if (at + sizeof head > f->page_size)
        return false;
    memcpy(&head, page + at, sizeof head);
    out->key = (struct text){page + at + sizeof head, head.key_n};
    out->data = out->key.s + head.key_n;
    out->n = head.low | (size_t)head.high << 16;
    out->overflows = leaf && head.flags == NODE_OVERFLOWS;
    if (leaf && head.flags && !out->overflows)
        return false;
    if (!leaf && sizeof(size_t) > 4)
        out->n |= (size_t)head.flags << 16 << 16;
    size_t inside = !leaf ? 0 : out->overflows ? sizeof(size_t) : out->n;
    out->whole = even(sizeof head + head.key_n + inside);
    return out->whole <= f->page_size - at;
}

static size_t offset_of(const char *page, unsigned n)
{
    uint16_t offset;
    memcpy(&offset, page + sizeof(struct page_head) + n * sizeof offset, sizeof offset);
    return offset;
}

/* Two bytes of the page belong to one node only. */
static bool mark(struct file *f, size_t at, size_t n)
{
    if (at % 2 || memchr(f->units + at / 2, true, n / 2))
        return false;
    memset(f->units + at / 2, true, n / 2);
    return true;
}

/* All nodes lie behind the free space, fill it without a gap and do not overlap. */
static bool nodes_fit(struct file *f, const char *page, const struct page_head *head, bool leaf)
{
    size_t sum = 0;
    unsigned count = (unsigned)(head->lower - sizeof *head) / 2;
    memset(f->units, false, f->page_size / 2);
    for (unsigned n = 0; n < count; n++) {
        struct node node;
        size_t at = offset_of(page, n);
        if (at < head->upper || !node_at(f, page, at, leaf, &node) || !mark(f, at, node.whole))
            return false;
        sum += node.whole;
    }
    return sum == f->page_size - head->upper;
}

static bool page_is_sound(struct file *f, size_t number, bool leaf)
{
    struct page_head head = head_of(f, number);
    if (head.number != number || head.flags != (leaf ? PAGE_LEAF : PAGE_BRANCH))
        return wrong(f, number, "is not the page it should be");
    if (head.lower < sizeof head || head.lower % 2 || head.lower > head.upper ||
        head.upper > f->page_size || head.lower == sizeof head)
        return wrong(f, number, "has bounds that cannot be");
    return nodes_fit(f, f->base + number * f->page_size, &head, leaf) ||
           wrong(f, number, "has entries that cannot be");
}

/* ---- keys --------------------------------------------------------------------------- */

static size_t number_of(const char *bytes)
{
    size_t n;
    memcpy(&n, bytes, sizeof n);
    return n;
}

static bool key_is_sound(const struct walk *w, struct text key)
{
    return w->kind == TREE_FREE ? key.n == sizeof(size_t) : key.n >= 1 && key.n <= KEY_MOST;
}

static bool is_below(const struct walk *w, struct text a, struct text b)
{
    return w->kind == TREE_FREE ? number_of(a.s) < number_of(b.s) : text_compare(a, b) < 0;
}

/* low <= key < high; a bound without text is none. */
static bool is_within(const struct walk *w, struct text key, struct text low, struct text high)
{
    return key_is_sound(w, key) && !(low.s && is_below(w, key, low)) &&
           !(high.s && !is_below(w, key, high));
}

/* ---- leaves ------------------------------------------------------------------------- */

static bool overflow(struct walk *w, const struct node *node, struct text *value)
{
    struct file *f = w->file;
    size_t number = number_of(node->data);
    if (!take(f, number, 1))
        return false;
    struct page_head head = head_of(f, number);
    if (head.number != number || head.flags != PAGE_OVERFLOW || !head.pages ||
        node->n > (size_t)head.pages * f->page_size - sizeof head)
        return wrong(f, number, "is not the overflow it should be");
    if (head.pages > 1 && !take(f, number + 1, head.pages - 1))
        return false;
    w->overflows += head.pages;
    *value = (struct text){f->base + number * f->page_size + sizeof head, node->n};
    return true;
}

/* A list of free pages: its length, then numbers in falling order. */
static bool free_list(struct file *f, size_t page, struct text list)
{
    size_t word = sizeof(size_t), before = NO_PAGE;
    if (list.n < word || number_of(list.s) > list.n / word - 1)
        return wrong(f, page, "has a list of free pages that cannot be");
    for (size_t n = 1; n <= number_of(list.s); n++) {
        size_t number = number_of(list.s + n * word);
        if (number >= before || number < 2 || number > f->meta.last_page)
            return wrong(f, page, "lists free pages that cannot be");
        if (number < f->pages && !take(f, number, 1))
            return false;
        before = number;
    }
    return true;
}

static bool leaf_node(struct walk *w, size_t page, const struct node *node)
{
    struct text value = {node->data, node->n};
    w->entries++;
    if (node->overflows && !overflow(w, node, &value))
        return false;
    if (w->kind == TREE_FREE)
        return free_list(w->file, page, value);
    w->file->visit(w->file->context, node->key, value);
    return true;
}

/* ---- trees -------------------------------------------------------------------------- */

static bool walk_page(struct walk *w, size_t number, unsigned level, struct text low,
                      struct text high);

static bool walk_nodes(struct walk *w, size_t number, unsigned level, struct text low,
                       struct text high)
{
    struct file *f = w->file;
    const char *page = f->base + number * f->page_size;
    bool leaf = level == w->head->depth;
    unsigned count = (unsigned)(head_of(f, number).lower - sizeof(struct page_head)) / 2;
    for (unsigned n = 0; n < count; n++) {
        struct node node = {0}, next = {0};
        (void)node_at(f, page, offset_of(page, n), leaf, &node);
        if (n + 1 < count)
            (void)node_at(f, page, offset_of(page, n + 1), leaf, &next);
        /* The first key of a branch stands for everything below the second. */
        struct text from = leaf || n ? node.key : low;
        struct text to = n + 1 < count ? next.key : high;
        if ((leaf || n) && !is_within(w, node.key, low, high))
            return wrong(f, number, "has keys that belong elsewhere");
        if (n + 1 < count && (!key_is_sound(w, to) || (from.s && !is_below(w, from, to))))
            return wrong(f, number, "has keys out of order");
        if (leaf ? !leaf_node(w, number, &node) : !walk_page(w, node.n, level + 1, from, to))
            return false;
    }
    return true;
}

static bool walk_page(struct walk *w, size_t number, unsigned level, struct text low,
                      struct text high)
{
    bool leaf = level == w->head->depth;
    if (!take(w->file, number, 1) || !page_is_sound(w->file, number, leaf))
        return false;
    if (leaf)
        w->leaves++;
    else
        w->branches++;
    return walk_nodes(w, number, level, low, high);
}

static bool walk_tree(struct file *f, unsigned kind)
{
    const struct tree_head *head = &f->meta.trees[kind];
    struct walk w = {.file = f, .kind = kind, .head = head};
    if (head->depth > DEPTH_MOST || (head->root == NO_PAGE) != (head->depth == 0))
        return wrong(f, kind, "has a tree that cannot be");
    if (head->depth && !walk_page(&w, head->root, 1, (struct text){0}, (struct text){0}))
        return false;
    return (w.entries == head->entries && w.leaves == head->leaves &&
            w.branches == head->branches && w.overflows == head->overflows) ||
           wrong(f, head->root, "begins a tree that lacks or has too many entries");
}

/* ---- the file ----------------------------------------------------------------------- */

static bool meta_read(struct file *f, size_t at, size_t page_size, struct meta *out)
{
    struct page_head head;
    memcpy(&head, f->base + at, sizeof head);
    memcpy(out, f->base + at + sizeof head, sizeof *out);
    if (head.flags != PAGE_META || out->magic != (uint32_t)MAGIC)
        return wrong(f, at != 0, "this is no file of discd");
    if (out->version != DATA_VERSION)
        return wrong(f, at != 0, "it has the form of another LMDB");
    return out->trees[TREE_FREE].page_size == page_size ||
           wrong(f, at != 0, "has another page size");
}

/* The newer of the two is in force. */
static bool read_metas(struct file *f, size_t size)
{
    struct meta second;
    uint32_t page_size;
    if (size < sizeof(struct page_head) + sizeof(struct meta))
        return wrong(f, 0, "is cut off");
    memcpy(&f->meta, f->base + sizeof(struct page_head), sizeof f->meta);
    page_size = f->meta.trees[TREE_FREE].page_size;
    if (!meta_read(f, 0, page_size, &f->meta))
        return false;
    if (page_size < PAGE_LEAST || page_size > PAGE_MOST || page_size & (page_size - 1))
        return wrong(f, 0, "has a page size that cannot be");
    f->page_size = page_size;
    f->pages = size / page_size;
    if (f->pages < 2)
        return wrong(f, 1, "is cut off");
    if (!meta_read(f, page_size, page_size, &second))
        return false;
    if (second.transaction > f->meta.transaction)
        f->meta = second;
    if (f->meta.last_page < 1 || f->meta.last_page >= f->pages + UNWRITTEN_MOST)
        return wrong(f, f->meta.last_page, "is far from the file's end: it was cut off");
    if (f->meta.trees[TREE_MAIN].flags || !(f->meta.trees[TREE_FREE].flags & TREE_INTEGER_KEYS))
        return wrong(f, 0, "this is no file of discd");
    if (f->pages > f->meta.last_page + 1)
        f->pages = f->meta.last_page + 1; /* what lies behind is of no use to anybody */
    return true;
}

static enum err check_mapped(struct file *f, size_t size)
{
    if (!read_metas(f, size))
        return ERR_SYNTAX;
    f->seen = calloc(1, f->pages / 8 + 1);
    if (!f->seen)
        return fault_say(f->fault, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    bool sound = walk_tree(f, TREE_MAIN) && walk_tree(f, TREE_FREE);
    free(f->seen);
    return sound ? ERR_OK : ERR_SYNTAX;
}

enum err pages_check(int fd, pages_visit *visit, void *context, char fault[static STORE_FAULT_TEXT])
{
    struct stat st;
    if (fstat(fd, &st))
        return fault_say(fault, ERR_SYSTEM, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fault_say(fault, ERR_SYNTAX, "it is no ordinary file");
    if (st.st_size == 0)
        return fault_say(fault, ERR_SYNTAX, "it is empty");
    size_t size = (size_t)st.st_size;
    struct file *f = calloc(1, sizeof *f);
    void *base = f ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    enum err err = ERR_MEMORY;
    if (base != MAP_FAILED) {
        (void)madvise(base, size, MADV_WILLNEED);
        *f = (struct file){.base = base, .fault = fault, .visit = visit, .context = context};
        err = check_mapped(f, size);
        munmap(base, size);
    } else {
        (void)fault_say(fault, err, "cannot be mapped: %s", strerror(errno));
    }
    free(f);
    return err;
}
