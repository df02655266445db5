#include "fault/play.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    TRIES = 3,
    REPLY_MS = 150, /* on loopback; a reply that a fault swallowed is asked for again */
    PATIENCE_MS = 20000,
    RECOVERY_S = 60,  /* a store that failed is tried again every second */
    GROUP_FIRST = 15, /* these and what follows are members of a group */
    TYPE_A = 1,
    TYPE_SOA = 6,
    TYPE_TXT = 16,
    TYPE_SRV = 33,
};

static int reply_ms(const struct drive *d)
{
    return d->patient ? PATIENCE_MS : REPLY_MS;
}

static void name_of(const struct model *m, unsigned n, char out[static 40])
{
    snprintf(out, 40, "svc=s%u inst=i%u", m->instances[n].service, n);
}

/* Asks for a state and enters what came of it. */
static bool change(struct drive *d, struct model *m, unsigned n, const char *verb, const char *rest,
                   int state)
{
    char reply[DRIVE_TEXT];
    model_asked(m, n, state);
    if (!drive_ask(d, verb, rest, reply, TRIES, reply_ms(d)) || !reply_is_ok(reply))
        return false;
    model_acknowledged(m, n, state);
    return true;
}

bool play_register(struct drive *d, struct model *m, unsigned n, int weight)
{
    char name[40], rest[200];
    name_of(m, n, name);
    snprintf(rest, sizeof rest, "%s port=http:8080 addr=10.0.0.%u w=%d m.build=7 ver=1.%u%s", name,
             n + 1, weight, n, n >= GROUP_FIRST ? " grp=node1" : "");
    return change(d, m, n, "reg", rest, weight);
}

bool play_update(struct drive *d, struct model *m, unsigned n, int weight)
{
    char name[40], rest[80];
    name_of(m, n, name);
    if (!model_is_certain(m, n) || m->instances[n].acknowledged == MODEL_ABSENT)
        return false;
    snprintf(rest, sizeof rest, "%s w=%d", name, weight);
    return change(d, m, n, "upd", rest, weight);
}

bool play_deregister(struct drive *d, struct model *m, unsigned n)
{
    char name[40];
    name_of(m, n, name);
    return change(d, m, n, "del", name, MODEL_ABSENT);
}

static void talk(struct drive *d, const char *verb, const char *rest)
{
    char reply[DRIVE_TEXT];
    (void)drive_ask(d, verb, rest, reply, TRIES, reply_ms(d));
}

static void ask_everything(struct drive *d)
{
    struct srv all[PLAY_INSTANCES];
    static const struct {
        const char *name;
        uint16_t type;
    } questions[] = {
        {"s0.disc.local", TYPE_SRV},
        {"s1.disc.local", TYPE_A},
        {"i1.s1.disc.local", TYPE_TXT},
        {"disc.local", TYPE_SOA},
        {"_http._tcp.s2.disc.local", TYPE_SRV},
        {"nobody.disc.local", TYPE_A},
        {"1-2.version.s2.disc.local", TYPE_A},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        for (int tries = 0; tries < TRIES; tries++)
            if (drive_query(d, questions[i].name, questions[i].type, reply_ms(d)) >= 0)
                break;
    for (int i = 0; i < 2; i++)
        (void)drive_srv(d, "s0", true, all, PLAY_INSTANCES, reply_ms(d));
    (void)drive_get(d, "/v1/status", reply_ms(d));
    (void)drive_get(d, "/v1/services", reply_ms(d));
    (void)drive_get(d, "/v1/services/s1", reply_ms(d));
    (void)drive_get(d, "/v1/explain?name=s0.disc.local&type=A", reply_ms(d));
}

unsigned play(struct drive *d, struct model *m)
{
    unsigned good = 0;
    talk(d, "hello", "");
    for (unsigned n = 0; n + 1 < PLAY_INSTANCES; n++)
        good += play_register(d, m, n, 100 + (int)n);
    ask_everything(d);
    for (unsigned n = 0; n < 6; n++) {
        char name[40];
        name_of(m, n, name);
        talk(d, "ren", name);
    }
    talk(d, "ren", "grp=node1");
    talk(d, "get", "svc=s1 inst=i1");
    for (unsigned n = 3; n < 7; n++)
        good += play_update(d, m, n, 200 + (int)n);
    for (unsigned n = 6; n < 10; n++)
        good += play_deregister(d, m, n);
    good += play_register(d, m, 8, 333);
    kill(d->pid, SIGHUP);
    talk(d, "hello", "");
    ask_everything(d);
    good += play_deregister(d, m, 16);
    return good;
}

static bool in_dns(struct drive *d, const char *service, const char *id, int weight)
{
    struct srv all[PLAY_INSTANCES];
    int n = drive_srv(d, service, true, all, PLAY_INSTANCES, reply_ms(d));
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].id, id) == 0 && all[i].weight == weight)
            return true;
    return false;
}

void play_recovered(struct drive *d, struct model *m, const char *after)
{
    unsigned n = PLAY_INSTANCES - 1;
    uint64_t until = now_ms() + RECOVERY_S * 1000;
    char name[40], rest[120], reply[DRIVE_TEXT], service[20], id[20];
    name_of(m, n, name);
    snprintf(rest, sizeof rest, "%s port=1 addr=10.0.0.9 w=77", name);
    snprintf(service, sizeof service, "s%u", m->instances[n].service);
    snprintf(id, sizeof id, "i%u", n);
    model_asked(m, n, 77);
    do {
        bool answered = drive_ask(d, "reg", rest, reply, 1, reply_ms(d));
        if (answered && reply_is_ok(reply) && in_dns(d, service, id, 77)) {
            model_acknowledged(m, n, 77);
            return;
        }
        if (answered && !reply_is_ok(reply))
            (void)drive_receive(d, reply, 20); /* nothing will come: a short rest */
        if (!drive_lives(d))
            die("%s: discd ended with %s", after, drive_status_text(d));
    } while (now_ms() < until);
    die("%s: it does not recover; the last reply was: %s", after, reply);
}
