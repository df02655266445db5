/* TXT at the names of services: the distinct data of their instances. */
#include "dns/respond.h"

static bool put_txt(struct respond *r, const struct view *v, const uint8_t *rdata, uint16_t size)
{
    return answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, v->ttl, rdata, size);
}

/* Which of `count` there are, for max_answers; all count alike. */
static bool is_limited(const struct view *v, uint32_t count)
{
    return v->max_answers && count > v->max_answers;
}

/* ---- of the service ------------------------------------------------------------------------ */

static void part_of_service(struct respond *r, const struct draw *d)
{
    const struct txt_set *set = &d->view->txt;
    struct picker *p = &d->worker->picker;
    uint64_t client = draw_client_bits(d->client);
    pick_begin(p, d->view->max_answers);
    for (uint32_t i = 0; txt_next(set, &i); i++) {
        const uint8_t *rdata = txt_at(set, i)->rdata;
        draw_offer_stable(p, i, 0, draw_stable_bits(client, rdata, txt_at(set, i)->size), 1);
    }
    unsigned count = pick_finish(p);
    for (unsigned i = 0; i < count; i++)
        (void)put_txt(r, d->view, txt_at(set, p->items[i])->rdata, txt_at(set, p->items[i])->size);
}

static void all_of_service(struct respond *r, const struct view *v)
{
    const struct txt_set *set = &v->txt;
    uint32_t sent = 0;
    if (set->record_bytes > answer_left(&r->answer))
        respond_expect_cut(r);
    for (uint32_t i = 0; txt_next(set, &i) && answer_left(&r->answer) > RECORD_HEAD; i++)
        sent += put_txt(r, v, txt_at(set, i)->rdata, txt_at(set, i)->size);
    if (sent < set->count)
        respond_cut(r, sent, set->count);
}

static bool txt_of_service(struct respond *r, const struct draw *d)
{
    const struct view *v = d->view;
    if (is_limited(v, v->txt.count))
        part_of_service(r, d);
    else
        all_of_service(r, v);
    if (v->stale_count == v->live_count)
        respond_note_stale(r, v->stale_count, v->live_count);
    return v->txt.count > 0;
}

/* ---- of what selectors leave ----------------------------------------------------------- */

/* Each data once, by its first holder's place; all of them are wanted. */
static void collect_all(const struct draw *d)
{
    struct dns_worker *w = d->worker;
    struct selected_cursor c = {0};
    const struct view_instance *i;
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));)
        distinct_add(&w->seen, &w->picker, instance_txt(i), instance_txt_size(i), 0, n, 1);
}

/* By the client's keys: no more than may come to be among the first for it. */
static void collect_stable(const struct draw *d)
{
    struct dns_worker *w = d->worker;
    struct selected_cursor c = {0};
    uint64_t client = draw_client_bits(d->client);
    const struct view_instance *i;
    if (d->view->max_answers < PICK_MAX)
        distinct_keep_only(&w->seen, d->view->max_answers + 1); /* one more: there are others */
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));) {
        uint16_t size = instance_txt_size(i);
        uint64_t bits = draw_stable_bits(client, instance_txt(i), size);
        if (bits >= distinct_bits_wanted(&w->seen, 0, 1, 0))
            distinct_add(&w->seen, &w->picker, instance_txt(i), size, 0, pick_key(bits, 1), 1);
    }
}

static void collect(const struct draw *d)
{
    distinct_begin(&d->worker->seen, d->key);
    if (d->view->max_answers)
        collect_stable(d);
    else
        collect_all(d);
}

/* Of the records of the collected. */
static size_t collected_bytes(const struct distinct_set *s)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < s->count; i++)
        bytes += (size_t)RECORD_HEAD + s->slots[s->used[i]].size;
    return bytes;
}

/* The first of the collected. */
static uint32_t choose(const struct draw *d, bool limited)
{
    struct picker *p = &d->worker->picker;
    pick_begin(p, limited ? d->view->max_answers : PICK_MAX);
    distinct_offer(&d->worker->seen, p);
    return pick_finish(p);
}

static bool txt_of_selected(struct respond *r, const struct draw *d)
{
    const struct distinct_set *seen = &d->worker->seen;
    collect(d);
    bool limited = is_limited(d->view, seen->count);
    if (!limited && collected_bytes(seen) > answer_left(&r->answer))
        respond_expect_cut(r);
    uint32_t count = choose(d, limited), sent = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct distinct_entry *e = &seen->slots[d->worker->picker.items[i]];
        sent += put_txt(r, d->view, e->bytes, e->size);
    }
    respond_note_stale(r, d->of == DRAW_STALE, d->of == DRAW_STALE);
    if (!limited && (sent < seen->count || seen->dropped))
        respond_cut(r, sent, seen->dropped ? 0 : seen->count);
    return count > 0;
}

bool respond_txt(struct respond *r, const struct draw *d)
{
    return d->set ? txt_of_service(r, d) : txt_of_selected(r, d);
}
