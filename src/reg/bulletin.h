/* A bulletin: what subscribers of one service are told together, cut into pages that each
 * fit a datagram: its whole state, or what is other than at an earlier change index. Written
 * once, never changed, shared by all who have to be told the same.
 *
 *   press ── lines ──> pages ──> bulletin (exactly as large as its text)
 *
 * Called by topic.c. Knows neither subscribers nor time.
 */
#ifndef DISC_REG_BULLETIN_H
#define DISC_REG_BULLETIN_H

#include "reg/reg.h"
#include "reg/watch_line.h"

enum {
    BULLETIN_PAGES_MAX = 64,
    BULLETIN_PAGE_MAX = 1 + WATCH_LINE_MAX, /* bytes, with the LF before each line */
};

/* Each line of a page has an LF before it. */
struct page {
    uint32_t at;
    uint16_t size, lines;
};

struct topic;

struct bulletin {
    const struct topic *topic; /* of its service */
    uint64_t hash;             /* in the table of all */
    uint64_t seq;              /* the change index that it leads to */
    uint64_t prev;             /* and from where; unused when it is the whole state */
    bool whole;
    bool guarded; /* instances are kept that are not heard of, or may have to be */
    bool known;   /* the service is */
    bool heard;   /* some page of it was acknowledged by somebody */
    bool dropped; /* nobody is to be told it any more */
    uint32_t refs;
    size_t bytes;   /* that it takes up, all in all */
    unsigned count; /* pages, at least 1 */
    struct page pages[];
};

static inline struct text bulletin_page(const struct bulletin *b, unsigned n)
{
    const char *text = (const char *)(b->pages + b->count);
    return (struct text){text + b->pages[n].at, b->pages[n].size};
}

/* Room for one bulletin that is being written. */
struct press {
    unsigned count;
    bool full;    /* more than fits all pages */
    size_t spent; /* on the last one: see work.h */
    struct page pages[BULLETIN_PAGES_MAX];
    char text[BULLETIN_PAGES_MAX * BULLETIN_PAGE_MAX];
};

/* The service as it is now; `s` NULL: not known. With one reference; topic, hash,
 * seq and guarded are the caller's to say. ERR_SPACE: too large · ERR_MEMORY. */
MUST_CHECK enum err bulletin_whole(struct press *press, const struct service *s,
                                   struct bulletin **out);

/* What of it is other than at `prev`. ERR_NOT_FOUND and ERR_SPACE: only the whole can say. */
MUST_CHECK enum err bulletin_delta(struct press *press, const struct registry *r,
                                   const struct service *s, uint64_t prev, struct bulletin **out);

#endif
