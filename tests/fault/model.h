/* What a client may expect of a registry that keeps its word: for each instance the last
 * state that was acknowledged, and every state asked for since, of which each may or may
 * not have come about. A state is a weight, or MODEL_ABSENT. */
#ifndef DISC_TESTS_FAULT_MODEL_H
#define DISC_TESTS_FAULT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault/drive.h"

enum { MODEL_ABSENT = -1, MODEL_OPEN_MAX = 12 };

struct model_instance {
    unsigned service; /* the service's name is "s<service>", the instance's "i<number>" */
    int acknowledged;
    int open[MODEL_OPEN_MAX]; /* asked for since, not (yet) acknowledged */
    unsigned open_count;
};

struct model {
    struct model_instance *instances;
    unsigned count, services;
};

struct model_verdict {
    unsigned present;     /* instances that are answered */
    unsigned lost;        /* acknowledged registrations that are not there, or are old */
    unsigned resurrected; /* acknowledged goodbyes that are back */
    char first[200];      /* about the first that is wrong */
};

/* Spread evenly over the services, all absent. */
void model_init(struct model *m, unsigned count, unsigned services);
void model_deinit(struct model *m);

void model_asked(struct model *m, unsigned n, int state);
void model_acknowledged(struct model *m, unsigned n, int state);
/* The last thing asked for was refused in a way that surely left it undone. */
void model_refused(struct model *m, unsigned n);
/* Nothing is open: what it is, is known. */
bool model_is_certain(const struct model *m, unsigned n);

/* Asks for all services over TCP, compares, and takes what is seen as the new truth. */
void model_check(struct model *m, struct drive *d, struct model_verdict *out);

#endif
