#include "modes.h"

/* Nine renewals in ten, then changes. */
static enum verb pick(const struct load *load, uint32_t instance)
{
    if (!load->registered[instance])
        return REG;
    return load->steps % 20 == 0 ? DEL : load->steps % 20 == 10 ? UPD : REN;
}

static enum chosen choose(struct load *load, struct request *out)
{
    uint32_t instance = load_take(load);
    load->steps++;
    *out = (struct request){.first = instance, .count = 1, .verb = (uint8_t)pick(load, instance)};
    return CHOSEN_ONE;
}

const struct mode mode_mixed = {
    .name = "mixed",
    .what = "nine renewals in ten; updates, churn",
    .heeds = HEEDS_REG,
    .seconds = 5,
    .whole_setup = true,
    .run = mode_load,
    .choose = choose,
};
