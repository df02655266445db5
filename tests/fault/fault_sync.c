/* Does every ok of a registration, change or goodbye leave after the sync that made it
 * durable has returned?
 *
 *     fault_sync --discd D --shim LIB --dir DIR [--hide]
 *
 * The shim writes down syncs, writes and datagrams in their order. --hide: syncs are left
 * out inside discd, and it is told that they were done; the check has to see that. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "fault/load.h"

enum {
    INSTANCES = 60,
    SERVICES = 3,
    WINDOW = 16,
    LOAD_MS = 300,
    AT_LEAST = 2 * INSTANCES,
    AGAIN_MAX = 100
};

static int judge(const struct drive *d)
{
    struct fault_order order;
    unsigned events = atomic_load(&d->page->event_count);
    fault_order_check(d->page->events, events < FAULT_EVENTS ? events : FAULT_EVENTS, &order);
    printf("%u acknowledgements of changes, %u commits: %u left too early, %u without dur=disk\n",
           order.acknowledged, order.commits, order.not_synced, order.not_disk);
    if (order.first[0])
        printf("the first: %s\n", order.first);
    if (order.acknowledged < AT_LEAST)
        puts("too few acknowledgements: this shows nothing");
    return order.not_synced || order.not_disk || order.acknowledged < AT_LEAST;
}

static _Noreturn void usage(void)
{
    fputs("usage: fault_sync --discd D --shim LIB --dir DIR [--hide]\n", stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"discd", 1, NULL, 'd'},
                                            {"shim", 1, NULL, 's'},
                                            {"dir", 1, NULL, 'w'},
                                            {"hide", 0, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *discd = NULL, *shim = NULL, *dir = NULL;
    bool hide = false;
    unsigned again = 0;
    static struct drive d;
    struct model m;
    static struct load l;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': discd = optarg; break;
        case 's': shim = optarg; break;
        case 'w': dir = optarg; break;
        case 'h': hide = true; break;
        default: usage();
        }
    }
    if (!discd || !shim || !dir)
        usage();
    drive_init(&d, discd, shim, dir, "");
    drive_at_exit(&d);
    model_init(&m, INSTANCES, SERVICES);
    load_init(&l, &d, &m, 7, WINDOW);
    if (!drive_start(&d, true))
        die("it does not start: %s", drive_status_text(&d));
    if (hide)
        fault_set(d.page, FAULT_SYNC, FAULT_HIDE, 0, 1, UINT64_MAX);
    atomic_store(&d.page->armed, true);
    load_fill(&l);
    do
        load_run(&l, LOAD_MS);
    while (l.acknowledged < AT_LEAST && ++again < AGAIN_MAX);
    drive_end(&d, SIGTERM);
    if (!drive_ended_well(&d))
        die("SIGTERM: %s", drive_status_text(&d));
    int status = judge(&d);
    drive_deinit(&d);
    load_deinit(&l);
    model_deinit(&m);
    return status;
}
