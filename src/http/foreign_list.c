#include "http/foreign_list.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/foreign_view.h"
#include "http/muster.h"
#include "http/reply.h"
#include "http/stream.h"
#include "http/zones.h"

struct wanted {
    char service[SERVICE_MAX + 1], given[SERVICE_MAX + 1];
};

struct foreign_list {
    struct http *http;
    enum foreign_form form;
    struct foreign_envelope envelope;
    char ns[NAMESPACE_MAX + 1];
    char *zone; /* NULL = all */
    unsigned mask;
    char *tail;
    json_t *self; /* ourselves, where that is what is asked for */
    size_t size;

    struct muster *muster; /* of the service that is being written */
    struct zones zones;
    int64_t latest;
    bool opened, some, writing;
    size_t at, count;
    struct wanted wanted[];
};

/* ---- making ---------------------------------------------------------------------- */

static void list_free(void *state)
{
    struct foreign_list *l = state;

    muster_free(l->muster);
    zones_deinit(&l->zones);
    json_decref(l->self);
    free(l->zone);
    free(l->tail);
    free(l);
}

static size_t list_size(const void *state)
{
    const struct foreign_list *l = state;

    return l->size + l->zones.bytes + (l->muster ? muster_size(l->muster) : 0);
}

/* An instance in their form: this server, under the name that the client asked for. NULL
 * when memory lacks. */
static json_t *self_json(const struct call *call, struct text env, struct text zone, bool bili)
{
    char room[ENDPOINT_TEXT];
    struct text host = foreign_self_host(call, room), name = host;
    json_int_t since = (json_int_t)call->http->started_ms * 1000000;

    name.n = host.n && host.s[0] != '[' && memchr(host.s, ':', host.n)
                 ? (size_t)((const char *)memchr(host.s, ':', host.n) - host.s)
                 : host.n;
    json_t *json =
        json_pack("{s:s%, s:s, s:s%, s:[o], s:s, s:i, s:I, s:I, s:I, s:I, s:I}", "env", env.s,
                  env.n, "appid", bili ? "infra.discovery" : "Kavin.discovery", "hostname", name.s,
                  name.n, "addrs", json_sprintf("http://%.*s", TEXT_ARG(host)), "version", "",
                  "status", FOREIGN_RECEIVES, "reg_timestamp", since, "up_timestamp", since,
                  "renew_timestamp", since, "dirty_timestamp", since, "latest_timestamp", since);
    if (bili && json &&
        json_object_update_new(json, json_pack("{s:s, s:s%, s:s, s:{}}", "region", "", "zone",
                                               zone.n ? zone.s : "", zone.n, "color", "",
                                               "metadata")) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

struct foreign_list *foreign_list_new(struct call *call, enum foreign_form form,
                                      const struct foreign_envelope *envelope, struct text ns,
                                      struct text zone, unsigned status_mask, size_t capacity)
{
    size_t size = sizeof(struct foreign_list) + capacity * sizeof(struct wanted);
    struct foreign_list *l = calloc(1, size);

    if (!l)
        return NULL;
    l->http = call->http;
    l->form = form;
    l->envelope = *envelope;
    l->mask = status_mask;
    l->size = size;
    l->zone = zone.n ? strndup(zone.s, zone.n) : NULL;
    l->self = self_json(call, ns, zone, envelope->bili);
    if (text_copy(ns, l->ns, sizeof(l->ns)) == ERR_OK && (!zone.n || l->zone) && l->self)
        return l;
    list_free(l);
    return NULL;
}

void foreign_list_add(struct foreign_list *l, struct text service, struct text given)
{
    struct wanted *w = &l->wanted[l->count];

    if (text_copy(service, w->service, sizeof(w->service)) == ERR_OK &&
        text_copy(given, w->given, sizeof(w->given)) == ERR_OK)
        l->count++;
}

void foreign_list_tail(struct foreign_list *l, char *tail)
{
    l->tail = tail;
}

/* ---- producing ------------------------------------------------------------------- */

static int put(struct evbuffer *out, const char *text)
{
    return evbuffer_add(out, text, strlen(text));
}

static enum err add_json(struct foreign_list *l, struct text zone, const json_t *json, bool fits,
                         struct evbuffer *out)
{
    if (l->form != FOREIGN_FLAT)
        return zones_add(&l->zones, zone, fits ? json : NULL);
    if (!fits)
        return ERR_OK;
    if (!l->writing && (put(out, l->envelope.head) < 0 || put(out, "{\"instances\":[") < 0))
        return ERR_MEMORY;
    if (l->writing && put(out, ",") < 0)
        return ERR_MEMORY;
    l->writing = true;
    return reply_append(out, json);
}

static enum err add_instance(struct foreign_list *l, const struct instance *i, struct evbuffer *out)
{
    struct foreign_view view;
    enum err err = ERR_OK;

    foreign_view_init(&view, i);
    struct text zone = foreign_view_zone(&view);
    bool fits = (foreign_view_status(&view) & l->mask) != 0;
    if (!l->zone || text_is(zone, text_of(l->zone))) {
        json_t *json = fits ? foreign_view_json(&view, l->envelope.bili) : NULL;
        err = fits && !json ? ERR_MEMORY : add_json(l, zone, json, fits, out);
        json_decref(json);
    }
    foreign_view_deinit(&view);
    return err;
}

static enum err add_self(struct foreign_list *l, struct evbuffer *out)
{
    if (!foreign_is_self(text_of(l->wanted[l->at].service), l->envelope.bili))
        return ERR_OK;
    return add_json(l, text_of(l->zone), l->self, (l->mask & FOREIGN_RECEIVES) != 0, out);
}

/* A service's turn begins. */
static enum err open_service(struct foreign_list *l, struct evbuffer *out)
{
    struct text ns = text_of(l->ns), service = text_of(l->wanted[l->at].service);

    l->muster = muster_new(l->http, ns, service);
    l->latest = foreign_latest(l->http, ns, service, l->envelope.bili);
    return l->muster ? add_self(l, out) : ERR_MEMORY;
}

static int put_latest(const struct foreign_list *l, struct evbuffer *out)
{
    return evbuffer_add_printf(out, ",\"latest_timestamp\":%jd}", (intmax_t)l->latest);
}

/* What stands in front of its zones. */
static int put_front(struct foreign_list *l, struct evbuffer *out)
{
    if (l->form == FOREIGN_MANY)
        return evbuffer_add_printf(out, "%s\"%s\":{\"instances\":", l->some ? "," : "",
                                   l->wanted[l->at].given);
    return evbuffer_add_printf(out, "%s{\"instances\":", l->envelope.head);
}

/* All its instances are in their zones: a part of them. */
static enum piece write_zones(struct foreign_list *l, struct evbuffer *out)
{
    bool done = false;

    if (!l->writing && put_front(l, out) < 0)
        return PIECE_FAILED;
    l->writing = l->some = true;
    if (zones_write(&l->zones, out, &done) != ERR_OK || (done && put_latest(l, out) < 0))
        return PIECE_FAILED;
    return done ? PIECE_END : PIECE_MORE;
}

/* PIECE_END: the service is done. */
static enum piece next_of_service(struct foreign_list *l, struct evbuffer *out)
{
    bool end = false;

    if (!l->muster)
        return open_service(l, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
    const struct instance *i = muster_next(l->muster, &end);
    if (!end)
        return !i || add_instance(l, i, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
    if (l->form != FOREIGN_FLAT && l->zones.count)
        return write_zones(l, out);
    if (l->form != FOREIGN_FLAT || !l->writing)
        return PIECE_END;
    l->some = true;
    return put(out, "]") < 0 || put_latest(l, out) < 0 ? PIECE_FAILED : PIECE_END;
}

static void close_service(struct foreign_list *l)
{
    muster_free(l->muster);
    zones_deinit(&l->zones);
    l->muster = NULL;
    l->writing = false;
    l->at++;
}

static enum piece close_list(struct foreign_list *l, struct evbuffer *out)
{
    if (l->form != FOREIGN_MANY && !l->some)
        return put(out, l->envelope.none) < 0 ? PIECE_FAILED : PIECE_END;
    if (l->form == FOREIGN_MANY && put(out, "}") < 0)
        return PIECE_FAILED;
    if ((l->tail && put(out, l->tail) < 0) || put(out, "}") < 0)
        return PIECE_FAILED;
    return PIECE_END;
}

static enum piece next(void *state, struct evbuffer *out)
{
    struct foreign_list *l = state;

    if (!l->opened && l->form == FOREIGN_MANY &&
        (put(out, l->envelope.head) < 0 || put(out, "{") < 0))
        return PIECE_FAILED;
    l->opened = true;
    if (l->at == l->count)
        return close_list(l, out);
    enum piece piece = next_of_service(l, out);
    if (piece != PIECE_END)
        return piece;
    close_service(l);
    return PIECE_MORE;
}

void foreign_list_send(struct call *call, struct foreign_list *l)
{
    static const struct stream_source source = {.next = next, .free = list_free, .size = list_size};

    stream_open(call, &source, l, l->size);
}

/* ---- ourselves -------------------------------------------------------------------- */

bool foreign_is_self(struct text service, bool bili)
{
    return text_is(service, bili ? TEXT("infra.discovery") : TEXT("kavin.discovery"));
}

struct text foreign_self_host(const struct call *call, char room[static ENDPOINT_TEXT])
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
    struct text host = text_of(evhttp_find_header(headers, "Host"));

    if (host.n)
        return host;
    return call->http->config.listen_count
               ? text_of(endpoint_format(&call->http->config.listen[0], room))
               : TEXT("localhost");
}

int64_t foreign_latest(const struct http *http, struct text ns, struct text service, bool bili)
{
    const struct service *s = registry_service(http->backend.registry, ns, service);
    int64_t latest = s && service_count(s) ? (int64_t)service_latest_ns(s) : 0;
    int64_t since = (int64_t)http->started_ms * 1000000;

    return foreign_is_self(service, bili) && since > latest ? since : latest;
}
