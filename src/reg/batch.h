/* Requests about many instances, one per item line. Called by apply_ren.c and
 * apply_del.c, which say what is done with each. */
#ifndef DISC_REG_BATCH_H
#define DISC_REG_BATCH_H

#include "reg/call.h"

/* So that the reply always fits: an index costs at most four bytes ("254,"), 256 of them
 * at most 914, and all that can stand beside them 121 (see batch.c). */
enum { BATCH_MAX = 256 };

/* "0,3,7-12" */
struct index_list {
    char text[4 * BATCH_MAX];
    size_t used;
    unsigned first, last; /* the range under way */
    bool open;
};

struct batch {
    uint32_t done;
    uint32_t lease_s; /* the shortest that was renewed; 0 = none */
    struct index_list gone, bad;
};

struct batch_item {
    struct instance_key key;
    struct sight sight; /* of it */
};

/* REFUSE_NOT done, REFUSE_GONE unknown, anything else: not this sender's. */
typedef enum refusal batch_step(struct call *c, const struct batch_item *item, struct batch *batch);

/* Takes all items, good and bad; refused as a whole only before anything was done. */
enum refusal batch_run(struct call *c, batch_step *step, struct batch *out);

/* Says no to the whole batch. */
void batch_refuse(struct call *c, enum refusal refusal);

/* " cnt= [gone=] [bad=]" */
void batch_reply(struct call *c, struct batch *batch);

#endif
