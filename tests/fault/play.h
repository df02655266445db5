/* The scripted run of fault_sweep: everything that a discd does for its clients, once.
 * Registrations, some as a group, changes, renewals, goodbyes; status over HTTP; DNS over
 * UDP and TCP; a reload. Nothing in it need succeed while calls fail, but what was
 * acknowledged is entered in the model. */
#ifndef DISC_TESTS_FAULT_PLAY_H
#define DISC_TESTS_FAULT_PLAY_H

#include "fault/drive.h"
#include "fault/model.h"

enum { PLAY_INSTANCES = 21, PLAY_SERVICES = 3 };

/* Registers instance `n` with this weight, changes only its weight, says goodbye; true when
 * that was acknowledged. */
bool play_register(struct drive *d, struct model *m, unsigned n, int weight);
bool play_update(struct drive *d, struct model *m, unsigned n, int weight);
bool play_deregister(struct drive *d, struct model *m, unsigned n);

/* The whole run; ends with discd still running. Returns how many changes were
 * acknowledged. */
unsigned play(struct drive *d, struct model *m);

/* It works again: the last instance is registered and acknowledged, and DNS has it, in a
 * few seconds at most. Dies otherwise. */
void play_recovered(struct drive *d, struct model *m, const char *after);

#endif
