/* A disk on which every sync takes long: what does not need it must not wait for it.
 *
 *     fault_slow --discd D --shim LIB --dir DIR [--delay MS] [--wrong]
 *
 * While one registration waits for its commit, heartbeats of another instance, hello and
 * DNS are asked one after the other, each when the one before is answered; at least AT_LEAST
 * of each must be done before the registration's ok comes. --wrong asks for something
 * that does need the disk in the heartbeat's place, to show that it would be noticed. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/play.h"

enum { AT_LEAST = 8, ANSWER_MS = 30000, PAUSE_MS = 20, TYPE_SRV = 33, LIMIT_MS = 60000 };

struct tally {
    uint32_t pending; /* the registration */
    unsigned renewals, hellos, answers, silent;
    bool done; /* its reply came, in `reply` */
    char reply[DRIVE_TEXT];
};

/* The next reply within `ms`; the pending one is noted. */
static uint32_t receive(struct drive *d, struct tally *t, char reply[static DRIVE_TEXT], int ms)
{
    uint32_t id = drive_receive(d, reply, ms);
    if (id == t->pending) {
        t->done = true;
        memcpy(t->reply, reply, DRIVE_TEXT);
    }
    return id;
}

/* Asks and waits; false: no good answer in time. */
static bool ask(struct drive *d, struct tally *t, const char *verb, const char *rest)
{
    char reply[DRIVE_TEXT];
    uint32_t id = drive_send(d, verb, rest);
    uint64_t now = now_ms(), until = now + ANSWER_MS;
    for (; now < until; now = now_ms())
        if (receive(d, t, reply, (int)(until - now)) == id)
            return reply_is_ok(reply);
    return false;
}

/* Ends with the registration's reply. */
static void ask_meanwhile(struct drive *d, struct tally *t, bool wrong)
{
    char rest[80], reply[DRIVE_TEXT];
    uint64_t until = now_ms() + LIMIT_MS;
    for (unsigned weight = 1000; !t->done && now_ms() < until; weight++) {
        int n = snprintf(rest, sizeof rest, "svc=s0 inst=i0");
        if (wrong)
            snprintf(rest + n, sizeof rest - (size_t)n, " w=%u", weight);
        bool renewed = ask(d, t, wrong ? "upd" : "ren", rest);
        bool greeted = ask(d, t, "hello", "");
        bool answered = drive_query(d, "s0.disc.local", TYPE_SRV, ANSWER_MS) >= 1;
        if (t->done)
            return;
        t->renewals += renewed;
        t->hellos += greeted;
        t->answers += answered;
        t->silent += !renewed + !greeted + !answered;
        (void)receive(d, t, reply, PAUSE_MS);
    }
}

static void check_order(const struct drive *d)
{
    struct fault_order order;
    const struct fault_page *page = d->page;
    fault_order_check(page->events, atomic_load(&page->event_count), &order);
    if (!order.acknowledged || order.not_synced || order.not_disk)
        die("%u oks, %u left before their commit: %s", order.acknowledged, order.not_synced,
            order.first);
}

static void check_restart(struct drive *d, struct model *m)
{
    struct model_verdict verdict;
    drive_end(d, SIGKILL);
    if (!drive_start(d, false))
        die("it does not start again: %s", drive_status_text(d));
    model_check(m, d, &verdict);
    if (verdict.lost || verdict.resurrected)
        die("after a restart: %s", verdict.first);
}

static void run(struct drive *d, unsigned delay_ms, bool wrong)
{
    struct model m;
    static struct tally t;
    model_init(&m, 2, 1);
    if (!drive_start(d, true))
        die("it does not start: %s", drive_status_text(d));
    d->patient = true;
    if (!play_register(d, &m, 0, 10))
        die("the first registration was not acknowledged");
    fault_set_delay(d->page, FAULT_SYNC, delay_ms * 1000ull);
    atomic_store(&d->page->armed, true);
    model_asked(&m, 1, 11);
    t.pending = drive_send(d, "reg", "svc=s0 inst=i1 port=1 addr=10.0.0.1 w=11");
    ask_meanwhile(d, &t, wrong);
    printf("with %u ms for each sync, until the registration was acknowledged: %u heartbeats, "
           "%u hellos, %u DNS answers; %u times silence\n",
           delay_ms, t.renewals, t.hellos, t.answers, t.silent);
    if (!t.done || !reply_is_disk(t.reply))
        die("the registration was not acknowledged: %s", t.done ? t.reply : "no reply");
    model_acknowledged(&m, 1, 11);
    if (t.silent || t.renewals < AT_LEAST || t.hellos < AT_LEAST || t.answers < AT_LEAST)
        die("something waits for the disk that does not need it");
    check_order(d);
    check_restart(d, &m);
    model_deinit(&m);
}

static _Noreturn void usage(void)
{
    fputs("usage: fault_slow --discd D --shim LIB --dir DIR [--delay MS] [--wrong]\n", stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"discd", 1, NULL, 'd'}, {"shim", 1, NULL, 's'},
                                            {"dir", 1, NULL, 'w'},   {"delay", 1, NULL, 'm'},
                                            {"wrong", 0, NULL, 'x'}, {NULL, 0, NULL, 0}};
    const char *discd = NULL, *shim = NULL, *dir = NULL;
    unsigned long delay_ms = 2000;
    bool wrong = false;
    static struct drive d;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': discd = optarg; break;
        case 's': shim = optarg; break;
        case 'w': dir = optarg; break;
        case 'm': delay_ms = strtoul(optarg, NULL, 10); break;
        case 'x': wrong = true; break;
        default: usage();
        }
    }
    if (!discd || !shim || !dir)
        usage();
    drive_init(&d, discd, shim, dir, "");
    drive_at_exit(&d);
    run(&d, (unsigned)delay_ms, wrong);
    drive_deinit(&d);
    return 0;
}
