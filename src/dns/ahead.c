/* Fetches what a batch of answers will need; see dns_ahead. Nothing here decides anything:
 * what it guesses wrong costs time only, and what it hands on is looked at once more. */
#include "dns/lookup.h"
#include "dns/query.h"
#include "dns/state.h"
#include "dns/view_prefetch.h"

/* The hash of the name asked for, or of what is above its first label; 0 = there is none. */
static uint64_t hash_of(const struct dns *dns, const struct dns_request *request, unsigned left)
{
    struct name name;
    uint8_t size;
    if (!query_question(request->bytes, request->size, &name) || name.labels < left)
        return 0;
    const uint8_t *tail = name_tail(&name, left, &size);
    return table_hash(dns->table, tail, size);
}

static void look_for(const struct dns *dns, struct dns_request *request, unsigned left)
{
    struct dns_ahead *a = &request->ahead;
    *a = (struct dns_ahead){.hash = hash_of(dns, request, left), .left = left};
    if (a->hash)
        table_prefetch(dns->table, a->hash);
}

static void fetch_node(const struct dns *dns, struct dns_ahead *a)
{
    const struct node *n = table_guess(dns->table, a->hash);
    if (!n)
        return;
    a->node = n;
    __builtin_prefetch(n);
    __builtin_prefetch((const char *)n + 63); /* it need not begin with a line */
}

static bool is_service(const struct node *n)
{
    return n->kind == NODE_SERVICE || n->kind == NODE_SERVICE_TCP || n->kind == NODE_SERVICE_UDP;
}

static void fetch_behind(const struct node *n)
{
    if (is_service(n))
        __builtin_prefetch(n->slot);
    else if (n->rrset_count)
        __builtin_prefetch(n->rrsets);
}

void dns_ahead(const struct dns *dns, struct dns_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        look_for(dns, &requests[i], 0);
    for (size_t i = 0; i < count; i++) {
        if (requests[i].ahead.hash)
            fetch_node(dns, &requests[i].ahead);
        if (requests[i].ahead.hash && !requests[i].ahead.node)
            look_for(dns, &requests[i], 1); /* what is inside a service, or does not exist */
    }
    for (size_t i = 0; i < count; i++)
        if (requests[i].ahead.hash && !requests[i].ahead.node)
            fetch_node(dns, &requests[i].ahead);
    for (size_t i = 0; i < count; i++)
        if (requests[i].ahead.node)
            fetch_behind(requests[i].ahead.node);
    for (size_t i = 0; i < count; i++)
        if (requests[i].ahead.node && is_service(requests[i].ahead.node))
            view_prefetch(RCU_READ(requests[i].ahead.node->slot->view));
}
