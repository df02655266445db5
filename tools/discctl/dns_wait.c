#include "dns_wait.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "dns_look.h"
#include "host.h"
#include "http_client.h"
#include "table.h"

enum { PLACES_MAX = 16, PAUSE_MS = 50, LOOK_MS = 1000 };

struct wait {
    const struct arguments *arguments;
    const char *instance;
    json_t *status;
    char host[256]; /* the API's */
    struct dns_place places[PLACES_MAX];
    size_t place_count;
    const struct dns_place *missing; /* where it was not shown at last */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- where to look --------------------------------------------------------------- */

/* "127.0.0.1:5300", "[::1]:5300". Of all addresses that one which the API is asked at; what
 * belongs to the server's machine alone (loopback) would be another server's here. */
static bool read_place(const struct wait *w, const char *text, struct dns_place *out)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    out->port = colon ? atoi(colon + 1) : 0;
    if (out->port <= 0 || (size_t)(colon - text) >= sizeof(out->address))
        return false;
    host_of(text, out->address, sizeof(out->address));
    if (strcmp(out->address, "0.0.0.0") == 0)
        return host_address(w->host, AF_INET, out->address, sizeof(out->address));
    if (strcmp(out->address, "::") == 0)
        return host_address(w->host, AF_UNSPEC, out->address, sizeof(out->address));
    return host_is_loopback(w->host) ||
           !(host_is_loopback(out->address) || host_is_link_local(out->address) ||
             !host_is_routed(out->address));
}

/* The API's host, at the port of some address of which nothing can be seen from here. */
static bool guess_place(const struct wait *w, const char *text, struct dns_place *out)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    out->port = colon ? atoi(colon + 1) : 0;
    return out->port > 0 && host_address(w->host, AF_UNSPEC, out->address, sizeof(out->address));
}

static void read_places(struct wait *w,
                        bool (*read)(const struct wait *w, const char *text, struct dns_place *out))
{
    size_t i;
    json_t *address;
    json_array_foreach(json_object_get(json_object_get(w->status, "dns"), "listen"), i, address)
    {
        if (w->place_count < PLACES_MAX &&
            read(w, json_string_value(address), &w->places[w->place_count]))
            w->place_count++;
    }
}

static int read_status(struct wait *w)
{
    host_of(w->arguments->http, w->host, sizeof(w->host));
    int code = http_get(w->arguments, "/v1/status", &w->status);
    if (code != EXIT_DONE)
        return code;
    read_places(w, read_place);
    if (!w->place_count)
        read_places(w, guess_place);
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
static bool is_shown(struct wait *w)
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
            if (shown_in(w, &w->places[p], name))
                continue;
            w->missing = &w->places[p];
            return false;
        }
    }
    return zones > 0 && w->place_count > 0;
}

/* ---- what is said when it is not --------------------------------------------------- */

static void say_why(const struct wait *w)
{
    const struct arguments *a = w->arguments;
    char path[HTTP_PATH_MAX] = "/v1/services", status[64];
    json_t *instance = NULL;
    if (!http_path_add(path, a->service) || !http_path_add(path, "instances") ||
        !http_path_add(path, w->instance) || !http_query_add(path, "ns", a->ns) ||
        http_get_quietly(a, path, &instance) != EXIT_DONE)
        return;
    table_text(json_object_get(instance, "status"), status, sizeof(status));
    if (json_object_get(instance, "override"))
        fprintf(stderr, ": an operator overrules it, its status is %s (see discctl overrides)",
                status);
    else if (!json_is_true(json_object_get(instance, "live")))
        fprintf(stderr, ": its status is %s", status);
    json_decref(instance);
}

static void say_late(const struct wait *w)
{
    const struct arguments *a = w->arguments;
    if (w->missing)
        fprintf(stderr, "discctl: DNS does not show %s/%s after %g s at %s port %d", a->service,
                w->instance, a->wait_s, w->missing->address, w->missing->port);
    else
        fprintf(stderr,
                "discctl: DNS does not show %s/%s: the server at %s says no DNS address that can "
                "be asked from here, or no zone of the namespace",
                a->service, w->instance, a->http);
    say_why(w);
    fputc('\n', stderr);
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
        say_late(&w);
        code = EXIT_NO_ANSWER;
    }
    json_decref(w.status);
    return code;
}
