/* Plain clients before rules: the backend of what is not disc.
 *
 * Answers take no time; a request is lost on its way there or its answer on the way back.
 * Clients act before the registry looks at its clock. HTTP over TCP is seen as requests
 * that are repeated until an answer is there or the client's patience is over, of which
 * the registry handles one. */
#ifndef DISC_TESTS_SIM_TABLE_CROWD_H
#define DISC_TESTS_SIM_TABLE_CROWD_H

#include "sim/table/backend.h"
#include "sim/table/rules.h"

void crowd_start(struct fleet *f); /* with the rules of f->backend */
void crowd_stop(struct fleet *f);
void crowd_join(struct fleet *f, unsigned id, uint64_t at_ms);
void crowd_run(struct fleet *f, uint64_t until_ms);
void crowd_crash(struct fleet *f, unsigned id);
void crowd_leave(struct fleet *f, unsigned id);
void crowd_cut(struct fleet *f, unsigned host, uint64_t until_ms);
void crowd_loss(struct fleet *f, unsigned percent);
void crowd_restart(struct fleet *f, uint64_t down_ms);
enum served crowd_served(const struct fleet *f, unsigned id);

/* The functions of a struct backend whose registry follows these rules. */
#define CROWD_BACKEND(kind)                                                                        \
    .rules = &(kind), .start = crowd_start, .stop = crowd_stop, .join = crowd_join,                \
    .run = crowd_run, .crash = crowd_crash, .leave = crowd_leave, .cut = crowd_cut,                \
    .loss = crowd_loss, .restart = crowd_restart, .served = crowd_served

#endif
