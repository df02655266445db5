#include "modes.h"

static enum chosen choose(struct load *load, struct request *out)
{
    if (load->config.churns)
        return mode_churn.choose(load, out);
    load->steps += load->cursor == 0; /* another weight than in the turn before */
    *out = (struct request){.first = load_take(load), .count = 1, .verb = UPD};
    return CHOSEN_ONE;
}

const struct mode mode_change = {
    .name = "change",
    .what = "change instances of one service; to run beside queries",
    .heeds = HEEDS_REG | HEEDS_KIND,
    .rate = 1000,
    .seconds = 5,
    .services = 1,
    .whole_setup = true,
    .run = mode_load,
    .choose = choose,
};
