/* A subscriber that does what message.h tells it to, and nothing cleverer: for property
 * tests. Knows nothing of src/reg; text in, text out, time as an argument.
 *
 *   model_tick ──> request ("" = none)      model_hear <── reply or push; answer ("" = none)
 */
#ifndef DISC_TESTS_UNIT_REG_MODEL_SUBSCRIBER_H
#define DISC_TESTS_UNIT_REG_MODEL_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

enum { MODEL_LIST = 128, MODEL_LINE = 160, MODEL_PAGES = 64, MODEL_PAGE = 1233 };

struct model_collecting {
    uint64_t seq, prev, arrived;
    bool full;
    unsigned pages;
    char page[MODEL_PAGES][MODEL_PAGE];
};

struct model {
    const char *service;
    unsigned number; /* makes cid and tok */
    uint64_t have;
    char ep[9], cookie[23];
    uint64_t sub;
    unsigned id, tries;
    bool waiting; /* for the reply to `sub` */
    uint64_t act_ms;
    char list[MODEL_LIST][MODEL_LINE]; /* "ID FIELDS"; "" = a free place */
    struct model_collecting under_way;
    unsigned applied_full, applied_delta, resyncs, restarts; /* what happened */
    bool changed;                                            /* the list was, just now */
};

/* The value of " key=" in the header line; NULL = not there. */
static const char *model_value(const char *text, const char *key, char out[static 64])
{
    char name[16];
    size_t line = strcspn(text, "\n");
    int size = snprintf(name, sizeof(name), " %s=", key);
    const char *at = strstr(text, name);
    if (!at || at >= text + line)
        return NULL;
    at += size;
    size_t n = strcspn(at, " \n");
    if (n > 63)
        abort();
    memcpy(out, at, n);
    out[n] = '\0';
    return out;
}

static uint64_t model_number(const char *text, const char *key)
{
    char value[64];
    return model_value(text, key, value) ? strtoull(value, NULL, 10) : 0;
}

static void model_token(const struct model *m, char out[static 24])
{
    snprintf(out, 24, "token-of-number-%04u", m->number);
}

static void model_subscribe(struct model *m, uint64_t from, uint64_t now_ms, char *out)
{
    char token[24], cookie[32] = "";
    model_token(m, token);
    if (m->cookie[0])
        snprintf(cookie, sizeof(cookie), " ck=%s", m->cookie);
    sprintf(out, "disc/1 sub id=s%u cid=m%u tok=%s svc=%s from=%llu%s\n", ++m->id, m->number, token,
            m->service, (unsigned long long)from, cookie);
    m->waiting = true;
    m->act_ms = now_ms + (500ull << (m->tries < 4 ? m->tries : 4));
    m->tries++;
}

static UNUSED void model_tick(struct model *m, uint64_t now_ms, char *out)
{
    *out = '\0';
    if (now_ms >= m->act_ms)
        model_subscribe(m, m->have, now_ms, out);
}

/* ---- the list ------------------------------------------------------------------------ */

static char *model_find(struct model *m, const char *id, size_t n)
{
    for (unsigned i = 0; i < MODEL_LIST; i++)
        if (m->list[i][0] && strncmp(m->list[i], id, n) == 0 && m->list[i][n] == ' ')
            return m->list[i];
    return NULL;
}

static void model_item(struct model *m, const char *line, size_t n)
{
    size_t id = strcspn(line + 1, " \n");
    char *place = model_find(m, line + 1, id);
    if (line[0] == '-') {
        if (place)
            *place = '\0';
        return;
    }
    for (unsigned i = 0; !place && i < MODEL_LIST; i++)
        if (!m->list[i][0])
            place = m->list[i];
    if (!place || n > MODEL_LINE || line[0] != (m->under_way.full ? '=' : '+'))
        abort();
    memcpy(place, line + 1, n - 1);
    place[n - 1] = '\0';
}

static void model_apply(struct model *m)
{
    const struct model_collecting *u = &m->under_way;
    if (u->full)
        memset(m->list, 0, sizeof(m->list));
    for (unsigned i = 0; i < u->pages; i++) {
        const char *at = strchr(u->page[i], '\n');
        uint64_t lines = 0;
        for (; at && at[1]; at = strchr(at + 1, '\n'), lines++)
            model_item(m, at + 1, strcspn(at + 1, "\n"));
        if (lines != model_number(u->page[i], "n"))
            abort();
    }
    m->have = u->seq;
    *(u->full ? &m->applied_full : &m->applied_delta) += 1;
    m->changed = true;
    m->under_way.pages = 0;
}

/* ---- what it hears ------------------------------------------------------------------- */

/* Makes room for the push unless it is an older one than what is under way. */
static bool model_collects(struct model *m, uint64_t seq, uint64_t prev, bool full, unsigned pages)
{
    struct model_collecting *u = &m->under_way;
    bool same = u->pages && u->seq == seq && u->full == full && u->prev == prev;
    if (same)
        return true;
    if (u->pages && seq < u->seq)
        return false;
    u->seq = seq;
    u->prev = prev;
    u->full = full;
    u->pages = pages;
    u->arrived = 0;
    return true;
}

static void model_push(struct model *m, const char *text, uint64_t now_ms, char *out)
{
    char value[64], token[24];
    uint64_t seq = model_number(text, "seq"), prev = model_number(text, "prev");
    bool full = model_number(text, "full") == 1;
    unsigned page = 1, pages = 1;
    model_token(m, token);
    if (!model_value(text, "tok", value) || strcmp(value, token) != 0)
        return;
    if (!model_value(text, "ep", value) || (m->ep[0] && strcmp(value, m->ep) != 0))
        return;
    strcpy(m->ep, value);
    if (model_value(text, "frag", value))
        sscanf(value, "%u/%u", &page, &pages);
    m->sub = model_number(text, "sub");
    if (seq > m->have && !full && prev > m->have) {
        m->resyncs++;
        m->tries = 0;
        model_subscribe(m, m->have, now_ms, out);
        return;
    }
    if (seq > m->have) {
        if (!model_collects(m, seq, prev, full, pages))
            return;
        strcpy(m->under_way.page[page - 1], text);
        m->under_way.arrived |= 1ull << (page - 1);
    }
    sprintf(out, "disc/1 ack sub=%llu tok=%s seq=%llu frag=%u\n", (unsigned long long)m->sub, token,
            (unsigned long long)seq, page);
    if (seq > m->have && m->under_way.arrived == UINT64_MAX >> (64 - pages))
        model_apply(m);
}

static void model_ok(struct model *m, const char *text, uint64_t now_ms, char *out)
{
    char ep[64];
    bool restarted = model_value(text, "ep", ep) && m->ep[0] && strcmp(ep, m->ep) != 0;
    strcpy(m->ep, ep);
    m->waiting = false;
    m->tries = 0;
    m->sub = model_number(text, "sub");
    m->act_ms = now_ms + model_number(text, "ren");
    if (!restarted)
        return;
    m->restarts++;
    m->have = 0;
    m->under_way.pages = 0;
    if (model_number(text, "full") == 0)
        model_subscribe(m, 0, now_ms, out);
}

static bool model_is_mine(const struct model *m, const char *text)
{
    char id[64], mine[24];
    snprintf(mine, sizeof(mine), "s%u", m->id);
    return m->waiting && model_value(text, "id", id) && strcmp(id, mine) == 0;
}

static UNUSED void model_hear(struct model *m, const char *text, uint64_t now_ms, char *out)
{
    char value[64];
    *out = '\0';
    m->changed = false;
    if (strncmp(text, "disc/1 push ", 12) == 0) {
        model_push(m, text, now_ms, out);
    } else if (strstr(text, " c=404 ") && !m->waiting) {
        model_subscribe(m, m->have, now_ms, out);
    } else if (!model_is_mine(m, text)) {
        return;
    } else if (strncmp(text, "disc/1 chal ", 12) == 0) {
        strcpy(m->cookie, model_value(text, "ck", value));
        model_subscribe(m, m->have, now_ms, out);
    } else if (strncmp(text, "disc/1 ok ", 10) == 0) {
        model_ok(m, text, now_ms, out);
    }
}

#endif
