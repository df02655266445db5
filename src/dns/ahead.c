/* A batch of requests, taken to memory together: see dns_batch. Nothing here decides anything:
 * what it guesses wrong costs time only, and what it hands on is looked at once more. */
#include "dns/ahead.h"

#include <string.h>

#include "dns/state.h"
#include "dns/view.h"
#include "dns/worker.h"

/* The name that was looked for last above one that is not there: the next is often the same. */
struct above {
    const uint8_t *wire;
    uint8_t size; /* 0 = there is none */
    uint64_t hash;
};

static uint64_t look_for(const struct dns *dns, const uint8_t *wire, uint8_t size)
{
    uint64_t hash = table_hash(dns->table, wire, size);
    table_prefetch_shard(dns->table, hash);
    return hash;
}

static void look_above(const struct dns *dns, struct ahead *a, struct above *last)
{
    uint8_t size;
    a->hash = 0;
    if (++a->left > a->query.name.labels)
        return;
    const uint8_t *tail = name_tail(&a->query.name, a->left, &size);
    if (last->size != size || memcmp(last->wire, tail, size) != 0)
        *last = (struct above){tail, size, look_for(dns, tail, size)};
    a->hash = last->hash;
}

static void fetch_places(const struct dns *dns, const struct ahead *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].hash && !all[i].node)
            table_prefetch(dns->table, all[i].hash);
}

/* From the bytes to the name's place in the table. */
static void begin(const struct dns *dns, struct ahead *a, const struct dns_request *request)
{
    a->request = request;
    a->node = NULL;
    a->left = 0;
    a->hash = 0;
    a->verdict = query_parse(request->bytes, request->size, &a->query);
    if (a->verdict != QUERY_GOOD)
        return;
    uint8_t size;
    a->left = table_skip(dns->table, &a->query.name);
    const uint8_t *tail = name_tail(&a->query.name, a->left, &size);
    a->hash = look_for(dns, tail, size);
}

/* From there to the node, or else to what is above: the name may be inside a service, or not
 * exist. */
static void fetch_node(const struct dns *dns, struct ahead *a, struct above *last)
{
    if (!a->hash)
        return;
    a->node = table_guess(dns->table, a->hash);
    if (!a->node) {
        look_above(dns, a, last);
        return;
    }
    __builtin_prefetch(a->node);
    __builtin_prefetch((const char *)a->node + 63); /* it need not begin with a line */
}

static bool is_service(const struct node *n)
{
    return n &&
           (n->kind == NODE_SERVICE || n->kind == NODE_SERVICE_TCP || n->kind == NODE_SERVICE_UDP);
}

static void fetch_behind(struct ahead *a)
{
    const struct node *n = a->node;
    a->view = NULL;
    if (is_service(n))
        __builtin_prefetch(n->slot);
    else if (n && n->rrset_count)
        __builtin_prefetch(n->rrsets);
}

static void fetch_view(struct ahead *a)
{
    if (!is_service(a->node))
        return;
    a->view = RCU_READ(a->node->slot->view);
    __builtin_prefetch(&a->view->size);
}

/* What is asked of the service itself; 0: of an instance, or the like. */
static uint16_t type_of(const struct ahead *a)
{
    return a->left ? 0 : a->query.type;
}

/* A view is many lines, and the processor has only so many under way: more would be dropped. So
 * these are fetched while the answers before are made. */
void ahead_go_on(const struct ahead *answered)
{
    if (answered[2].view)
        view_prefetch(answered[2].view);
    if (answered[1].view)
        view_prefetch_rest(answered[1].view, type_of(&answered[1]));
}

void dns_batch(const struct dns *dns, struct dns_worker *worker, const struct dns_request *requests,
               size_t count)
{
    struct ahead *all = worker->ahead;
    struct above last = {0};
    for (size_t i = 0; i < count; i++)
        begin(dns, &all[i], &requests[i]);
    fetch_places(dns, all, count);
    for (size_t i = 0; i < count; i++)
        fetch_node(dns, &all[i], &last);
    if (last.size)
        fetch_places(dns, all, count);
    for (size_t i = 0; i < count; i++)
        if (!all[i].node)
            fetch_node(dns, &all[i], &last);
    for (size_t i = 0; i < count; i++)
        fetch_behind(&all[i]);
    for (size_t i = 0; i < count; i++)
        fetch_view(&all[i]);
    all[count].view = all[count + 1].view = NULL;
    if (count > 0 && all[0].view) {
        view_prefetch(all[0].view);
        view_prefetch_rest(all[0].view, type_of(&all[0]));
    }
    if (count > 1 && all[1].view)
        view_prefetch(all[1].view);
}
