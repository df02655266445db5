/* The verb doctor: looks, and says what to do. */
#include "doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static const char *const state_words[] = {"ok", "problem", "not applicable"};

void doctor_say(struct doctor *d, const char *check, const char *zone, enum doctor_state state,
                const char *todo, const char *format, ...)
{
    char words[DOCTOR_WORDS_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    for (char *c = words; *c; c++) { /* what files and others say may be anything */
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    }
    d->problems += state == DOCTOR_PROBLEM;
    json_array_append_new(d->checks,
                          json_pack("{s:s,s:s*,s:s,s:s,s:s*}", "check", check, "zone", zone,
                                    "state", state_words[state], "what", words, "todo", todo));
}

static void check_zone(struct doctor *d, const char *zone)
{
    if (doctor_is_below(zone, "local"))
        doctor_say(d, "name", zone, DOCTOR_OK, NULL,
                   "names under .local belong to multicast DNS, so some resolvers have to be told; "
                   "a zone such as disc.internal avoids that");
    doctor_ask_server(d, zone);
    doctor_ask_around(d, zone);
    doctor_check_resolved(d, zone);
    doctor_check_switch(d, zone);
}

/* ---- recipes ----------------------------------------------------------------------- */

static void find_configured(struct doctor *d)
{
    static const struct {
        const char *path;
        enum doctor_peer peer;
    } files[] = {
        {"/etc/unbound/unbound.conf", DOCTOR_UNBOUND},
        {"/etc/bind/named.conf", DOCTOR_BIND},
        {"/etc/dnsmasq.conf", DOCTOR_DNSMASQ},
        {"/etc/knot-resolver/kresd.conf", DOCTOR_KNOT_RESOLVER},
        {"/etc/coredns/Corefile", DOCTOR_COREDNS},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !d->resolved; i++) {
        if (doctor_exists(d, files[i].path))
            d->peers_inside |= 1U << files[i].peer;
    }
}

static bool asks_itself(const struct doctor *d)
{
    for (size_t i = 0; i < d->nameserver_count; i++) {
        if (doctor_is_loopback(d->nameservers[i]))
            return true;
    }
    return d->resolved;
}

static unsigned choose_peers(struct doctor *d)
{
    if (d->arguments->peer)
        return 1U << doctor_peer_named(d->arguments->peer);
    if (!d->route_missing)
        return 0;
    if (!asks_itself(d))
        return 1U << DOCTOR_GLIBC; /* its resolver is elsewhere */
    if (!d->peers_inside)
        find_configured(d);
    return d->peers_inside ? d->peers_inside : 1U << DOCTOR_GLIBC;
}

static json_t *make_recipes(struct doctor *d, const char *const zones[], size_t count)
{
    json_t *recipes = json_array();
    unsigned peers = choose_peers(d);
    for (size_t z = 0; z < count; z++) {
        for (unsigned p = 0; p < DOCTOR_PEERS; p++) {
            if (peers & 1U << p)
                json_array_append_new(recipes, doctor_recipe(p, zones[z], &d->servers[0]));
        }
    }
    return recipes;
}

/* ---- output ------------------------------------------------------------------------ */

TABLE_CELL(cell_check, "check")
TABLE_CELL(cell_zone, "zone")
TABLE_CELL(cell_state, "state")
TABLE_CELL(cell_what, "what")

static const struct column columns[] = {
    {"CHECK", cell_check}, {"ZONE", cell_zone}, {"STATE", cell_state}, {"WHAT", cell_what}};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_recipe(const json_t *recipe)
{
    size_t i;
    json_t *line;
    printf("\n%s: %s\n\n", text_of(recipe, "title"), text_of(recipe, "file"));
    json_array_foreach(json_object_get(recipe, "lines"), i, line)
        printf("    %s\n", json_string_value(line));
    printf("\nthen: %s\n", text_of(recipe, "then"));
}

/* Is the same advice about the same zone among the first `end`? */
static bool is_told(const struct doctor *d, const json_t *check, size_t end)
{
    for (size_t i = 0; i < end; i++) {
        const json_t *other = json_array_get(d->checks, i);
        if (strcmp(text_of(other, "todo"), text_of(check, "todo")) == 0 &&
            strcmp(text_of(other, "check"), text_of(check, "check")) == 0 &&
            strcmp(text_of(other, "zone"), text_of(check, "zone")) == 0)
            return true;
    }
    return false;
}

static void print_words(const struct doctor *d, const json_t *recipes)
{
    size_t i;
    json_t *one;
    table_print(d->checks, columns, sizeof(columns) / sizeof(columns[0]));
    if (d->problems)
        printf("\n%u problem%s. What to do:\n", d->problems, d->problems == 1 ? "" : "s");
    else
        printf("\nall well\n");
    json_array_foreach(d->checks, i, one)
    {
        if (*text_of(one, "todo") && !is_told(d, one, i))
            printf("  %s%s%s: %s\n", text_of(one, "check"), *text_of(one, "zone") ? " " : "",
                   text_of(one, "zone"), text_of(one, "todo"));
    }
    json_array_foreach(recipes, i, one)
    {
        print_recipe(one);
    }
    if (json_array_size(recipes) && !d->arguments->peer)
        printf("\nFor another resolver: --for %s\n", doctor_peer_words());
}

/* ---- the verb ---------------------------------------------------------------------- */

static bool arguments_make_sense(const struct arguments *a)
{
    if (a->peer && doctor_peer_named(a->peer) == DOCTOR_PEERS) {
        fprintf(stderr, "discctl doctor: --for wants %s, not '%s'\n", doctor_peer_words(), a->peer);
        return false;
    }
    if (a->service && !doctor_is_name(a->service)) {
        fprintf(stderr, "discctl doctor: '%s' is no name of a zone\n", a->service);
        return false;
    }
    return true;
}

static void look(struct doctor *d, struct arguments *a)
{
    const char *zones[DOCTOR_ZONES_MAX];
    doctor_ask_status(d);
    doctor_look_at_machine(d);
    doctor_check_ports(d);
    size_t count = doctor_choose_zones(d, zones);
    for (size_t i = 0; i < count; i++)
        check_zone(d, zones[i]);
    json_t *recipes = make_recipes(d, zones, count);
    if (a->json) {
        json_t *whole = json_pack("{s:b,s:i,s:O,s:O}", "ok", d->problems == 0, "problems",
                                  (int)d->problems, "checks", d->checks, "recipes", recipes);
        json_print(whole);
        json_decref(whole);
    } else {
        print_words(d, recipes);
    }
    json_decref(recipes);
}

int verb_doctor(struct arguments *a)
{
    char root[4096];
    if (!arguments_make_sense(a))
        return EXIT_USAGE;
    snprintf(root, sizeof(root), "%s", a->root ? a->root : "");
    for (size_t n = strlen(root); n && root[n - 1] == '/'; n--)
        root[n - 1] = 0;
    struct doctor d = {.arguments = a,
                       .root = root,
                       .timeout_ms = arguments_timeout(a, 2),
                       .checks = json_array()};
    if (!d.checks)
        return EXIT_NO_ANSWER;
    snprintf(d.zone, sizeof(d.zone), "%s", a->service ? a->service : "");
    if (*d.zone && d.zone[strlen(d.zone) - 1] == '.')
        d.zone[strlen(d.zone) - 1] = 0;
    look(&d, a);
    json_decref(d.checks);
    json_decref(d.status);
    return d.problems ? EXIT_REFUSED : EXIT_DONE;
}
