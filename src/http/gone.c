#include "http/gone.h"

#include <stdlib.h>

static struct gone_service *nth(struct gone *g, size_t n)
{
    return &g->last[(g->at + GONE_MAX - g->count + n) % GONE_MAX];
}

static const struct gone_service *nth_of(const struct gone *g, size_t n)
{
    return &g->last[(g->at + GONE_MAX - g->count + n) % GONE_MAX];
}

static char *join(struct text ns, struct text service)
{
    char *text = calloc(1, ns.n + service.n + 2);

    if (!text)
        return NULL;
    memcpy(text, ns.s, ns.n);
    memcpy(text + ns.n + 1, service.s, service.n);
    return text;
}

static void drop_oldest(struct gone *g)
{
    struct gone_service *oldest = nth(g, 0);

    g->floor = oldest->index;
    free(oldest->text);
    oldest->text = NULL;
    g->count--;
}

void gone_note(struct gone *g, struct text ns, struct text service, uint64_t index)
{
    char *text = join(ns, service);

    if (!text) {
        while (g->count)
            drop_oldest(g);
        g->floor = index;
        return;
    }
    if (g->count == GONE_MAX)
        drop_oldest(g);
    g->last[g->at] = (struct gone_service){index, text};
    g->at = (g->at + 1) % GONE_MAX;
    g->count++;
}

bool gone_after(const struct gone *g, uint64_t since, uint64_t *index, struct text *ns,
                struct text *service)
{
    size_t low = 0, high = g->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (nth_of(g, middle)->index > since)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == g->count)
        return false;
    const struct gone_service *found = nth_of(g, low);
    *index = found->index;
    *ns = text_of(found->text);
    *service = text_of(found->text + ns->n + 1);
    return true;
}

void gone_deinit(struct gone *g)
{
    while (g->count)
        drop_oldest(g);
}
