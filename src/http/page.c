#include "http/page.h"

#include "http/name.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 10000 };

/* Into `out` in lower case, with a terminating NUL. */
static bool take(struct text t, char *out, size_t size)
{
    bool fits = t.n > 0 && t.n < size;

    if (fits)
        out[name_lower(t, out, size).n] = '\0';
    return fits;
}

/* "NS/SERVICE" or "NS/SERVICE/INSTANCE" */
static bool take_place(struct text t, bool of_instances, struct page *out)
{
    struct text rest = t, ns = text_cut(&rest, '/'),
                name = of_instances ? text_cut(&rest, '/') : rest;

    out->after.set = take(ns, out->after.ns, sizeof(out->after.ns)) &&
                     take(name, out->after.name, sizeof(out->after.name)) &&
                     (!of_instances || take(rest, out->id, sizeof(out->id)));
    return out->after.set;
}

const char *page_read(const struct uri_query *query, bool of_instances, struct page *out)
{
    struct text ns = uri_query_get(query, "ns"), after = uri_query_get(query, "after"),
                limit = uri_query_get(query, "limit");
    uint64_t number = LIMIT_DEFAULT;

    if (ns.n && !(text_is_label(ns, NAMESPACE_MAX) && take(ns, out->ns, sizeof(out->ns))))
        return "ns is the name of a namespace, such as default";
    if (after.n && !take_place(after, of_instances, out))
        return of_instances ? "after is what \"next\" said in the page before, such as "
                              "default/hello-svc/one"
                            : "after is what \"next\" said in the page before, such as "
                              "default/hello-svc";
    if (ns.n && after.n && strcmp(out->ns, out->after.ns) != 0)
        return "after is of another namespace than ns";
    if (limit.s && (text_number(limit, LIMIT_MAX, &number) != ERR_OK || number == 0))
        return "limit is a number from 1 to 10000";
    out->left = (uint32_t)number;
    return NULL;
}
