/* Who listens where: /proc/net for the sockets, /proc/PID/fd for those who hold them. */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

enum { SOCKETS_MAX = 64, PORTS_MAX = 16, TCP_LISTEN = 10, UDP_OPEN = 7, DNS_PORT = 53 };

struct holder {
    unsigned port;
    unsigned long inode;
    bool tcp;
    long pid; /* 0 = not to be seen */
    char name[32];
};

struct sockets {
    struct holder held[SOCKETS_MAX];
    size_t count;
    unsigned ports[PORTS_MAX]; /* those looked for */
    size_t port_count;
};

static void want_port(struct sockets *s, unsigned port)
{
    for (size_t i = 0; i < s->port_count; i++) {
        if (s->ports[i] == port)
            return;
    }
    if (port && s->port_count < PORTS_MAX)
        s->ports[s->port_count++] = port;
}

/* ---- /proc/net ------------------------------------------------------------------- */

static void take_socket(struct sockets *s, const char *line, bool tcp)
{
    unsigned port, state;
    unsigned long inode;
    if (sscanf(line, " %*d: %*32[0-9A-Fa-f]:%4X %*32[0-9A-Fa-f]:%*X %2X %*s %*s %*s %*u %*u %lu",
               &port, &state, &inode) != 3 ||
        state != (tcp ? TCP_LISTEN : UDP_OPEN) || s->count == SOCKETS_MAX)
        return;
    for (size_t i = 0; i < s->port_count; i++) {
        if (s->ports[i] == port)
            s->held[s->count++] = (struct holder){.port = port, .inode = inode, .tcp = tcp};
    }
}

static void read_sockets(const struct doctor *d, struct sockets *s)
{
    static const char *const files[] = {"/proc/net/udp", "/proc/net/udp6", "/proc/net/tcp",
                                        "/proc/net/tcp6"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[PATH_MAX], *line = NULL;
        size_t room = 0;
        FILE *file = doctor_path(d, files[i], path, sizeof(path)) ? fopen(path, "re") : NULL;
        while (file && getline(&line, &room, file) > 0)
            take_socket(s, line, i >= 2);
        free(line);
        if (file)
            fclose(file);
    }
}

/* ---- /proc/PID ------------------------------------------------------------------- */

static void read_name(const struct doctor *d, long pid, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
    char *text = doctor_read(d, path);
    snprintf(out, size, "%.*s", text ? (int)strcspn(text, "\n") : 1, text ? text : "?");
    for (char *c = out; *c; c++) {
        if (!isprint((unsigned char)*c))
            *c = '?';
    }
    free(text);
}

static void take_descriptor(const struct doctor *d, struct sockets *s, const char *path, long pid)
{
    char target[64];
    unsigned long inode;
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0)
        return;
    target[n] = 0;
    if (sscanf(target, "socket:[%lu]", &inode) != 1)
        return;
    for (size_t i = 0; i < s->count; i++) {
        if (s->held[i].inode == inode && !s->held[i].pid) {
            s->held[i].pid = pid;
            read_name(d, pid, s->held[i].name, sizeof(s->held[i].name));
        }
    }
}

static void read_descriptors(const struct doctor *d, struct sockets *s, long pid)
{
    char folder[PATH_MAX], path[PATH_MAX], inside[64];
    struct dirent *entry;
    snprintf(inside, sizeof(inside), "/proc/%ld/fd", pid);
    DIR *dir = doctor_path(d, inside, folder, sizeof(folder)) ? opendir(folder) : NULL;
    while (dir && (entry = readdir(dir))) {
        int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (n > 0 && (size_t)n < sizeof(path))
            take_descriptor(d, s, path, pid);
    }
    if (dir)
        closedir(dir);
}

static void find_holders(const struct doctor *d, struct sockets *s)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *dir = s->count && doctor_path(d, "/proc", path, sizeof(path)) ? opendir(path) : NULL;
    while (dir && (entry = readdir(dir))) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && !*end)
            read_descriptors(d, s, pid);
    }
    if (dir)
        closedir(dir);
}

/* ---- findings -------------------------------------------------------------------- */

static void note_peer(struct doctor *d, const char *name)
{
    static const struct {
        const char *begin;
        enum doctor_peer peer;
    } known[] = {
        {"systemd-resolve", DOCTOR_RESOLVED},
        {"unbound", DOCTOR_UNBOUND},
        {"named", DOCTOR_BIND},
        {"isc-net", DOCTOR_BIND},
        {"dnsmasq", DOCTOR_DNSMASQ},
        {"kresd", DOCTOR_KNOT_RESOLVER},
        {"coredns", DOCTOR_COREDNS},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strncmp(name, known[i].begin, strlen(known[i].begin)) == 0)
            d->peers_inside |= 1U << known[i].peer;
    }
}

/* Everybody on that port, each once: "unbound (7), discd (9)". */
struct crowd {
    char text[512];
    bool some, strangers, unseen; /* strangers: others than discd */
};

static void join_crowd(struct crowd *c, const struct holder *h)
{
    char one[64];
    snprintf(one, sizeof(one), "%s (%ld)", h->name, h->pid);
    if (!h->pid)
        snprintf(one, sizeof(one), "a process that is not to be seen from here");
    c->some = true;
    c->unseen |= !h->pid;
    c->strangers |= h->pid && strcmp(h->name, "discd") != 0;
    size_t used = strlen(c->text);
    if (!strstr(c->text, one))
        snprintf(c->text + used, sizeof(c->text) - used, "%s%s", used ? ", " : "", one);
}

static void say_port(struct doctor *d, unsigned port, const struct crowd *c, bool own)
{
    char check[16];
    snprintf(check, sizeof(check), "port %u", port);
    if (!c->some)
        doctor_say(d, check, NULL, DOCTOR_NOT_APPLICABLE, NULL, "nobody listens");
    else if (own && !d->status && (c->strangers || c->unseen))
        doctor_say(d, check, NULL, DOCTOR_PROBLEM,
                   c->unseen ? "look as root who it is; stop it, or give discd another port"
                             : "stop it, or give discd another port",
                   "is taken by %s, and discd does not answer", c->text);
    else
        doctor_say(d, check, NULL, DOCTOR_OK, NULL, "%s listens", c->text);
}

static unsigned port_at_end(const char *address)
{
    const char *colon = address ? strrchr(address, ':') : NULL;
    return colon ? (unsigned)strtoul(colon + 1, NULL, 10) & 0xffff : 0;
}

/* The ports in the server's own words. */
static void want_listed(const struct doctor *d, struct sockets *s, const char *part)
{
    size_t i;
    json_t *address;
    json_array_foreach(json_object_get(json_object_get(d->status, part), "listen"), i, address)
        want_port(s, port_at_end(json_string_value(address)));
}

static void want_ports(const struct doctor *d, struct sockets *s)
{
    want_port(s, DNS_PORT);
    if (d->remote)
        return;
    for (size_t i = 0; i < d->server_count; i++)
        want_port(s, (unsigned)d->servers[i].port);
    if (d->status) {
        want_listed(d, s, "registration");
        want_listed(d, s, "http");
    } else {
        want_port(s, 5310);
        want_port(s, 5380);
    }
}

void doctor_check_ports(struct doctor *d)
{
    struct sockets *s = calloc(1, sizeof(*s));
    if (!s)
        return;
    want_ports(d, s);
    read_sockets(d, s);
    find_holders(d, s);
    for (size_t p = 0; p < s->port_count; p++) {
        struct crowd c = {0};
        for (size_t i = 0; i < s->count; i++) {
            if (s->held[i].port != s->ports[p])
                continue;
            join_crowd(&c, &s->held[i]);
            if (s->ports[p] == DNS_PORT)
                note_peer(d, s->held[i].name);
        }
        bool own = s->ports[p] != DNS_PORT || (!d->remote && d->servers[0].port == DNS_PORT);
        say_port(d, s->ports[p], &c, own);
    }
    free(s);
}
