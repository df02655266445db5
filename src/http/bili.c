#include "http/bili.h"

#include "http/foreign_body.h"
#include "http/foreign_view.h"
#include "http/later.h"
#include "http/reply.h"

static const int codes[] = {
    [FOREIGN_OK] = 0,          [FOREIGN_SAME] = -304,   [FOREIGN_BAD] = -400,
    [FOREIGN_DENIED] = -403,   [FOREIGN_NONE] = -404,   [FOREIGN_CONFLICT] = -409,
    [FOREIGN_TOO_FAST] = -429, [FOREIGN_FAILED] = -500,
};

const struct foreign_envelope bili_envelope = {
    BILI_HEAD, "{\"code\":-404,\"message\":\"-404\",\"ttl\":1}", true};

/* ---- replies --------------------------------------------------------------------- */

/* Takes `data`, which may be NULL. A new object; NULL when memory lacks. */
static json_t *outcome(const struct foreign_result *result, json_t *data)
{
    int code = codes[result->code];
    json_t *message = *result->words ? json_string(result->words) : NULL;

    if (!message) /* none, or what a client wrote, in the words, is no UTF-8 */
        message = json_sprintf("%d", code);
    json_t *json = json_pack("{s:i, s:o, s:i}", "code", code, "message", message, "ttl", 1);
    if (data && (!json || json_object_set(json, "data", data) != 0)) {
        json_decref(json);
        json = NULL;
    }
    json_decref(data);
    return json;
}

void bili_reply(struct call *call, const struct foreign_result *result)
{
    reply_json(call, outcome(result, NULL));
}

void bili_reply_change(struct call *call, const struct foreign_result *result, json_t *data)
{
    struct foreign_result failure = {0};

    foreign_say(&failure, FOREIGN_FAILED, "the change is made, but not on disk; send it again");
    if (result->code == FOREIGN_OK)
        later_reply_or(call, result->wait, 200, outcome(result, data), outcome(&failure, NULL));
    else
        bili_reply(call, result);
}

void bili_refuse(struct call *call, const char *words)
{
    struct foreign_result result = {0};

    foreign_say(&result, FOREIGN_BAD, "%s", words);
    bili_reply(call, &result);
}

/* ---- writing --------------------------------------------------------------------- */

/* Calls `apply` with what the form says: env, appid and hostname must be there. */
static void with_form(struct call *call, void (*apply)(struct call *call, const struct foreign *f))
{
    struct foreign_body body;
    enum err err = foreign_body_form(call, false, &body);

    if (err != ERR_OK)
        bili_refuse(call, "the form is not well formed, or metadata is no JSON object of texts");
    else if (!body.foreign.env.n || !body.foreign.appid.n || !body.foreign.hostname.n)
        bili_refuse(call, "env, appid and hostname are required");
    else
        apply(call, &body.foreign);
    foreign_body_deinit(&body);
}

static void apply_register(struct call *call, const struct foreign *f)
{
    struct foreign_result result;

    foreign_register(call, f, &result);
    bili_reply_change(call, &result, NULL);
}

/* The reply shows the instance. */
static void apply_renew(struct call *call, const struct foreign *f)
{
    struct foreign_result result;
    struct foreign_view view;
    json_t *shown = NULL;

    foreign_renew(call, f, &result);
    if (result.code == FOREIGN_OK && result.instance) {
        foreign_view_init(&view, result.instance);
        shown = foreign_view_json(&view, true);
        foreign_view_deinit(&view);
    }
    bili_reply_change(call, &result, shown);
}

static void apply_cancel(struct call *call, const struct foreign *f)
{
    struct foreign_result result;

    foreign_cancel(call, f, &result);
    bili_reply_change(call, &result, NULL);
}

void bili_register(struct call *call)
{
    with_form(call, apply_register);
}

void bili_renew(struct call *call)
{
    with_form(call, apply_renew);
}

void bili_cancel(struct call *call)
{
    with_form(call, apply_cancel);
}

/* ---- reading --------------------------------------------------------------------- */

/* What the query says of one service, or of several, without a name of an instance. False:
 * the reply was sent. */
static bool read_query(struct call *call, struct foreign_body *body)
{
    *body = (struct foreign_body){0};
    if (foreign_body_query(&call->query, body) != ERR_OK)
        bili_refuse(call, "status and times are numbers");
    else if (!body->foreign.env.n || !body->foreign.appid.n || !body->foreign.status)
        bili_refuse(call, "env, appid and status are required");
    else
        return true;
    return false;
}

static void reply_list(struct call *call, struct foreign_list *list)
{
    if (list)
        foreign_list_send(call, list);
    else
        bili_reply(call, &(struct foreign_result){.code = FOREIGN_FAILED});
}

void bili_fetch(struct call *call)
{
    struct foreign_result result = {0};
    struct foreign_body body;
    struct foreign_key key;

    if (!read_query(call, &body))
        return;
    const struct foreign *f = &body.foreign;
    if (!foreign_key_make(call->http, f, &key, &result)) {
        bili_reply(call, &result);
        return;
    }
    struct foreign_list *list = foreign_list_new(call, FOREIGN_ZONED, &bili_envelope, key.key.ns,
                                                 f->zone, (unsigned)f->status, 1);
    if (list)
        foreign_list_add(list, key.key.service, f->appid);
    reply_list(call, list);
}

/* Names that are none, as those of nobody, are left out. */
static void add_all(struct call *call, const struct foreign *asked, struct foreign_list *list)
{
    struct foreign f = {.env = asked->env};
    struct foreign_result ignored = {0};
    struct foreign_key key;

    for (unsigned n = 0; (f.appid = uri_query_nth(&call->query, "appid", n)).s; n++)
        if (foreign_key_make(call->http, &f, &key, &ignored))
            foreign_list_add(list, key.key.service, f.appid);
}

void bili_fetchs(struct call *call)
{
    struct foreign_result result = {0};
    struct foreign_body body;
    char ns[NAMESPACE_MAX + 1];

    if (!read_query(call, &body))
        return;
    const struct foreign *f = &body.foreign;
    if (!foreign_env(call->http, f->env, ns, &result)) {
        bili_reply(call, &result);
        return;
    }
    struct foreign_list *list = foreign_list_new(call, FOREIGN_MANY, &bili_envelope, text_of(ns),
                                                 f->zone, (unsigned)f->status, call->query.count);
    if (list)
        add_all(call, f, list);
    reply_list(call, list);
}

void bili_fetch_all(struct call *call)
{
    foreign_all_send(call, &bili_envelope);
}

/* There is one: the one that is asked. */
void bili_nodes(struct call *call)
{
    char room[ENDPOINT_TEXT];
    struct text host = foreign_self_host(call, room);
    struct text zone = uri_query_get(&call->query, "zone");
    json_t *nodes = json_pack("[{s:s%, s:i, s:s%}]", "addr", host.s, host.n, "status", 0, "zone",
                              zone.n ? zone.s : "", zone.n);

    reply_json(call, outcome(&(struct foreign_result){0}, nodes));
}
