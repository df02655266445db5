#include "modes.h"

static enum chosen choose(struct load *load, struct request *out)
{
    *out = (struct request){.first = load_take(load), .count = 1, .verb = REG};
    return CHOSEN_ONE;
}

const struct mode mode_reg = {
    .name = "reg",
    .what = "register (each once, or again and again for --duration)",
    .heeds = HEEDS_REG | HEEDS_GROUP_SIZE,
    .run = mode_load,
    .choose = choose,
};
