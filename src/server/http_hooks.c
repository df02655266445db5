/* What the HTTP API asks before it lets somebody register, and what it shows of the
 * configuration. */
#include "server/core.h"

/* ---- who registers ------------------------------------------------------------------------- */

static const char *words_of(enum reg_admission admission)
{
    switch (admission) {
    case REG_ADMITTED: return "";
    case REG_DENIED: return "registration.sources does not let this address register";
    case REG_NEEDS_KEY:
        return "registration.sources asks this address for a key, which is only "
               "known to disc/1: use that, or the admin token";
    case REG_PROTECTED: return "this service may only be touched with a key";
    case REG_TOO_FAST: return "too many requests from this address";
    }
    return "";
}

enum http_admission server_http_admit(void *context, const struct addr *from, struct text ns,
                                      struct text service, struct http_registrant *out)
{
    static const enum http_admission admissions[] = {
        [REG_ADMITTED] = HTTP_ADMITTED, [REG_DENIED] = HTTP_DENIED,
        [REG_NEEDS_KEY] = HTTP_DENIED,  [REG_PROTECTED] = HTTP_PROTECTED,
        [REG_TOO_FAST] = HTTP_TOO_FAST,
    };
    struct server *s = context;
    struct reg_sender sender;
    enum reg_admission admission =
        reg_admit(s->reg, from, ns, service, control_now(s->control), &sender);
    *out = (struct http_registrant){
        .who = sender.who,
        .advertises = sender.advertises,
        .addr = sender.addr,
        .wait_ms = sender.wait_ms,
        .words = words_of(admission),
    };
    return admissions[admission];
}

bool server_http_is_protected(void *context, struct text ns, struct text service)
{
    const struct server *s = context;
    return reg_is_protected(s->reg, ns, service);
}

struct addr server_http_local_addr(void *context, enum family family)
{
    const struct server *s = context;
    return reg_local_addr(s->reg, family);
}

/* ---- namespaces ----------------------------------------------------------------------------- */

static bool is_listed(const json_t *list, const char *ns)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "name")), ns) == 0)
            return true;
    return false;
}

static json_t *zones_of(const struct config *config, const char *ns)
{
    json_t *zones = json_array();
    for (size_t i = 0; i < config->zone_count; i++)
        if (config->zones[i].ns && strcmp(config->zones[i].ns, ns) == 0 &&
            json_array_append_new(zones, json_string(config->zones[i].name)) < 0) {
            json_decref(zones);
            return NULL;
        }
    return zones;
}

json_t *server_http_namespaces(void *context)
{
    const struct server *s = context;
    const struct config *config = s->config;
    json_t *list = json_array();
    for (size_t i = 0; list && i < config->zone_count; i++) {
        const char *ns = config->zones[i].ns;
        if (!ns || is_listed(list, ns))
            continue;
        if (json_array_append_new(
                list, json_pack("{s:s, s:o}", "name", ns, "zones", zones_of(config, ns))) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
