/* The verbs by which an operator overrules an instance: drain, undrain, weight. */
#include <stdlib.h>
#include <string.h>

#include "http_client.h"
#include "table.h"

/* /v1/services/S/instances/I/override */
static bool make_path(const struct arguments *a, char path[static HTTP_PATH_MAX])
{
    strcpy(path, "/v1/services");
    return http_path_add(path, a->service) && http_path_add(path, "instances") &&
           http_path_add(path, a->instance) && http_path_add(path, "override") &&
           http_query_add(path, "ns", a->ns);
}

/* Takes the reference to `wish`. */
static int steer(struct arguments *a, json_t *wish, const char *done)
{
    char path[HTTP_PATH_MAX];
    json_t *answer = NULL;
    if (!make_path(a, path)) {
        json_decref(wish);
        return EXIT_USAGE;
    }
    int code = http_send(a, EVHTTP_REQ_PATCH, path, wish, 10, &answer);
    if (code == EXIT_DONE && a->json) {
        json_t *said = answer ? json_incref(answer) : json_object();
        json_print(said);
        json_decref(said);
    } else if (code == EXIT_DONE) {
        printf("%s/%s: %s\n", a->service, a->instance, done);
    }
    json_decref(answer);
    return code;
}

int verb_drain(struct arguments *a)
{
    return steer(a, json_pack("{s:b}", "drain", 1), "drained: it is in no answer any more");
}

int verb_undrain(struct arguments *a)
{
    return steer(a, json_pack("{s:n}", "drain"), "not drained any more");
}

int verb_weight(struct arguments *a)
{
    char done[64];
    if (a->clear)
        return steer(a, json_pack("{s:n}", "weight"), "has the weight again that it says itself");
    snprintf(done, sizeof(done), "weight %d", a->weight);
    return steer(a, json_pack("{s:i}", "weight", a->weight), done);
}
