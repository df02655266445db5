/* The lines that make a resolver ask the server for a zone. */
#include <string.h>

#include "doctor.h"

enum { LINES_MAX = 12 };

/* In the lines: %Z the zone, %A the address, %B the address in brackets if it is one of
 * IPv6, %P the port. */
struct recipe {
    const char *name, *title, *file, *then;
    const char *lines[LINES_MAX];
};

/* A line that begins with this is only for a server on a loopback address. */
#define LOOPBACK "\001"

static const struct recipe recipes[DOCTOR_PEERS] = {
    [DOCTOR_RESOLVED] = {"resolved",
                         "systemd-resolved",
                         "/etc/systemd/resolved.conf.d/discd.conf",
                         "systemctl restart systemd-resolved",
                         {"[Resolve]", "DNS=%B:%P", "Domains=~%Z"}},
    [DOCTOR_UNBOUND] = {"unbound",
                        "Unbound",
                        "/etc/unbound/unbound.conf.d/discd.conf",
                        "systemctl restart unbound",
                        {"server:", LOOPBACK "  do-not-query-localhost: no",
                         "  domain-insecure: \"%Z\"", "  private-domain: \"%Z\"",
                         "  local-zone: \"%Z.\" nodefault", "stub-zone:", "  name: \"%Z\"",
                         "  stub-addr: %A@%P"}},
    [DOCTOR_BIND] = {"bind",
                     "BIND",
                     "/etc/bind/named.conf.local",
                     "rndc reconfig",
                     {"zone \"%Z\" {", "  type forward;", "  forward only;",
                      "  forwarders { %A port %P; };", "};",
                      "// into its options: validate-except { \"%Z\"; };"}},
    [DOCTOR_DNSMASQ] = {"dnsmasq",
                        "dnsmasq",
                        "/etc/dnsmasq.d/discd.conf",
                        "systemctl restart dnsmasq",
                        {"server=/%Z/%A#%P", "rebind-domain-ok=/%Z/"}},
    [DOCTOR_KNOT_RESOLVER] = {"knot-resolver",
                              "Knot Resolver",
                              "/etc/knot-resolver/kresd.conf",
                              "systemctl restart kresd@1",
                              {"policy.add(policy.suffix(policy.STUB('%A@%P'), "
                               "policy.todnames({'%Z'})))"}},
    [DOCTOR_COREDNS] = {"coredns",
                        "CoreDNS",
                        "Corefile",
                        "kill -USR1 its process (or the reload plugin does it)",
                        {"%Z {", "    forward . %B:%P", "    cache 5", "}"}},
    [DOCTOR_GLIBC] = {"glibc",
                      "glibc",
                      "/etc/resolv.conf, as its first line; discd has to listen on port 53 there: "
                      "dns: {listen: [\"127.0.0.1:53\", \"[::1]:53\"]}",
                      "restart discd",
                      {"nameserver %A"}},
};

enum doctor_peer doctor_peer_named(const char *word)
{
    enum doctor_peer peer = DOCTOR_RESOLVED;
    while (peer < DOCTOR_PEERS && strcmp(recipes[peer].name, word) != 0)
        peer++;
    return peer;
}

const char *doctor_peer_words(void)
{
    return "resolved, unbound, bind, dnsmasq, knot-resolver, coredns or glibc";
}

static void append(char *out, size_t size, const char *format, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, format, text);
}

static void fill_in(char *out, size_t size, const char *line, const char *zone,
                    const struct doctor_endpoint *server)
{
    char port[8];
    bool ipv6 = strchr(server->address, ':') != NULL;
    snprintf(port, sizeof(port), "%d", server->port & 0xffff);
    *out = 0;
    for (; *line; line++) {
        char one[2] = {*line, 0};
        if (*line != '%') {
            append(out, size, "%s", one);
            continue;
        }
        switch (*++line) {
        case 'Z': append(out, size, "%s", zone); break;
        case 'A': append(out, size, "%s", server->address); break;
        case 'B': append(out, size, ipv6 ? "[%s]" : "%s", server->address); break;
        case 'P': append(out, size, "%s", port); break;
        default: return;
        }
    }
}

json_t *doctor_recipe(enum doctor_peer peer, const char *zone, const struct doctor_endpoint *server)
{
    const struct recipe *r = &recipes[peer];
    json_t *lines = json_array();
    char text[DOCTOR_WORDS_MAX];
    for (size_t i = 0; i < LINES_MAX && r->lines[i]; i++) {
        const char *line = r->lines[i];
        if (*line == *LOOPBACK && !doctor_is_loopback(server->address))
            continue;
        fill_in(text, sizeof(text), line + (*line == *LOOPBACK), zone, server);
        json_array_append_new(lines, json_string(text));
    }
    return json_pack("{s:s,s:s,s:s,s:o,s:s}", "for", r->name, "title", r->title, "file", r->file,
                     "lines", lines, "then", r->then);
}
