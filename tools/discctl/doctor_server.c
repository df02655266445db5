/* What the server says of itself: where it listens, and which zones it serves. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "http_client.h"
#include "table.h"

/* The server's list, in either place; NULL = it does not tell. */
static const json_t *listed_zones(const struct doctor *d)
{
    const json_t *dns = json_object_get(d->status, "dns");
    const json_t *list = json_object_get(dns, "zone_list");
    if (!json_is_array(list))
        list = json_object_get(dns, "zones");
    if (!json_is_array(list))
        list = json_object_get(d->status, "zones");
    return json_is_array(list) ? list : NULL;
}

static const char *zone_name(const json_t *entry)
{
    return json_is_string(entry) ? json_string_value(entry)
                                 : json_string_value(json_object_get(entry, "name"));
}

/* "disc.local, disc.internal" */
static void zone_names(const struct doctor *d, char *out, size_t size)
{
    size_t i;
    json_t *entry;
    *out = 0;
    json_array_foreach((json_t *)(uintptr_t)listed_zones(d), i, entry)
    {
        size_t used = strlen(out);
        const char *name = zone_name(entry);
        snprintf(out + used, size - used, "%s%s", used ? ", " : "", name ? name : "");
    }
}

/* "127.0.0.1:5300", "[::1]:5300" */
static bool read_endpoint(const char *text, struct doctor_endpoint *out)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    bool bracket = text && *text == '[';
    size_t n = colon ? (size_t)(colon - text) - 2 * bracket : 0;
    if (!n || n >= sizeof(out->address))
        return false;
    memcpy(out->address, text + bracket, n);
    out->address[n] = 0;
    out->port = atoi(colon + 1);
    return out->port > 0;
}

bool doctor_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* The address in http://ADDRESS:PORT, when it is one of another machine. */
static bool read_remote(const char *url, char out[static DOCTOR_ADDRESS_MAX])
{
    unsigned char address[16];
    const char *host = strstr(url, "//");
    host = host ? host + 2 : url;
    bool bracket = *host == '[';
    size_t n = strcspn(host + bracket, bracket ? "]" : ":/");
    if (n >= DOCTOR_ADDRESS_MAX)
        return false;
    memcpy(out, host + bracket, n);
    out[n] = 0;
    bool numeric = inet_pton(AF_INET, out, address) == 1 || inet_pton(AF_INET6, out, address) == 1;
    return numeric && !doctor_is_loopback(out);
}

/* Where the server listens on all its addresses, one is chosen that it has. */
static void settle_address(const struct doctor *d, struct doctor_endpoint *e)
{
    bool any4 = strcmp(e->address, "0.0.0.0") == 0, any6 = strcmp(e->address, "::") == 0;
    if (!any4 && !any6)
        return;
    if (d->remote)
        read_remote(d->arguments->http, e->address);
    else
        strcpy(e->address, any4 ? "127.0.0.1" : "::1");
}

static void take_servers(struct doctor *d)
{
    size_t i;
    json_t *address;
    json_array_foreach(json_object_get(json_object_get(d->status, "dns"), "listen"), i, address)
    {
        struct doctor_endpoint *e = &d->servers[d->server_count];
        if (d->server_count == DOCTOR_ENDPOINTS_MAX)
            break;
        if (read_endpoint(json_string_value(address), e)) {
            settle_address(d, e);
            d->server_count++;
        }
    }
    if (!d->server_count)
        d->servers[d->server_count++] = (struct doctor_endpoint){"127.0.0.1", 5300};
}

void doctor_ask_status(struct doctor *d)
{
    const struct arguments *a = d->arguments;
    char dns[512], zones[512], address[DOCTOR_ADDRESS_MAX];
    d->remote = read_remote(a->http, address);
    if (http_get_quietly(a, "/v1/status", &d->status) == EXIT_DONE) {
        table_text(json_object_get(json_object_get(d->status, "dns"), "listen"), dns, sizeof(dns));
        zone_names(d, zones, sizeof(zones));
        doctor_say(d, "discd", NULL, DOCTOR_OK, NULL, "runs at %s, DNS at %s%s%s", a->http, dns,
                   *zones ? ", serves " : "", zones);
    } else {
        doctor_say(d, "discd", NULL, DOCTOR_PROBLEM,
                   "start it (systemctl start discd), or name it with --http URL",
                   "does not answer at %s", a->http);
    }
    take_servers(d);
}

/* ---- which zones ------------------------------------------------------------------- */

bool doctor_is_name(const char *zone)
{
    size_t n = strlen(zone);
    for (const char *c = zone; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
            return false;
    }
    return n > 0 && n < DOCTOR_NAME_MAX - 1 && *zone != '.' && !strstr(zone, "..");
}

/* Those that people ask for: not the reverse ones. */
size_t doctor_choose_zones(const struct doctor *d, const char *zones[DOCTOR_ZONES_MAX])
{
    size_t count = 0, i;
    json_t *entry;
    if (*d->zone) {
        zones[0] = d->zone;
        return 1;
    }
    json_array_foreach((json_t *)(uintptr_t)listed_zones(d), i, entry)
    {
        const char *name = zone_name(entry);
        if (name && doctor_is_name(name) && count < DOCTOR_ZONES_MAX &&
            !doctor_is_below(name, "arpa"))
            zones[count++] = name;
    }
    if (!count)
        zones[count++] = "disc.local";
    return count;
}
