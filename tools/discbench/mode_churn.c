#include "modes.h"

static enum chosen choose(struct load *load, struct request *out)
{
    uint32_t instance = load_take(load);
    enum verb verb = load->registered[instance] ? DEL : REG;
    *out = (struct request){.first = instance, .count = 1, .verb = (uint8_t)verb};
    return CHOSEN_ONE;
}

const struct mode mode_churn = {
    .name = "churn",
    .what = "deregister and register in turn",
    .heeds = HEEDS_REG,
    .seconds = 5,
    .whole_setup = true,
    .run = mode_load,
    .choose = choose,
};
