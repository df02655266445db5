/* A program that uses libdisc to find its servers: what watch_client.sh runs.
 *
 *     e2e_watch_client watch SERVER[,SERVER...] SERVICE CACHE_FOLDER
 *         prints a line at the start and for each change: "FRESHNESS ID ID ..."; each line of
 *         standard input is a command: "pick N" prints how often each was chosen in N times,
 *         "list" the line, "quit" ends.
 *     e2e_watch_client find SERVER SERVICE TIMEOUT_MS [CACHE_FOLDER]
 *         disc_find: prints the result, and the line. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/disc.h"

enum { INSTANCES = 100 };

static struct disc *client;
static int handle;

static void print_list(void)
{
    static const char *const words[] = {"none", "cached", "kept", "live"};
    struct disc_list list;
    if (disc_get(client, handle, disc_now_ms(), &list) != DISC_OK)
        return;
    printf("%s", words[list.freshness]);
    for (size_t i = 0; i < list.count; i++)
        printf(" %s", list.instances[i].id);
    printf("\n");
    fflush(stdout);
}

static void on_change(void *context, const struct disc_watch_event *event)
{
    (void)context;
    if (event->kind == DISC_WATCH_REFUSED)
        printf("refused %s\n", event->words);
    print_list();
}

/* "web-1 3 web-2 7" */
static void pick_many(unsigned times)
{
    char ids[INSTANCES][64];
    unsigned counts[INSTANCES] = {0}, known = 0;
    struct disc_choice choice = {DISC_WEIGHTED, "http", NULL, 0};
    struct disc_picked picked;
    for (unsigned i = 0; i < times; i++) {
        unsigned k = 0;
        enum disc_result result = disc_pick(client, handle, &choice, &picked);
        if (result) {
            printf("%s\n", disc_result_text(result));
            fflush(stdout);
            return;
        }
        while (k < known && strcmp(ids[k], picked.instance->id) != 0)
            k++;
        if (k == INSTANCES)
            return;
        if (k == known)
            snprintf(ids[known++], sizeof(ids[0]), "%s", picked.instance->id);
        counts[k]++;
    }
    for (unsigned k = 0; k < known; k++)
        printf("%s%s %u", k ? " " : "", ids[k], counts[k]);
    printf("\n");
    fflush(stdout);
}

/* False: the end. */
static bool obey(void)
{
    char line[128];
    if (!fgets(line, sizeof(line), stdin) || strcmp(line, "quit\n") == 0)
        return false;
    if (strncmp(line, "pick ", 5) == 0)
        pick_many((unsigned)atoi(line + 5));
    else
        print_list();
    return true;
}

static int run_watch(char *servers, const char *service, const char *cache)
{
    struct disc_watch_spec spec = DISC_WATCH_SPEC_INIT;
    spec.service = service;
    spec.cache = cache;
    spec.changed = on_change;
    spec.lease_s = 10; /* so that a restart is noticed soon */
    client = disc_new(NULL);
    if (!client)
        return 1;
    for (char *server = strtok(servers, ","); server; server = strtok(NULL, ",")) {
        if (disc_add_server(client, server))
            return 1;
    }
    handle = disc_watch(client, &spec);
    print_list();
    for (bool more = true; more;) {
        struct pollfd fds[DISC_SERVERS_MAX + 1] = {{.fd = 0, .events = POLLIN}};
        size_t n = disc_pollfds(client, fds + 1, DISC_SERVERS_MAX);
        poll(fds, 1 + n, disc_timeout_ms(client, disc_now_ms()));
        disc_process(client, disc_now_ms());
        if (fds[0].revents)
            more = obey();
    }
    return disc_close(client, 1000) != DISC_OK;
}

static int run_find(const char *server, const char *service, int timeout_ms, const char *cache)
{
    struct disc_watch_spec spec = DISC_WATCH_SPEC_INIT;
    spec.service = service;
    spec.cache = cache;
    enum disc_result result = disc_find(NULL, server, &spec, timeout_ms, &client, &handle);
    printf("%s\n", disc_result_text(result));
    if (result == DISC_OK)
        print_list();
    disc_free(client);
    return result != DISC_OK;
}

int main(int argc, char **argv)
{
    setvbuf(stdin, NULL, _IONBF, 0); /* poll must see what is left */
    if (argc == 5 && strcmp(argv[1], "watch") == 0)
        return run_watch(argv[2], argv[3], argv[4]);
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "find") == 0)
        return run_find(argv[2], argv[3], atoi(argv[4]), argv[5]);
    return 2;
}
