/* nsswitch.conf: what is asked before DNS is, foremost nss-mdns and nss-resolve. */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

struct order {
    bool dns, resolve; /* dns: before whatever ends the search */
    const char *mdns;  /* an nss-mdns module in front of dns; NULL = none */
    bool mdns_full;    /* not one of the _minimal ones: reads /etc/mdns.allow */
    bool mdns_ends;    /* [NOTFOUND=return] behind it */
};

static const char *const mdns_modules[] = {"mdns4_minimal", "mdns6_minimal", "mdns_minimal",
                                           "mdns4",         "mdns6",         "mdns"};

static const char *mdns_module(const char *word)
{
    for (size_t i = 0; i < sizeof(mdns_modules) / sizeof(mdns_modules[0]); i++) {
        if (strcmp(word, mdns_modules[i]) == 0)
            return mdns_modules[i];
    }
    return NULL;
}

static void take_word(struct order *o, const char *word, bool *after_mdns)
{
    const char *mdns = mdns_module(word);
    if (*word == '[') {
        if (*after_mdns && strcasestr(word, "NOTFOUND=return"))
            o->mdns_ends = true;
        return;
    }
    *after_mdns = mdns && !o->dns;
    if (*after_mdns) {
        o->mdns = mdns;
        o->mdns_full = !strstr(mdns, "_minimal");
    }
    o->dns |= strcmp(word, "dns") == 0;
    o->resolve |= strcmp(word, "resolve") == 0 && !o->dns;
}

/* The `hosts:` line; false when there is none. "[NOTFOUND = return]" counts as one word. */
static bool read_order(char *text, struct order *o)
{
    char *line, *rest = text;
    bool after_mdns = false;
    while ((line = strsep(&rest, "\n"))) {
        line += strspn(line, " \t");
        if (strncmp(line, "hosts:", 6) != 0)
            continue;
        line[strcspn(line, "#")] = 0;
        for (char *at = line + 6; *(at += strspn(at, " \t\r"));) {
            size_t n = *at == '[' ? strcspn(at, "]") + 1 : strcspn(at, " \t\r[");
            char word[64];
            n = n > strlen(at) ? strlen(at) : n;
            snprintf(word, sizeof(word), "%.*s", (int)n, at);
            take_word(o, word, &after_mdns);
            at += n;
        }
        return true;
    }
    return false;
}

/* Does /etc/mdns.allow hand every name under .local to nss-mdns? */
static bool allows_all(const struct doctor *d)
{
    char *text = doctor_read(d, "/etc/mdns.allow"), *line, *rest = text;
    bool all = false;
    while (text && (line = strsep(&rest, "\n"))) {
        char *word = strtok_r(line, " \t\r", &line);
        all |= word && (strcmp(word, ".local") == 0 || strcmp(word, ".local.") == 0 ||
                        strcmp(word, "*") == 0);
    }
    free(text);
    return all;
}

static unsigned labels(const char *name)
{
    unsigned n = *name != 0;
    for (; *name; name++)
        n += *name == '.' && name[1];
    return n;
}

static void check_mdns(struct doctor *d, const char *zone, const struct order *o)
{
    static const char move[] =
        "in the line `hosts:` of /etc/nsswitch.conf put dns before the mdns modules";
    if (!o->mdns || !doctor_is_below(zone, "local"))
        doctor_say(d, "nss-mdns", zone, DOCTOR_NOT_APPLICABLE, NULL,
                   o->mdns ? "claims only names under .local" : "is not asked before dns");
    else if (o->mdns_full && allows_all(d))
        doctor_say(d, "nss-mdns", zone, DOCTOR_PROBLEM,
                   "take .local and * out of /etc/mdns.allow, or the module from before dns",
                   "%s claims every name under .local, as /etc/mdns.allow says", o->mdns);
    else if (!o->mdns_ends)
        doctor_say(d, "nss-mdns", zone, DOCTOR_OK, NULL,
                   "%s does not end the search: dns is asked next", o->mdns);
    else if (labels(zone) < 2)
        doctor_say(d, "nss-mdns", zone, DOCTOR_PROBLEM, move,
                   "%s claims names of two labels under .local, such as web.%s", o->mdns, zone);
    else
        doctor_say(d, "nss-mdns", zone, DOCTOR_OK, NULL,
                   "%s claims only names of two labels: web.%s is left to dns%s%s%s", o->mdns, zone,
                   labels(zone) == 2 ? ", addresses at " : "", labels(zone) == 2 ? zone : "",
                   labels(zone) == 2 ? " itself are not" : "");
}

void doctor_check_switch(struct doctor *d, const char *zone)
{
    char *text = doctor_read(d, "/etc/nsswitch.conf");
    struct order o = {0};
    bool there = text && read_order(text, &o);
    if (!there)
        doctor_say(d, "nsswitch", zone, DOCTOR_OK, NULL, "no line for hosts: dns is asked");
    else if (!o.dns && !(o.resolve && d->resolved))
        doctor_say(d, "nsswitch", zone, DOCTOR_PROBLEM,
                   "add dns to the line `hosts:` of /etc/nsswitch.conf",
                   "programs do not ask DNS for hosts");
    else
        doctor_say(d, "nsswitch", zone, DOCTOR_OK, NULL,
                   o.resolve && d->resolved ? "hosts are asked of systemd-resolved (nss-resolve)"
                                            : "hosts are asked of dns");
    check_mdns(d, zone, &o);
    free(text);
}
