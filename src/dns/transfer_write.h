/* Records into the messages of a transfer, owners compressed against the one before. */
#ifndef DISC_DNS_TRANSFER_WRITE_H
#define DISC_DNS_TRANSFER_WRITE_H

#include "dns/answer.h"
#include "dns/rr.h"

/* The name written last in this message, and where each of its ends stands. */
struct written_name {
    uint8_t wire[NAME_MAX_WIRE];
    uint8_t starts[NAME_MAX_LABELS];  /* of its labels, in wire */
    uint8_t labels;                   /* 0 = none written yet */
    uint16_t at[NAME_MAX_LABELS + 1]; /* by labels left: offset in the message; 0 = unknown */
};

/* For the beginning of a message: `question` is the name that stands behind the header, NULL
 * when none does. */
void written_name_init(struct written_name *last, const struct name *question);

/* One record of the answer section; false: no room, and nothing was written. */
bool transfer_write(struct answer *a, struct written_name *last, const struct rr *rr);

#endif
