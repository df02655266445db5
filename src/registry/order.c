#include "registry/order.h"

#include "registry/service.h"

static int compare(const struct service *s, struct text ns, struct text name)
{
    int by_namespace = text_compare(service_namespace(s), ns);
    return by_namespace ? by_namespace : text_compare(service_name(s), name);
}

static int compare_services(const struct service *a, const struct service *b)
{
    return compare(a, service_namespace(b), service_name(b));
}

/* Hangs what is below `s` to *low and what is above to *high. */
static void split(struct service *tree, const struct service *s, struct service **low,
                  struct service **high)
{
    while (tree) {
        if (compare_services(tree, s) < 0) {
            *low = tree;
            low = &tree->order.right;
            tree = *low;
        } else {
            *high = tree;
            high = &tree->order.left;
            tree = *high;
        }
    }
    *low = *high = NULL;
}

void order_add(struct service **root, struct service *s)
{
    struct service **at = root;
    while (*at && (*at)->hash >= s->hash)
        at = compare_services(s, *at) < 0 ? &(*at)->order.left : &(*at)->order.right;
    split(*at, s, &s->order.left, &s->order.right);
    *at = s;
}

void order_remove(struct service **root, struct service *s)
{
    struct service **at = root;
    while (*at != s)
        at = compare_services(s, *at) < 0 ? &(*at)->order.left : &(*at)->order.right;
    struct service *low = s->order.left, *high = s->order.right;
    while (low && high) {
        if (low->hash >= high->hash) {
            *at = low;
            at = &low->order.right;
            low = *at;
        } else {
            *at = high;
            at = &high->order.left;
            high = *at;
        }
    }
    *at = low ? low : high;
    s->order = (struct order_node){NULL, NULL};
}

struct service *order_above(struct service *root, struct text ns, struct text name)
{
    struct service *best = NULL;
    while (root) {
        if (compare(root, ns, name) > 0) {
            best = root;
            root = root->order.left;
        } else {
            root = root->order.right;
        }
    }
    return best;
}
