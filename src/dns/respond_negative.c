#include <stdio.h>

#include "dns/respond.h"

/* "2 draining 1 starting" */
static void list_statuses(const struct view *v, char *to, size_t size)
{
    size_t at = 0;
    *to = '\0';
    for (int status = STATUS_COUNT - 1; status > STATUS_UP && at < size; status--)
        if (view_status_count(v, (enum status)status))
            at += (size_t)snprintf(to + at, size - at, " %u %s",
                                   view_status_count(v, (enum status)status),
                                   status_text((enum status)status));
}

static void explain_service(struct answer *a, const struct view *v)
{
    char text[sizeof(a->ede_text)], statuses[sizeof(text) / 2];
    if (v->instance_count == 0) {
        answer_explain(a, EDE_OTHER, "service known, no instance registered");
        return;
    }
    list_statuses(v, statuses, sizeof(statuses));
    snprintf(text, sizeof(text), "%u instances, none up:%s", v->instance_count, statuses);
    answer_explain(a, EDE_OTHER, text);
}

static bool in_use(const struct found *f)
{
    return f->kind == FOUND_SERVICE || f->kind == FOUND_PROTOCOL || f->kind == FOUND_PORT ||
           f->kind == FOUND_SUBSET;
}

/* Why a name that is known has no data (RFC 8914: "other", with words). */
static void explain_no_data(struct answer *a, const struct found *f, uint16_t type)
{
    if (!a->query->has_opt)
        return;
    if ((f->kind == FOUND_INSTANCE || f->kind == FOUND_BROWSED) &&
        f->instance->status == STATUS_DOWN)
        answer_say(a, EDE_OTHER, TEXT("the instance is down"));
    else if (in_use(f) && f->view->live_count == 0)
        explain_service(a, f->view);
    else if (f->kind == FOUND_SUBSET && (type == TYPE_SRV || type == TYPE_A || type == TYPE_AAAA))
        answer_say(a, EDE_OTHER, TEXT("no live instance with such data is selected"));
    else
        answer_say(a, EDE_OTHER, TEXT("the name has no records of this type"));
}

/* How far the name exists: where it is misspelt. */
static void explain_no_name(struct answer *a, const struct found *f)
{
    enum { FRONT = sizeof(ZONE_DENIAL) - 1 };
    char words[FRONT + NAME_TEXT];
    if (!a->query->has_opt)
        return;
    if (!f->node || f->node->size == f->zone->apex.size) {
        answer_say(a, EDE_OTHER, (struct text){f->zone->denial, f->zone->denial_size});
        return;
    }
    memcpy(words, ZONE_DENIAL, FRONT);
    (void)name_format(f->node->name, words + FRONT);
    answer_explain(a, EDE_OTHER, words);
}

unsigned respond_negative(struct respond *r, const struct found *f, unsigned rcode)
{
    const struct zone *zone = f->zone;
    /* RFC 2308 section 5: how long to remember is the lesser of TTL and MINIMUM. */
    uint32_t ttl = f->view ? f->view->negative_ttl : zone->negative_ttl;
    uint32_t apex = r->owner + r->name->size - zone->apex.size;
    if (rcode == RCODE_NOERROR)
        explain_no_data(&r->answer, f, r->type);
    else
        explain_no_name(&r->answer, f);
    respond_soa(r, zone, SECTION_AUTHORITY, apex, ttl, f->view ? ttl : zone->minimum);
    return rcode;
}
