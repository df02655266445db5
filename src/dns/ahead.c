/* A batch of requests, taken to memory together: see dns_batch. Nothing here decides anything:
 * what it guesses wrong costs time only, and what it hands on is looked at once more. */
#include "dns/ahead.h"

#include "dns/state.h"
#include "dns/view.h"
#include "dns/worker.h"

static void look_for(const struct dns *dns, struct ahead *a, unsigned left)
{
    uint8_t size;
    const struct name *name = &a->query.name;
    const uint8_t *tail = name_tail(name, left, &size);
    a->left = left;
    a->hash = left <= name->labels ? table_hash(dns->table, tail, size) : 0;
    if (a->hash)
        table_prefetch_shard(dns->table, a->hash);
}

static void fetch_places(const struct dns *dns, struct ahead *all, size_t count)
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
    if (a->verdict == QUERY_GOOD)
        look_for(dns, a, table_skip(dns->table, &a->query.name));
}

/* From there to the node, or else to what is above: the name may be inside a service, or not
 * exist. */
static void fetch_node(const struct dns *dns, struct ahead *a)
{
    if (!a->hash)
        return;
    a->node = table_guess(dns->table, a->hash);
    if (!a->node) {
        look_for(dns, a, a->left + 1);
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
    for (size_t i = 0; i < count; i++)
        begin(dns, &all[i], &requests[i]);
    fetch_places(dns, all, count);
    for (size_t i = 0; i < count; i++)
        fetch_node(dns, &all[i]);
    fetch_places(dns, all, count);
    for (size_t i = 0; i < count; i++)
        if (!all[i].node)
            fetch_node(dns, &all[i]);
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
