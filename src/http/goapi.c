/* The Go registry's API: POST with a JSON object, always answered with HTTP status 200, the
 * outcome in "code" and the words in "message". As Go reads JSON: names in any case, unknown
 * ones passed over, null as if it were not there, nothing looked at behind the object. Times
 * are numbers or texts of digits: the clients send both. */
#include "http/foreign_body.h"
#include "http/foreign_list.h"
#include "http/later.h"
#include "http/reply.h"

static const struct {
    int code;
    const char *text;
} meanings[] = {
    [FOREIGN_OK] = {200, ""},
    [FOREIGN_SAME] = {304, "app not modified"},
    [FOREIGN_BAD] = {400, "request param error"},
    [FOREIGN_DENIED] = {403, "forbidden"},
    [FOREIGN_NONE] = {404, "not found"},
    [FOREIGN_CONFLICT] = {409, "conflict"},
    [FOREIGN_TOO_FAST] = {429, "too many requests"},
    [FOREIGN_FAILED] = {500, "service internal error"},
};

#define HEAD "{\"code\":200,\"message\":\"\",\"data\":"
#define NONE "{\"code\":404,\"message\":\"code: 404, error info: not found\",\"data\":\"\"}"

static const struct foreign_envelope envelope = {HEAD, NONE, false};

/* "data" is there with what reads, and with what registered. */
static json_t *outcome(const struct foreign_result *result, bool with_data)
{
    const char *text = meanings[result->code].text;
    int code = meanings[result->code].code;
    json_t *message = result->code == FOREIGN_OK ? json_string("")
                      : *result->words
                          ? json_sprintf("code: %d, error info: %s: %s", code, text, result->words)
                          : json_sprintf("code: %d, error info: %s", code, text);

    if (!message) /* what a client wrote, in the words, is no UTF-8 */
        message = json_sprintf("code: %d, error info: %s", code, text);
    json_t *json = json_pack("{s:i, s:o}", "code", code, "message", message);
    if (with_data && json)
        json_object_set_new(json, "data", json_string(""));
    return json;
}

static json_t *failure(void)
{
    struct foreign_result result = {0};

    foreign_say(&result, FOREIGN_FAILED, "the change is made, but not on disk; send it again");
    return outcome(&result, false);
}

/* An outcome that is to be on disk first. */
static void reply_change(struct call *call, const struct foreign_result *result, json_t *fine)
{
    if (result->code == FOREIGN_OK) {
        later_reply_or(call, result->wait, 200, fine, failure());
        return;
    }
    json_decref(fine);
    reply_json(call, outcome(result, false));
}

static void refuse_body(struct call *call)
{
    reply_json(call, outcome(&(struct foreign_result){.code = FOREIGN_BAD}, false));
}

/* Calls `apply` with what the body says. */
static void with_body(struct call *call, void (*apply)(struct call *call, const struct foreign *f))
{
    struct foreign_body body;

    if (foreign_body_json(call, &body) == ERR_OK)
        apply(call, &body.foreign);
    else
        refuse_body(call);
    foreign_body_deinit(&body);
}

/* ---- writing --------------------------------------------------------------------- */

static void apply_register(struct call *call, const struct foreign *f)
{
    struct foreign_result result;

    foreign_register(call, f, &result);
    reply_change(call, &result, outcome(&(struct foreign_result){0}, true));
}

static void apply_renew(struct call *call, const struct foreign *f)
{
    struct foreign_result result;

    foreign_renew(call, f, &result);
    reply_change(call, &result, json_pack("{s:i}", "code", 200));
}

static void apply_cancel(struct call *call, const struct foreign *f)
{
    struct foreign_result result;

    foreign_cancel(call, f, &result);
    reply_change(call, &result, outcome(&(struct foreign_result){0}, false));
}

void goapi_register(struct call *call)
{
    with_body(call, apply_register);
}

void goapi_renew(struct call *call)
{
    with_body(call, apply_renew);
}

void goapi_cancel(struct call *call)
{
    with_body(call, apply_cancel);
}

/* ---- reading --------------------------------------------------------------------- */

/* Who says no status means those that receive requests. */
static void send_list(struct call *call, const struct foreign *f, const struct foreign_key *key)
{
    unsigned mask = f->status_given ? (unsigned)f->status : FOREIGN_RECEIVES;
    struct foreign_list *list = foreign_list_new(call, FOREIGN_FLAT, &envelope, key->key.ns,
                                                 (struct text){NULL, 0}, mask, 1);

    if (!list) {
        reply_json(call, outcome(&(struct foreign_result){.code = FOREIGN_FAILED}, true));
        return;
    }
    foreign_list_add(list, key->key.service, f->appid);
    foreign_list_send(call, list);
}

static void apply_fetch(struct call *call, const struct foreign *f)
{
    struct foreign_result result = {0};
    struct foreign_key key;

    if (foreign_key_make(call->http, f, &key, &result)) {
        int64_t latest = foreign_latest(call->http, key.key.ns, key.key.service, false);
        if (latest == 0)
            result.code = FOREIGN_NONE;
        else if (f->latest > 0 && f->latest >= latest)
            result.code = FOREIGN_SAME;
    }
    if (result.code == FOREIGN_OK)
        send_list(call, f, &key);
    else
        reply_json(call, outcome(&result, true));
}

static void apply_nodes(struct call *call, const struct foreign *f)
{
    struct foreign of_nodes = {
        .env = f->env, .appid = TEXT("Kavin.discovery"), .status = FOREIGN_RECEIVES};

    apply_fetch(call, &of_nodes);
}

void goapi_fetch(struct call *call)
{
    with_body(call, apply_fetch);
}

void goapi_nodes(struct call *call)
{
    with_body(call, apply_nodes);
}

void goapi_fetchall(struct call *call)
{
    foreign_all_send(call, &envelope);
}
