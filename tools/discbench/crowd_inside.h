/* What crowd.c (who hears what, and when) and crowd_say.c (what is sent) share. */
#ifndef DISCBENCH_CROWD_INSIDE_H
#define DISCBENCH_CROWD_INSIDE_H

#include <time.h>

#include "client/disc.h"
#include "crowd.h"

enum {
    DATAGRAM = 1232,
    COOKIE_SIZE = 64,
    AGAIN_MS = 500, /* a `sub` or `reg` without an answer is sent again */
};

struct subscriber {
    int fd;
    uint32_t service;
    uint64_t asked_ns;
    bool answered, whole;
    uint64_t number; /* the server's, for the goodbye */
    uint64_t seq;
    uint64_t fragments; /* of the whole list, as bits */
};

struct sent {
    uint64_t at_ns, again_ns, last_ns;
    uint32_t seen;
    bool replied, visible;
};

struct crowd {
    struct crowd_config config;
    struct crowd_result *result;
    int epoll, sender;
    struct subscriber *subscribers;
    struct sent *changes;
    uint32_t run; /* in all names: another run's are others */
    uint32_t change_count, refused_total;
    uint8_t *seen; /* by change and subscriber */
    char cookie[COOKIE_SIZE + 1];
    struct disc *d; /* of the program that looks; it watches the first service */
    int watch;
};

uint64_t crowd_ns_of(struct timespec t);

/* The wall clock, since that is what the kernel notes arrivals with. */
uint64_t crowd_clock_ns(void);

/* The value of " key=" on the first line, as a number; UINT64_MAX = not there. */
uint64_t crowd_number(const char *text, const char *key);

uint32_t crowd_service_of(const struct crowd *c, uint32_t change);

/* Asks for the subscriber's subscription. */
void crowd_subscribe(struct crowd *c, uint32_t number);
void crowd_acknowledge(struct crowd *c, uint32_t number, const char *push);

/* Registers the instance that is this change, for the first time or again. */
void crowd_send_change(struct crowd *c, uint32_t change);

/* Unsubscribes and deregisters, once each; the leases end what is lost. */
void crowd_clean(struct crowd *c);

#endif
