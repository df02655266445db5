#include "modes.h"

static enum chosen choose(struct load *load, struct request *out)
{
    *out = (struct request){.first = load_take(load), .count = 1, .verb = REN};
    return CHOSEN_ONE;
}

const struct mode mode_ren = {
    .name = "ren",
    .what = "renew one instance per datagram (default)",
    .heeds = HEEDS_REG,
    .seconds = 5,
    .whole_setup = true,
    .run = mode_load,
    .choose = choose,
};
