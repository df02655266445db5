/* Registrations, changes and goodbyes as fast as discd takes them: several requests under
 * way at once, for different instances, so that what each one's last word was is known.
 * Every acknowledgement is entered in the model. */
#ifndef DISC_TESTS_FAULT_LOAD_H
#define DISC_TESTS_FAULT_LOAD_H

#include "fault/drive.h"
#include "fault/model.h"

enum { LOAD_WINDOW = 256 };

struct load {
    struct drive *drive;
    struct model *model;
    uint64_t random; /* state; any seed but 0 */
    unsigned window; /* requests under way, LOAD_WINDOW at most */
    struct load_request {
        uint32_t id; /* 0 = free */
        unsigned instance;
        int state;
        uint64_t sent_ms;
    } requests[LOAD_WINDOW];
    unsigned under_way;
    bool *busy; /* by instance */
    unsigned long acknowledged, refused;
};

void load_init(struct load *l, struct drive *d, struct model *m, uint64_t seed, unsigned window);
void load_deinit(struct load *l);

uint64_t load_random(struct load *l, uint64_t below);

/* Keeps the window full of random changes for `ms`. */
void load_run(struct load *l, int ms);
/* Registers all instances in order, and returns when all are acknowledged. */
void load_fill(struct load *l);
/* discd is dead: takes the replies that it has sent, forgets what is still open. */
void load_drain(struct load *l);

#endif
