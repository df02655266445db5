#include "dns_wait.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dns_look.h"
#include "http_client.h"

enum { PLACES_MAX = 16, PAUSE_MS = 50, LOOK_MS = 1000 };

struct wait {
    const struct arguments *arguments;
    const char *instance;
    json_t *status;
    struct dns_place places[PLACES_MAX];
    size_t place_count;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- where to look --------------------------------------------------------------- */

/* Of http://HOST:PORT, without brackets. */
static void host_of(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "//");
    host = host ? host + 2 : url;
    bool bracket = *host == '[';
    size_t n = strcspn(host + bracket, bracket ? "]" : ":/");
    snprintf(out, size, "%.*s", (int)n, host + bracket);
}

/* "127.0.0.1:5300", "[::1]:5300"; of all addresses that one which the API is asked at. */
static bool read_place(const struct wait *w, const char *text, struct dns_place *out)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    bool bracket = text && *text == '[';
    size_t n = colon ? (size_t)(colon - text) - 2 * bracket : 0;
    if (!n || n >= sizeof(out->address))
        return false;
    snprintf(out->address, sizeof(out->address), "%.*s", (int)n, text + bracket);
    out->port = atoi(colon + 1);
    if (strcmp(out->address, "0.0.0.0") == 0 || strcmp(out->address, "::") == 0)
        host_of(w->arguments->http, out->address, sizeof(out->address));
    return out->port > 0;
}

static int read_status(struct wait *w)
{
    size_t i;
    json_t *address;
    int code = http_get(w->arguments, "/v1/status", &w->status);
    if (code != EXIT_DONE)
        return code;
    json_array_foreach(json_object_get(json_object_get(w->status, "dns"), "listen"), i, address)
    {
        if (w->place_count < PLACES_MAX &&
            read_place(w, json_string_value(address), &w->places[w->place_count]))
            w->place_count++;
    }
    return EXIT_DONE;
}

/* ---- looking --------------------------------------------------------------------- */

static bool is_up(const struct arguments *a)
{
    return !a->status || strcmp(a->status, "up") == 0;
}

/* How many instances the service's answer is to hold; -1 = not known. */
static json_int_t count_live(const struct wait *w)
{
    char path[HTTP_PATH_MAX] = "/v1/services";
    json_t *service = NULL, *row;
    size_t i;
    json_int_t live = 0;
    if (!http_path_add(path, w->arguments->service) ||
        !http_query_add(path, "ns", w->arguments->ns) || !http_query_add(path, "live", "true") ||
        http_get_quietly(w->arguments, path, &service) != EXIT_DONE)
        return -1;
    json_array_foreach(json_object_get(service, "instances"), i, row)
    {
        live += json_array_size(json_object_get(row, "ports")) > 0;
    }
    json_decref(service);
    return live;
}

/* A service may be too large for one message, or its answers be limited: then it is the
 * instance's own name that counts. */
static bool in_service(const struct wait *w, const struct dns_place *place, const char *service,
                       const char *target)
{
    struct dns_answer answer;
    if (!dns_look(place, service, DNS_TYPE_SRV, LOOK_MS, &answer))
        return false;
    bool shown = answer.rcode == 0 && dns_has_target(&answer, target);
    unsigned count = answer.count;
    dns_answer_free(&answer);
    return shown || (count > 0 && count_live(w) > (json_int_t)count);
}

static bool shown_in(const struct wait *w, const struct dns_place *place, const char *zone)
{
    const struct arguments *a = w->arguments;
    char service[DNS_NAME_MAX], target[DNS_NAME_MAX];
    struct dns_answer answer;
    snprintf(service, sizeof(service), "%s.%s", a->service, zone);
    int n = snprintf(target, sizeof(target), "%s.%s", w->instance, service);
    if ((size_t)n >= sizeof(target) || !dns_look(place, target, DNS_TYPE_TXT, LOOK_MS, &answer))
        return false;
    bool down = a->status && strcmp(a->status, "down") == 0;
    bool shown = answer.rcode == 0 && (answer.count > 0 || down);
    dns_answer_free(&answer);
    if (!shown || !is_up(a) || strcmp(a->ports.text, "-") == 0)
        return shown;
    return in_service(w, place, service, target);
}

/* In all zones of the namespace, of which there must be one. */
static bool is_shown(const struct wait *w)
{
    const char *ns = w->arguments->ns ? w->arguments->ns : "default";
    size_t i, zones = 0;
    json_t *zone;
    json_array_foreach(json_object_get(json_object_get(w->status, "dns"), "zone_list"), i, zone)
    {
        const char *name = json_string_value(json_object_get(zone, "name"));
        const char *of = json_string_value(json_object_get(zone, "namespace"));
        size_t n = name ? strlen(name) : 0;
        /* A reverse zone has other names. */
        if (!of || strcmp(of, ns) != 0 || (n > 5 && strcmp(name + n - 5, ".arpa") == 0))
            continue;
        zones++;
        for (size_t p = 0; p < w->place_count; p++) {
            if (!shown_in(w, &w->places[p], name))
                return false;
        }
    }
    return zones > 0 && w->place_count > 0;
}

int dns_wait(const struct arguments *a, const char *instance)
{
    struct wait w = {.arguments = a, .instance = instance};
    int64_t end = now_ms() + (int64_t)(a->wait_s * 1000);
    int code = read_status(&w);
    bool shown = false;
    while (code == EXIT_DONE && !(shown = is_shown(&w)) && now_ms() < end)
        poll(NULL, 0, PAUSE_MS);
    if (code == EXIT_DONE && !shown) {
        fprintf(stderr, "discctl: DNS does not show %s/%s after %g s\n", a->service, instance,
                a->wait_s);
        code = EXIT_NO_ANSWER;
    }
    json_decref(w.status);
    return code;
}
