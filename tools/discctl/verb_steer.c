/* The verbs by which an operator overrules an instance: drain, undrain, weight. */
#include <stdlib.h>
#include <string.h>

#include "http_client.h"
#include "table.h"

static bool make_path(const struct arguments *a, const char *part, char path[static HTTP_PATH_MAX])
{
    strcpy(path, "/v1/services");
    return http_path_add(path, a->service) && http_path_add(path, "instances") &&
           http_path_add(path, a->instance) && (!part || http_path_add(path, part)) &&
           http_query_add(path, "ns", a->ns);
}

/* The server would take it for one that is still to come; here it is a slip of the pen. */
static int look_for(const struct arguments *a)
{
    char path[HTTP_PATH_MAX];
    json_t *instance = NULL;
    if (a->force)
        return EXIT_DONE;
    int code = make_path(a, NULL, path) ? http_get(a, path, &instance) : EXIT_USAGE;
    json_decref(instance);
    return code;
}

/* There is something to lift, or something that it could be lifted from; else the name is a slip
 * of the pen, and what was meant stays as it is. */
static int look_for_either(const struct arguments *a)
{
    char instance[HTTP_PATH_MAX], override[HTTP_PATH_MAX];
    json_t *there = NULL, *set = NULL;
    if (!make_path(a, NULL, instance) || !make_path(a, "override", override))
        return EXIT_USAGE;
    int code = http_get_if_there(a, instance, &there);
    if (code == EXIT_DONE && !there)
        code = http_get_if_there(a, override, &set);
    if (code == EXIT_DONE && !there && !json_object_size(set)) {
        fprintf(stderr,
                "discctl: %s refused: there is no %s/%s, and nothing is set for it: see "
                "discctl overrides\n",
                a->http, a->service, a->instance);
        code = EXIT_REFUSED;
    }
    json_decref(there);
    json_decref(set);
    return code;
}

/* Takes the reference to `wish`. */
static int steer(struct arguments *a, json_t *wish, const char *done)
{
    char path[HTTP_PATH_MAX];
    json_t *answer = NULL;
    if (!make_path(a, "override", path)) {
        json_decref(wish);
        return EXIT_USAGE;
    }
    int code = http_send(a, EVHTTP_REQ_PATCH, path, wish, 10, &answer);
    if (code == EXIT_DONE && a->json && answer)
        json_print(answer);
    else if (code == EXIT_DONE && !a->json)
        printf("%s/%s: %s\n", a->service, a->instance, done);
    json_decref(answer);
    return code;
}

int verb_drain(struct arguments *a)
{
    int code = look_for(a);
    return code ? code
                : steer(a, json_pack("{s:b}", "drain", 1), "drained: it is in no answer any more");
}

int verb_undrain(struct arguments *a)
{
    int code = look_for_either(a);
    return code ? code : steer(a, json_pack("{s:n}", "drain"), "not drained any more");
}

int verb_weight(struct arguments *a)
{
    char done[64];
    int code = a->clear ? look_for_either(a) : look_for(a);
    if (code)
        return code;
    if (a->clear)
        return steer(a, json_pack("{s:n}", "weight"), "has the weight again that it says itself");
    snprintf(done, sizeof(done), "weight %d", a->weight);
    return steer(a, json_pack("{s:i}", "weight", a->weight), done);
}
