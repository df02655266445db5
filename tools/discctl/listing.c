#include "listing.h"

#include <string.h>
#include <strings.h>

#include "http_client.h"

/* The path of the page behind `next` of this one; false: it was the last. */
static bool next_path(const char *path, const json_t *page, char *after, size_t room,
                      char out[static HTTP_PATH_MAX])
{
    const char *next = json_string_value(json_object_get(page, "next"));
    if (!next || !*next || strlen(next) >= room || strcmp(next, after) == 0)
        return false;
    strcpy(after, next);
    snprintf(out, HTTP_PATH_MAX, "%s", path);
    return http_query_add(out, "after", after);
}

int listing_each(const struct arguments *a, const char *path, unsigned flags,
                 int (*page)(void *context, const json_t *page), void *context)
{
    char here[HTTP_PATH_MAX], after[1024] = "";
    int code;
    bool more = true;
    snprintf(here, sizeof(here), "%s", path);
    do {
        json_t *got = NULL;
        bool optional = flags & LISTING_MAY_BE_GONE; /* while the list is walked */
        code = optional ? http_get_if_there(a, here, &got) : http_get(a, here, &got);
        if (code == EXIT_DONE && got)
            code = page(context, got);
        more = next_path(path, got, after, sizeof(after), here);
        json_decref(got);
    } while (code == EXIT_DONE && more);
    return code;
}

struct whole {
    const char *name;
    json_t *all;
};

static int add_page(void *context, const json_t *page)
{
    struct whole *w = context;
    if (w->all)
        json_array_extend(json_object_get(w->all, w->name), json_object_get(page, w->name));
    else
        w->all = json_deep_copy(page);
    return w->all ? EXIT_DONE : EXIT_NO_ANSWER;
}

int listing_whole(const struct arguments *a, const char *path, const char *name, json_t **out)
{
    struct whole w = {.name = name};
    int code = listing_each(a, path, 0, add_page, &w);
    if (code == EXIT_DONE) {
        json_object_del(w.all, "next");
        *out = w.all;
    } else {
        json_decref(w.all);
    }
    return code;
}

static bool is_among(const json_t *namespaces, const char *wanted)
{
    size_t i;
    json_t *one;
    json_array_foreach(namespaces, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name && strcasecmp(name, wanted) == 0)
            return true;
    }
    return false;
}

int listing_namespace(const struct arguments *a)
{
    json_t *answer = NULL, *one;
    size_t i;
    int code = http_get_if_there(a, "/v1/namespaces", &answer);
    const json_t *all = json_object_get(answer, "namespaces");
    if (code == EXIT_DONE && all && !is_among(all, a->ns)) {
        fprintf(stderr, "discctl: there is no namespace '%s' at %s; served are:", a->ns, a->http);
        json_array_foreach(all, i, one)
            fprintf(stderr, "%s %s", i ? "," : "", json_string_value(json_object_get(one, "name")));
        fputc('\n', stderr);
        code = EXIT_REFUSED;
    }
    json_decref(answer);
    return code;
}
