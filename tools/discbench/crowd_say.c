#include "crowd_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LEASE_S = 300 };

uint64_t crowd_ns_of(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t crowd_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return crowd_ns_of(t);
}

uint64_t crowd_number(const char *text, const char *key)
{
    const char *at = strstr(text, key), *end = strchr(text, '\n');
    return at && (!end || at < end) ? strtoull(at + strlen(key), NULL, 10) : UINT64_MAX;
}

/* ---- what is sent ------------------------------------------------------------------------- */

static void say(int fd, const char *text, int n)
{
    (void)!send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

void crowd_subscribe(struct crowd *c, uint32_t number)
{
    struct subscriber *s = &c->subscribers[number];
    char text[DATAGRAM];
    s->asked_ns = crowd_clock_ns();
    say(s->fd, text,
        snprintf(text, sizeof(text),
                 "disc/1 sub id=s%" PRIu32 " cid=discbench tok=%08" PRIx32 "%08" PRIx32
                 " svc=bench-watch-%" PRIu32 " lease=%d%s%s\n",
                 number, c->run, number, s->service, LEASE_S, *c->cookie ? " ck=" : "", c->cookie));
}

void crowd_acknowledge(struct crowd *c, uint32_t number, const char *push)
{
    char text[256];
    uint64_t fragment = crowd_number(push, " frag=");
    say(c->subscribers[number].fd, text,
        snprintf(text, sizeof(text),
                 "disc/1 ack sub=%" PRIu64 " tok=%08" PRIx32 "%08" PRIx32 " seq=%" PRIu64
                 " frag=%" PRIu64 "\n",
                 crowd_number(push, " sub="), c->run, number, crowd_number(push, " seq="),
                 fragment == UINT64_MAX ? 1 : fragment));
}

uint32_t crowd_service_of(const struct crowd *c, uint32_t change)
{
    return change % c->config.services;
}

void crowd_send_change(struct crowd *c, uint32_t change)
{
    char text[DATAGRAM];
    struct sent *sent = &c->changes[change];
    uint64_t now = crowd_clock_ns();
    if (!sent->at_ns)
        sent->at_ns = now;
    sent->again_ns = now + (uint64_t)AGAIN_MS * 1000000;
    say(c->sender, text,
        snprintf(text, sizeof(text),
                 "disc/1 reg id=r%" PRIu32 " svc=bench-watch-%" PRIu32 " inst=w%" PRIx32 "-%" PRIu32
                 " port=80%s lease=%d%s%s\n",
                 change, crowd_service_of(c, change), c->run, change,
                 c->config.remote ? "" : " addr=10.0.0.1", LEASE_S, *c->cookie ? " ck=" : "",
                 c->cookie));
}

void crowd_clean(struct crowd *c)
{
    char text[DATAGRAM];
    for (uint32_t i = 0; i < c->config.subscribers; i++)
        say(c->subscribers[i].fd, text,
            snprintf(text, sizeof(text),
                     "disc/1 uns sub=%" PRIu64 " tok=%08" PRIx32 "%08" PRIx32 "\n",
                     c->subscribers[i].number, c->run, i));
    for (uint32_t i = 0; i < c->change_count; i++)
        say(c->sender, text,
            snprintf(text, sizeof(text),
                     "disc/1 del svc=bench-watch-%" PRIu32 " inst=w%" PRIx32 "-%" PRIu32 "%s%s\n",
                     crowd_service_of(c, i), c->run, i, *c->cookie ? " ck=" : "", c->cookie));
}
