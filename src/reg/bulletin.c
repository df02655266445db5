#include "reg/bulletin.h"

#include <stdlib.h>

static void press_clear(struct press *p)
{
    p->count = 1;
    p->full = false;
    p->pages[0] = (struct page){0};
}

/* The page that has room for so many bytes; NULL when there is none any more. */
static struct page *press_page(struct press *p, size_t size)
{
    struct page *page = &p->pages[p->count - 1];
    if (page->size + size <= BULLETIN_PAGE_MAX)
        return page;
    if (p->count == BULLETIN_PAGES_MAX)
        return NULL;
    p->pages[p->count++] = (struct page){.at = page->at + page->size};
    return page + 1;
}

static void press_line(struct press *p, const char *line, size_t size)
{
    struct page *page = press_page(p, size + 1);
    if (!page) {
        p->full = true;
        return;
    }
    char *at = p->text + page->at + page->size;
    *at = '\n';
    memcpy(at + 1, line, size);
    page->size = (uint16_t)(page->size + 1 + size);
    page->lines++;
}

static enum err press_finish(const struct press *p, const struct service *s, struct bulletin **out)
{
    const struct page *last = &p->pages[p->count - 1];
    size_t text = last->at + last->size, pages = p->count * sizeof(struct page);
    struct bulletin *b = malloc(sizeof(*b) + pages + text);
    if (!b)
        return ERR_MEMORY;
    *b = (struct bulletin){
        .known = s != NULL,
        .refs = 1,
        .bytes = sizeof(*b) + pages + text,
        .count = p->count,
    };
    memcpy(b->pages, p->pages, pages);
    memcpy((char *)(b->pages + p->count), p->text, text);
    *out = b;
    return ERR_OK;
}

/* "=a a=0.0.0.0 p=- w=0 q=0 s=up" and its LF: what is larger by number alone need not be
 * tried. */
enum { LINE_MIN = 30 };

/* Changes that are looked at for the price of a line. */
enum { STEPS_PER_LINE = 4 };

enum err bulletin_whole(struct press *press, const struct service *s, struct bulletin **out)
{
    char line[WATCH_LINE_MAX];
    uint32_t count = s ? service_count(s) : 0;
    press->spent = 1;
    if (count > sizeof(press->text) / LINE_MIN)
        return ERR_SPACE;
    press_clear(press);
    for (uint32_t i = 0; i < count && !press->full; i++, press->spent++)
        press_line(press, line, watch_line_instance('=', service_instance(s, i), line));
    enum err e = press->full ? ERR_SPACE : press_finish(press, s, out);
    if (!e)
        (*out)->whole = true;
    return e;
}

enum err bulletin_delta(struct press *press, const struct registry *r, const struct service *s,
                        uint64_t prev, struct bulletin **out)
{
    struct delta_item items[DELTA_MAX];
    char line[WATCH_LINE_MAX];
    size_t count, steps;
    enum err e = registry_delta_steps(r, s, prev, items, DELTA_MAX, &count, &steps);
    press->spent = 1 + steps / STEPS_PER_LINE;
    if (e)
        return e;
    press_clear(press);
    for (size_t i = 0; i < count && !press->full; i++, press->spent++) {
        const struct delta_item *item = &items[i];
        size_t size = item->instance ? watch_line_instance('+', item->instance, line)
                                     : watch_line_gone(item->id, item->why, line);
        press_line(press, line, size);
    }
    e = press->full ? ERR_SPACE : press_finish(press, s, out);
    if (!e)
        (*out)->prev = prev;
    return e;
}
