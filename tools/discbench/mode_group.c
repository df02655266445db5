#include "modes.h"

static enum chosen choose(struct load *load, struct request *out)
{
    uint32_t all = load->config.instances, size = load->config.group_size, first = load->cursor;
    uint32_t count = all - first < size ? all - first : size;
    *out = (struct request){.first = first, .count = count, .verb = GROUP};
    load->cursor = (first + count) % all;
    return CHOSEN_ONE;
}

const struct mode mode_group = {
    .name = "group",
    .what = "renew a lease group of --group-size instances per datagram",
    .heeds = HEEDS_REG | HEEDS_GROUP_SIZE,
    .seconds = 5,
    .whole_setup = true,
    .run = mode_load,
    .choose = choose,
};
