/* watch: what there is, and each change of it, as it happens. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "http_client.h"
#include "sse.h"
#include "table.h"

enum { PAUSE_FIRST_MS = 250, PAUSE_MAX_MS = 5000, ROW_MAX = 1024 };

struct watch {
    const struct arguments *arguments;
    struct sse stream;
    json_t *known;    /* what was printed: by id, or by namespace/name */
    json_t *incoming; /* the parts of a state that is not whole yet; NULL = none */
    bool any;         /* a whole state was had: from now on it is only reconnected */
    bool opened;      /* by the latest attempt */
    bool lost;        /* said so, and not yet that it is back */
    bool ended;       /* nothing more is wanted */
    bool unknown;     /* the service is not known */
    bool failed;      /* what came makes no sense, or memory lacks */
};

/* ---- one row ----------------------------------------------------------------------- */

static const char *list_name(const struct watch *w)
{
    return w->arguments->service ? "instances" : "services";
}

/* False: it has no name. */
static bool row_key(const struct watch *w, const json_t *row, char *out, size_t size)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *ns = json_string_value(json_object_get(row, "namespace"));
    const char *name = json_string_value(json_object_get(row, "name"));
    if (w->arguments->service ? !id : !ns || !name)
        return false;
    snprintf(out, size, "%s%s%s", id ? id : ns, id ? "" : "/", id ? "" : name);
    return true;
}

static void ports_text(const json_t *row, char *out, size_t size)
{
    size_t i;
    json_t *port;
    *out = 0;
    json_array_foreach(json_object_get(row, "ports"), i, port)
    {
        char name[32];
        size_t used = strlen(out);
        table_text(json_object_get(port, "name"), name, sizeof(name));
        snprintf(out + used, size - used, "%s%s%s%" JSON_INTEGER_FORMAT, i ? "," : "", name,
                 *name ? ":" : "", json_integer_value(json_object_get(port, "number")));
    }
}

static void print_instance(char sign, const json_t *row)
{
    char id[80], status[32], weight[24], addresses[512], ports[512];
    table_text(json_object_get(row, "id"), id, sizeof(id));
    table_text(json_object_get(row, "status"), status, sizeof(status));
    table_text(json_object_get(row, "weight"), weight, sizeof(weight));
    table_text(json_object_get(row, "addresses"), addresses, sizeof(addresses));
    ports_text(row, ports, sizeof(ports));
    printf("%c %s %s%s weight=%s addr=%s%s%s\n", sign, id, status,
           json_is_true(json_object_get(row, "stale")) ? " stale" : "", weight, addresses,
           *ports ? " port=" : "", ports);
}

static void print_service(char sign, const char *key, const json_t *row)
{
    printf("%c %s instances=%" JSON_INTEGER_FORMAT " live=%" JSON_INTEGER_FORMAT "\n", sign, key,
           json_integer_value(json_object_get(row, "instances")),
           json_integer_value(json_object_get(row, "live")));
}

static void print_row(const struct watch *w, char sign, const char *key, const json_t *row)
{
    if (w->arguments->json)
        return;
    if (w->arguments->service)
        print_instance(sign, row);
    else
        print_service(sign, key, row);
}

static void print_gone(const struct watch *w, const char *key, const char *why)
{
    if (!w->arguments->json)
        printf("- %s%s%s\n", key, why && *why ? " " : "", why ? why : "");
}

/* One line: the event's data with its name in front. */
static void print_event(const char *name, const json_t *data)
{
    json_t *whole = json_pack("{s:s}", "event", name);
    json_object_update(whole, (json_t *)(uintptr_t)data);
    json_object_del(whole, "part");
    json_object_del(whole, "last");
    json_dumpf(whole, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(whole);
}

/* ---- events -------------------------------------------------------------------------- */

/* Without what changes by itself, or with the server's start. */
static json_t *lasting_part(const json_t *row)
{
    static const char *const passing[] = {"expires_in_ms", "registered_ms", "up_ms", "renewed_ms",
                                          "dirty_ms",      "latest_ms",     "index"};
    json_t *part = json_copy((json_t *)(uintptr_t)row);
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        json_object_del(part, passing[i]);
    return part;
}

/* Prints the row when it is another one than was known. */
static void take_row(struct watch *w, const json_t *row)
{
    char key[512];
    if (!row_key(w, row, key, sizeof(key)))
        return;
    const json_t *before = json_object_get(w->known, key);
    json_t *now = lasting_part(row);
    if (!before || !json_equal(before, now))
        print_row(w, !w->any ? '=' : before ? '~' : '+', key, row);
    json_object_set_new(w->known, key, now);
}

static void take_rows(struct watch *w, const json_t *data)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(data, list_name(w)), i, row)
    {
        take_row(w, row);
    }
}

/* What a whole state has no more. */
static void drop_missing(struct watch *w, const json_t *data)
{
    json_t *present = json_object(), *row;
    const char *key;
    size_t i;
    void *next;
    json_array_foreach(json_object_get(data, list_name(w)), i, row)
    {
        char name[512];
        if (row_key(w, row, name, sizeof(name)))
            json_object_set_new(present, name, json_true());
    }
    json_object_foreach_safe(w->known, next, key, row)
    {
        if (json_object_get(present, key))
            continue;
        print_gone(w, key, NULL);
        json_object_del(w->known, key);
    }
    json_decref(present);
}

static void take_gone(struct watch *w, const json_t *data)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(data, "gone"), i, row)
    {
        char key[512];
        if (!row_key(w, row, key, sizeof(key)) || !json_object_get(w->known, key))
            continue;
        print_gone(w, key, json_string_value(json_object_get(row, "why")));
        json_object_del(w->known, key);
    }
}

/* A part of the state; the last one makes it whole. */
static void take_state(struct watch *w, json_t *part)
{
    if (w->incoming)
        json_array_extend(json_object_get(w->incoming, list_name(w)),
                          json_object_get(part, list_name(w)));
    else
        w->incoming = json_incref(part);
    if (!json_is_true(json_object_get(part, "last")))
        return;
    if (w->incoming != part)
        json_object_set(w->incoming, "index", json_object_get(part, "index"));
    if (w->arguments->json)
        print_event("state", w->incoming);
    drop_missing(w, w->incoming);
    take_rows(w, w->incoming);
    w->unknown = json_is_false(json_object_get(w->incoming, "known"));
    json_decref(w->incoming);
    w->incoming = NULL;
    w->any = true;
}

static void take_change(struct watch *w, const json_t *data)
{
    if (w->arguments->json)
        print_event("change", data);
    take_gone(w, data);
    take_rows(w, data);
}

static bool on_event(void *context, const char *name, const char *text)
{
    struct watch *w = context;
    json_t *data = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(data))
        w->failed = true;
    else if (strcmp(name, "state") == 0)
        take_state(w, data);
    else if (strcmp(name, "change") == 0)
        take_change(w, data);
    json_decref(data);
    fflush(stdout);
    w->ended = w->failed || ferror(stdout) || (w->any && w->arguments->once);
    return !w->ended;
}

/* ---- the stream ------------------------------------------------------------------------ */

static bool on_open(void *context)
{
    struct watch *w = context;
    w->opened = true;
    if (w->lost)
        fprintf(stderr, "discctl: connected again\n");
    w->lost = false;
    return true;
}

static bool on_data(void *context, const char *bytes, size_t n)
{
    struct watch *w = context;
    bool more = sse_feed(&w->stream, bytes, n, on_event, w);
    if (!more && !w->ended) /* an event that is too large, or memory lacks */
        w->failed = true;
    return more;
}

static bool make_path(const struct arguments *a, char path[static HTTP_PATH_MAX])
{
    strcpy(path, "/v1/services");
    return (!a->service || http_path_add(path, a->service)) && http_query_add(path, "ns", a->ns);
}

static int attempt(struct watch *w, const char *path)
{
    const struct http_listener listener = {w, on_open, on_data};
    w->opened = false;
    sse_restart(&w->stream);
    json_decref(w->incoming);
    w->incoming = NULL;
    return http_stream(w->arguments, path, *w->stream.last_id ? w->stream.last_id : NULL, &listener,
                       w->any);
}

/* Connects again and again, once it had a whole state. */
static int follow(struct watch *w, const char *path)
{
    int pause_ms = PAUSE_FIRST_MS, code;
    while ((code = attempt(w, path)) == EXIT_NO_ANSWER && w->any) {
        if (!w->lost)
            fprintf(stderr, "discctl: lost %s, connecting again\n", w->arguments->http);
        w->lost = true;
        pause_ms = w->opened ? PAUSE_FIRST_MS : pause_ms * 2;
        pause_ms = pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
        poll(NULL, 0, pause_ms);
    }
    return code;
}

int verb_watch(struct arguments *a)
{
    char path[HTTP_PATH_MAX];
    struct watch w = {.arguments = a, .known = json_object()};
    if (!make_path(a, path))
        return EXIT_USAGE;
    sse_init(&w.stream);
    int code = follow(&w, path);
    if (w.failed) {
        fprintf(stderr, "discctl: what %s sends makes no sense, or is too large\n", a->http);
        code = EXIT_REFUSED;
    } else if (code == EXIT_DONE && a->once && w.unknown) {
        fprintf(stderr, "discctl: there is no service %s\n", a->service);
        code = EXIT_REFUSED;
    }
    sse_deinit(&w.stream);
    json_decref(w.known);
    json_decref(w.incoming);
    return code;
}
