#include "http/foreign.h"

#include <stdarg.h>
#include <stdio.h>

#include "http/foreign_view.h"
#include "http/name.h"

void foreign_say(struct foreign_result *result, enum foreign_code code, const char *format, ...)
{
    va_list args;

    result->code = code;
    va_start(args, format);
    vsnprintf(result->words, sizeof(result->words), format, args);
    va_end(args);
}

static const struct {
    enum foreign_code code;
    const char *words;
} failures[ERR_COUNT] = {
    [ERR_NOT_FOUND] = {FOREIGN_NONE, ""},
    [ERR_OWNER] = {FOREIGN_DENIED, "it is somebody else's, whose lease still runs"},
    [ERR_STALE] = {FOREIGN_CONFLICT, "older than what is stored"},
    [ERR_EXISTS] = {FOREIGN_CONFLICT, "another service or a static name has this name"},
    [ERR_SPACE] = {FOREIGN_BAD, "hostname, addrs and metadata together are too long"},
    [ERR_FULL] = {FOREIGN_FAILED, "the limit of instances or services is reached"},
};

void foreign_fail(struct foreign_result *result, enum err err, const struct record *record)
{
    const char *fault = record ? record_fault(record) : NULL;

    if (fault && strcmp(fault, "m.x") == 0)
        fault = "the metadata";
    if (err == ERR_OK)
        *result = (struct foreign_result){.wait = result->wait};
    else if (err == ERR_VALUE)
        foreign_say(result, FOREIGN_BAD, "%s is not usable here", fault ? fault : "the env");
    else if (failures[err].words)
        foreign_say(result, failures[err].code, "%s", failures[err].words);
    else
        foreign_say(result, FOREIGN_FAILED, "%s", err_text(err));
}

/* ---- names ----------------------------------------------------------------------- */

static bool namespace_is_served(const struct http *http, struct text ns)
{
    const struct registry_config *c = registry_config_of(http->backend.registry);

    return text_is_label(ns, NAMESPACE_MAX) &&
           (!c->namespace_known || c->namespace_known(c->context, ns));
}

/* What was written, as far as it can be shown in a line. */
static int shown(struct text t)
{
    size_t n = t.n < 40 ? t.n : 40;

    while (n < t.n && n && ((unsigned char)t.s[n] & 0xc0) == 0x80)
        n--;
    return (int)n;
}

/* What is longer than a namespace may be is cut, and then none that is served. */
bool foreign_env(const struct http *http, struct text env, char out[static NAMESPACE_MAX + 1],
                 struct foreign_result *result)
{
    struct text given = env.n ? env : TEXT("default");
    struct text ns = name_lower(given, out, NAMESPACE_MAX);

    out[ns.n] = '\0';
    if (given.n <= NAMESPACE_MAX && namespace_is_served(http, ns))
        return true;
    foreign_say(result, FOREIGN_BAD, "no zone serves env \"%.*s\"", shown(given), given.s);
    return false;
}

bool foreign_key_make(const struct http *http, const struct foreign *f, struct foreign_key *out,
                      struct foreign_result *result)
{
    struct text service = name_lower(f->appid, out->service, SERVICE_MAX);

    out->service[service.n] = '\0';
    if (!foreign_env(http, f->env, out->ns, result))
        return false;
    out->key = (struct instance_key){.ns = text_of(out->ns), .service = service};
    if (f->appid.n > SERVICE_MAX || !service_name_is_valid(service)) {
        foreign_say(result, FOREIGN_BAD, "appid \"%.*s\" is not 1 to 4 labels with dots between",
                    shown(f->appid), f->appid.n ? f->appid.s : "");
        return false;
    }
    if (f->hostname.n > FOREIGN_HOSTNAME_MAX) {
        foreign_say(result, FOREIGN_BAD, "hostname is longer than %d bytes", FOREIGN_HOSTNAME_MAX);
        return false;
    }
    if (f->hostname.n)
        out->key.id = (struct text){out->id, origin_label(f->hostname, out->id)};
    return true;
}

static bool needs_hostname(const struct foreign *f, struct foreign_result *result)
{
    if (!f->hostname.n)
        foreign_say(result, FOREIGN_BAD, "hostname is missing");
    return f->hostname.n > 0;
}

const struct instance *foreign_find(const struct http *http, const struct foreign *f,
                                    const struct instance_key *key)
{
    const struct instance *i = registry_instance(http->backend.registry, *key);
    struct foreign_view view;

    if (!i)
        return NULL;
    foreign_view_init(&view, i);
    bool is_it = text_is(foreign_view_hostname(&view), f->hostname) &&
                 (!f->zone.n || text_is(foreign_view_zone(&view), f->zone));
    foreign_view_deinit(&view);
    return is_it ? i : NULL;
}

/* ---- who ------------------------------------------------------------------------- */

static void admit_admin(struct call *call, struct http_registrant *who)
{
    const struct http_backend *backend = &call->http->backend;

    *who = (struct http_registrant){.who = {.kind = PRINCIPAL_NAME, .name = PRINCIPAL_TOKEN},
                                    .advertises = true,
                                    .addr = call->from};
    if (addr_is_loopback(&call->from))
        who->addr = backend->local_addr(backend->context, call->from.family);
}

bool foreign_admit(struct call *call, const struct instance_key *key, struct http_registrant *who,
                   struct foreign_result *result)
{
    const struct http_backend *backend = &call->http->backend;

    *who = (struct http_registrant){0};
    if (call->has_token) {
        admit_admin(call, who);
        return true;
    }
    if (addr_is_loopback(&call->from) && !call->is_local) {
        foreign_say(result, FOREIGN_DENIED, "it was forwarded: that needs the admin token");
        return false;
    }
    switch (backend->admit(backend->context, &call->from, key->ns, key->service, who)) {
    case HTTP_ADMITTED: return true;
    case HTTP_TOO_FAST:
        foreign_say(result, FOREIGN_TOO_FAST, "too many requests, come again in %u ms",
                    who->wait_ms);
        return false;
    case HTTP_PROTECTED:
        foreign_say(result, FOREIGN_DENIED, "%s",
                    who->words ? who->words : "this service is protected by a key");
        return false;
    case HTTP_DENIED: break;
    }
    foreign_say(result, FOREIGN_DENIED, "%s",
                who->words ? who->words : "registration.sources does not admit your address");
    return false;
}

/* ---- renew and cancel ------------------------------------------------------------ */

/* True when the call may go on. A sender that knows a newer version is told to register it,
 * one that knows an older one that there is a conflict. */
static bool versions_agree(const struct foreign *f, const struct instance *i, bool renews,
                           struct foreign_result *result)
{
    struct foreign_view view;

    if (f->dirty <= 0)
        return true;
    foreign_view_init(&view, i);
    int64_t stored = foreign_view_dirty(&view);
    foreign_view_deinit(&view);
    if (f->dirty < stored)
        foreign_say(result, FOREIGN_CONFLICT, "%s", "");
    else if (f->dirty > stored && renews)
        foreign_say(result, FOREIGN_NONE, "%s", "");
    else
        return true;
    return false;
}

static const struct instance *find_for(struct call *call, const struct foreign *f,
                                       struct foreign_key *key, struct http_registrant *who,
                                       struct foreign_result *result)
{
    if (!foreign_key_make(call->http, f, key, result) || !needs_hostname(f, result) ||
        !foreign_admit(call, &key->key, who, result))
        return NULL;
    const struct instance *i = foreign_find(call->http, f, &key->key);
    if (!i)
        foreign_say(result, FOREIGN_NONE, "%s", "");
    return i;
}

void foreign_renew(struct call *call, const struct foreign *f, struct foreign_result *result)
{
    const struct http_backend *backend = &call->http->backend;
    struct foreign_key key;
    struct http_registrant who;
    struct granted granted;

    *result = (struct foreign_result){0};
    const struct instance *i = find_for(call, f, &key, &who, result);
    if (!i || !versions_agree(f, i, true, result))
        return;
    backend->begin(backend->context);
    enum err err = registry_renew(backend->registry, key.key, &who.who,
                                  backend->now(backend->context), &granted);
    foreign_fail(result, err, NULL);
    result->instance = err == ERR_OK ? granted.instance : NULL;
    result->wait = backend->wait(backend->context);
    backend->changed(backend->context);
}

void foreign_cancel(struct call *call, const struct foreign *f, struct foreign_result *result)
{
    const struct http_backend *backend = &call->http->backend;
    struct foreign_key key;
    struct http_registrant who;
    uint64_t rev;

    *result = (struct foreign_result){0};
    const struct instance *i = find_for(call, f, &key, &who, result);
    if (!i || !versions_agree(f, i, false, result))
        return;
    backend->begin(backend->context);
    enum err err = registry_deregister(backend->registry, key.key, 0, &who.who,
                                       backend->now(backend->context), &rev);
    foreign_fail(result, err, NULL);
    result->wait = backend->wait(backend->context);
    backend->changed(backend->context);
}
