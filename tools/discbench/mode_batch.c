#include "modes.h"

/* How many it is, and with that the next one's first, only the encoder knows. */
static enum chosen choose(struct load *load, struct request *out)
{
    *out = (struct request){.first = load->cursor, .count = 1, .verb = BATCH};
    return CHOSEN_ONE;
}

const struct mode mode_batch = {
    .name = "batch",
    .what = "renew many in one datagram: --batch, or as many as fit",
    .heeds = HEEDS_REG | HEEDS_BATCH,
    .seconds = 5,
    .whole_setup = true,
    .run = mode_load,
    .choose = choose,
};
