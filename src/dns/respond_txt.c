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

static void offer(struct picker *p, uint32_t item, uint64_t client, const uint8_t *rdata,
                  uint16_t size)
{
    draw_offer_stable(p, item, 0, draw_stable_bits(client, rdata, size), 1);
}

/* ---- of the service ------------------------------------------------------------------------ */

static void part_of_service(struct respond *r, const struct draw *d)
{
    const struct txt_set *set = &d->view->txt;
    struct picker *p = &d->worker->picker;
    uint64_t client = draw_client_bits(d->client);
    pick_begin(p, d->view->max_answers);
    for (uint32_t i = 0; txt_next(set, &i); i++)
        offer(p, i, client, txt_at(set, i)->rdata, txt_at(set, i)->size);
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

/* Collects each data once, with its first holder's place as key, and says how many bytes the
 * records take. */
static size_t collect(const struct draw *d)
{
    struct distinct_set *s = &d->worker->seen;
    struct selected_cursor c = {0};
    size_t bytes = 0;
    distinct_begin(s, d->key);
    const struct view_instance *i;
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));) {
        uint32_t before = s->count;
        distinct_add(s, &d->worker->picker, instance_txt(i), instance_txt_size(i), 0, n, 1);
        if (s->count > before)
            bytes += (size_t)RECORD_HEAD + instance_txt_size(i);
    }
    return bytes;
}

/* Chooses among the collected. */
static uint32_t choose(const struct draw *d, bool limited)
{
    const struct distinct_set *s = &d->worker->seen;
    struct picker *p = &d->worker->picker;
    uint64_t client = draw_client_bits(d->client);
    pick_begin(p, limited ? d->view->max_answers : PICK_MAX);
    if (!limited)
        distinct_offer(s, p);
    for (uint32_t i = 0; limited && i < s->count; i++) {
        const struct distinct_entry *e = &s->slots[s->used[i]];
        offer(p, s->used[i], client, e->bytes, e->size);
    }
    return pick_finish(p);
}

static bool txt_of_selected(struct respond *r, const struct draw *d)
{
    const struct distinct_set *seen = &d->worker->seen;
    size_t bytes = collect(d);
    bool limited = is_limited(d->view, seen->count);
    if (!limited && bytes > answer_left(&r->answer))
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
