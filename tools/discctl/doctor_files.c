/* Files below the root, and what the machine's own files say about who is asked for names:
 * resolv.conf and systemd-resolved's configuration. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

/* ---- reading --------------------------------------------------------------------- */

bool doctor_path(const struct doctor *d, const char *path, char *out, size_t size)
{
    int n = snprintf(out, size, "%s%s", d->root, path);
    return n > 0 && (size_t)n < size;
}

/* Where a link at `path` leads, inside the root; `path` itself when it is none. */
static bool follow(const struct doctor *d, const char *path, char *out, size_t size)
{
    char at[PATH_MAX], target[PATH_MAX];
    snprintf(out, size, "%s", path);
    for (int links = 0; links < 8; links++) {
        if (!doctor_path(d, out, at, sizeof(at)))
            return false;
        ssize_t n = readlink(at, target, sizeof(target) - 1);
        if (n < 0)
            return errno == EINVAL; /* there, and no link */
        target[n] = 0;
        char *slash = strrchr(out, '/');
        size_t folder = *target == '/' || !slash ? 0 : (size_t)(slash - out) + 1;
        if (folder + (size_t)n + 1 > size)
            return false;
        memcpy(out + folder, target, (size_t)n + 1);
    }
    return false;
}

bool doctor_exists(const struct doctor *d, const char *path)
{
    char at[PATH_MAX];
    struct stat s;
    return doctor_path(d, path, at, sizeof(at)) && lstat(at, &s) == 0;
}

char *doctor_read(const struct doctor *d, const char *path)
{
    char inside[PATH_MAX], at[PATH_MAX];
    if (!follow(d, path, inside, sizeof(inside)) || !doctor_path(d, inside, at, sizeof(at)))
        return NULL;
    int fd = open(at, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = fd >= 0 ? malloc(DOCTOR_FILE_MAX + 1) : NULL;
    size_t used = 0;
    ssize_t n = 0;
    while (text && used < DOCTOR_FILE_MAX &&
           (n = read(fd, text + used, DOCTOR_FILE_MAX - used)) > 0)
        used += (size_t)n;
    if (fd >= 0)
        close(fd);
    if (text && n < 0) {
        free(text);
        return NULL;
    }
    if (text)
        text[used] = 0;
    return text;
}

/* ---- names ----------------------------------------------------------------------- */

static size_t name_length(const char *name)
{
    size_t n = strlen(name);
    return n && name[n - 1] == '.' ? n - 1 : n;
}

bool doctor_is_below(const char *name, const char *zone)
{
    size_t n = name_length(name), z = name_length(zone);
    if (z == 0)
        return true;
    return n >= z && strncasecmp(name + n - z, zone, z) == 0 && (n == z || name[n - z - 1] == '.');
}

/* ---- resolv.conf ----------------------------------------------------------------- */

static void take_nameserver(struct doctor *d, const char *address)
{
    if (d->nameserver_count < DOCTOR_NAMESERVERS_MAX && strlen(address) < DOCTOR_ADDRESS_MAX)
        strcpy(d->nameservers[d->nameserver_count++], address);
    if (strcmp(address, "127.0.0.53") == 0 || strcmp(address, "127.0.0.54") == 0)
        d->resolved = true;
}

static void read_resolv_conf(struct doctor *d, char *text)
{
    char *line, *rest = text;
    while ((line = strsep(&rest, "\n"))) {
        char *word = strtok_r(line, " \t\r", &line);
        char *value =
            word && strcmp(word, "nameserver") == 0 ? strtok_r(NULL, " \t\r", &line) : NULL;
        if (value)
            take_nameserver(d, value);
    }
}

static void say_nameservers(struct doctor *d, bool there)
{
    char list[DOCTOR_NAMESERVERS_MAX * (DOCTOR_ADDRESS_MAX + 2)] = "";
    for (size_t i = 0; i < d->nameserver_count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", d->nameservers[i]);
    }
    if (d->nameserver_count) {
        doctor_say(d, "resolv.conf", NULL, DOCTOR_OK, NULL, "programs ask %s%s", list,
                   d->resolved ? " (systemd-resolved)" : "");
        return;
    }
    take_nameserver(d, "127.0.0.1");
    doctor_say(d, "resolv.conf", NULL, DOCTOR_OK, NULL, "%s: programs ask 127.0.0.1, port 53",
               there ? "no nameserver is named" : "there is no /etc/resolv.conf");
}

/* A link into its folder is as good as its address. */
static bool links_to_resolved(const struct doctor *d)
{
    char at[PATH_MAX], target[PATH_MAX];
    ssize_t n = doctor_path(d, "/etc/resolv.conf", at, sizeof(at))
                    ? readlink(at, target, sizeof(target) - 1)
                    : -1;
    if (n <= 0)
        return false;
    target[n] = 0;
    return strstr(target, "run/systemd/resolve/") != NULL;
}

void doctor_look_at_machine(struct doctor *d)
{
    char *text = doctor_read(d, "/etc/resolv.conf");
    d->resolved = links_to_resolved(d);
    if (text)
        read_resolv_conf(d, text);
    say_nameservers(d, text != NULL);
    free(text);
    if (d->resolved)
        d->peers_inside |= 1U << DOCTOR_RESOLVED;
}

/* ---- systemd-resolved ------------------------------------------------------------ */

struct routing {
    const char *zone;
    char best[DOCTOR_NAME_MAX]; /* the longest domain that the zone is below; "" = none */
    bool found, root;           /* root: "~." */
};

static void take_domains(struct routing *r, char *value)
{
    char *save = NULL;
    for (char *word = strtok_r(value, " \t\r", &save); word;
         word = strtok_r(NULL, " \t\r", &save)) {
        const char *domain = word + (*word == '~');
        if (strcmp(domain, ".") == 0)
            r->root = true;
        else if (*domain && strlen(domain) < sizeof(r->best) && doctor_is_below(r->zone, domain) &&
                 (!r->found || strlen(domain) > strlen(r->best))) {
            strcpy(r->best, domain);
            r->found = true;
        }
    }
}

/* Domains= of its configuration, DOMAINS= and ROUTE_DOMAINS= of a link's state, `search`
 * of resolv.conf. An empty Domains= takes back those before. */
static void read_routing(struct routing *r, char *text)
{
    static const char *const keys[] = {"Domains=", "DOMAINS=", "ROUTE_DOMAINS=", "search "};
    char *line, *rest = text;
    while ((line = strsep(&rest, "\n"))) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            size_t n = strlen(keys[i]);
            line += strspn(line, " \t");
            if (strncmp(line, keys[i], n) != 0)
                continue;
            char *value = line + n + strspn(line + n, " \t\r");
            if (i == 0 && !*value)
                *r = (struct routing){.zone = r->zone};
            take_domains(r, value);
        }
    }
}

static void read_routing_file(const struct doctor *d, struct routing *r, const char *path)
{
    char *text = doctor_read(d, path);
    if (text)
        read_routing(r, text);
    free(text);
}

static int names_only(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void read_routing_folder(const struct doctor *d, struct routing *r, const char *folder,
                                const char *suffix)
{
    char at[PATH_MAX], path[PATH_MAX];
    struct dirent **names = NULL;
    int count =
        doctor_path(d, folder, at, sizeof(at)) ? scandir(at, &names, names_only, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        size_t n = strlen(names[i]->d_name), s = strlen(suffix);
        bool fits = n >= s && strcmp(names[i]->d_name + n - s, suffix) == 0;
        int length = snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        if (fits && length > 0 && (size_t)length < sizeof(path))
            read_routing_file(d, r, path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

static struct routing find_routing(const struct doctor *d, const char *zone)
{
    struct routing r = {.zone = zone};
    read_routing_file(d, &r, "/etc/systemd/resolved.conf");
    read_routing_folder(d, &r, "/usr/lib/systemd/resolved.conf.d", ".conf");
    read_routing_folder(d, &r, "/run/systemd/resolved.conf.d", ".conf");
    read_routing_folder(d, &r, "/etc/systemd/resolved.conf.d", ".conf");
    read_routing_folder(d, &r, "/run/systemd/netif/links", "");
    read_routing_folder(d, &r, "/run/systemd/resolve/netif", "");
    read_routing_file(d, &r, "/run/systemd/resolve/resolv.conf");
    return r;
}

void doctor_check_resolved(struct doctor *d, const char *zone)
{
    static const char advice[] = "give systemd-resolved a routing domain, see the lines below";
    struct routing r = find_routing(d, zone);
    bool local = doctor_is_below(zone, "local");
    if (!d->resolved) {
        doctor_say(d, "systemd-resolved", zone, DOCTOR_NOT_APPLICABLE, NULL,
                   "is not asked on this machine");
    } else if (d->routed) {
        doctor_say(d, "systemd-resolved", zone, DOCTOR_OK, NULL, "finds the zone");
    } else if (r.found || (r.root && !local)) {
        d->route_missing = true;
        doctor_say(d, "systemd-resolved", zone, DOCTOR_PROBLEM,
                   "compare DNS= with the lines below, then: systemctl restart systemd-resolved; "
                   "while no network link is up it asks nobody",
                   "the domain %s routes the zone, yet it is not found there",
                   r.found ? r.best : "~.");
    } else {
        d->route_missing = true;
        doctor_say(d, "systemd-resolved", zone, DOCTOR_PROBLEM, advice,
                   local ? "sends names under .local to no DNS server without a routing domain "
                           "of that suffix (%s~%s)"
                         : "has no routing domain for the zone (%s~%s)",
                   "Domains=", zone);
    }
}
