/* Asks the server itself, and those that this machine's programs ask, for a zone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "doctor.h"

enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

static const char *endpoint_text(const struct doctor_endpoint *e, char out[static 80])
{
    snprintf(out, 80, strchr(e->address, ':') ? "[%s]:%d" : "%s:%d", e->address, e->port);
    return out;
}

static bool is_zone_answer(const struct doctor_reply *r)
{
    return !r->error && r->rcode == RCODE_NOERROR && r->records;
}

/* ---- the server ------------------------------------------------------------------ */

static const char *server_advice(const struct doctor_reply *r)
{
    if (r->error)
        return "start discd, or look at `dns: listen:` of its configuration and at the firewall";
    if (r->rcode == RCODE_REFUSED || r->rcode == RCODE_NXDOMAIN)
        return "add the zone to `zones:` of its configuration, or name another zone here";
    return "look at the log of discd";
}

void doctor_ask_server(struct doctor *d, const char *zone)
{
    for (size_t i = 0; i < d->server_count; i++) {
        char where[80];
        struct doctor_reply r = doctor_ask(&d->servers[i], zone, DOCTOR_TYPE_SOA, d->timeout_ms);
        endpoint_text(&d->servers[i], where);
        if (is_zone_answer(&r) && r.authoritative)
            doctor_say(d, "server", zone, DOCTOR_OK, NULL, "%s answers for the zone", where);
        else if (is_zone_answer(&r))
            doctor_say(d, "server", zone, DOCTOR_PROBLEM, "give discd a port of its own",
                       "%s is another server: it knows the zone only from others", where);
        else
            doctor_say(d, "server", zone, DOCTOR_PROBLEM, server_advice(&r),
                       "%s does not serve the zone: %s", where, doctor_reply_text(&r));
    }
}

/* ---- resolvers ------------------------------------------------------------------- */

/* A name that nobody registers: a resolver that answers it invents addresses. */
static void check_invention(struct doctor *d, const char *zone,
                            const struct doctor_endpoint *resolver)
{
    char name[DOCTOR_NAME_MAX + 32];
    unsigned n = 0;
    if (getrandom(&n, sizeof(n), 0) != sizeof(n))
        return;
    snprintf(name, sizeof(name), "discctl-probe-%08x.%s", n, zone);
    struct doctor_reply r = doctor_ask(resolver, name, DOCTOR_TYPE_A, d->timeout_ms);
    if (!r.error && r.rcode == RCODE_NXDOMAIN)
        doctor_say(d, "resolver", zone, DOCTOR_OK, NULL, "%s finds the zone", resolver->address);
    else if (!r.error && r.rcode == RCODE_NOERROR && r.records)
        doctor_say(d, "resolver", zone, DOCTOR_PROBLEM,
                   "look for a wildcard in the zone, or for a resolver that redirects",
                   "%s answers %s, which nobody registered", resolver->address, name);
    else
        doctor_say(d, "resolver", zone, DOCTOR_PROBLEM,
                   "look at its log: the zone may have to be exempt from validation",
                   "%s finds the zone, but not the names in it: %s", resolver->address,
                   doctor_reply_text(&r));
}

/* Does glibc go on to the next nameserver at this answer? */
static bool is_passed_on(const struct doctor_reply *r)
{
    return r->error || (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN);
}

static void say_resolver_fault(struct doctor *d, const char *zone, const char *address,
                               const struct doctor_reply *r, bool next_finds)
{
    if (is_passed_on(r) && !r->error && next_finds) {
        doctor_say(d, "resolver", zone, DOCTOR_OK, NULL,
                   "%s says %s, at which the next nameserver is asked", address,
                   doctor_reply_text(r));
    } else if (r->error && next_finds) {
        doctor_say(d, "resolver", zone, DOCTOR_PROBLEM,
                   "take it out of /etc/resolv.conf, or start it",
                   "%s: %s, which makes every name slow", address, doctor_reply_text(r));
    } else {
        d->route_missing = true;
        doctor_say(d, "resolver", zone, DOCTOR_PROBLEM,
                   r->error
                       ? "start it, or ask another in /etc/resolv.conf; then see the lines below"
                       : "tell it who serves the zone, see the lines below",
                   "%s does not know the zone: %s", address, doctor_reply_text(r));
    }
}

void doctor_ask_around(struct doctor *d, const char *zone)
{
    struct doctor_reply replies[DOCTOR_NAMESERVERS_MAX];
    size_t final = d->nameserver_count; /* the one whose answer counts */
    for (size_t i = 0; i < d->nameserver_count; i++) {
        struct doctor_endpoint e = {.port = 53};
        strcpy(e.address, d->nameservers[i]);
        replies[i] = doctor_ask(&e, zone, DOCTOR_TYPE_SOA, d->timeout_ms);
        if (final == d->nameserver_count && !is_passed_on(&replies[i]))
            final = i;
    }
    d->routed = final < d->nameserver_count && is_zone_answer(&replies[final]);
    for (size_t i = 0; i < d->nameserver_count; i++) {
        struct doctor_endpoint e = {.port = 53};
        strcpy(e.address, d->nameservers[i]);
        if (is_zone_answer(&replies[i]))
            check_invention(d, zone, &e);
        else if (i > final && d->routed)
            doctor_say(d, "resolver", zone, DOCTOR_OK, NULL,
                       "%s says %s, but is asked only when those before it fail", e.address,
                       doctor_reply_text(&replies[i]));
        else
            say_resolver_fault(d, zone, e.address, &replies[i], d->routed && i < final);
    }
}
