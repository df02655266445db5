#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>

const char *sim_mutant_text(enum sim_mutant mutant)
{
    static const char *const names[SIM_MUTANTS] = {
        [SIM_SOUND] = "sound",
        [SIM_ACK_EARLY] = "ack-early",
        [SIM_EXPIRE_FIRST] = "expire-first",
        [SIM_LOSE_GRAVES] = "lose-graves",
        [SIM_GUARD_OFF] = "guard-off",
        [SIM_CLOCK_JUMPS] = "clock-jumps",
        [SIM_LOSE_CHANGES] = "lose-changes",
        [SIM_DEAF_TO_DEATH] = "deaf-to-death",
        [SIM_BLIND_FEED] = "blind-feed",
        [SIM_STALE_DNS] = "stale-dns",
        [SIM_CROSS_FLIGHTS] = "cross-flights",
    };
    return mutant < SIM_MUTANTS ? names[mutant] : "unknown";
}

const char *sim_kind_text(enum sim_kind kind)
{
    static const char *const names[SIM_KINDS] = {"library", "agent", "half", "loop", "once"};
    return kind < SIM_KINDS ? names[kind] : "unknown";
}

const char *sim_verb_text(enum sim_verb verb)
{
    static const char *const names[SIM_VERBS] = {
        [SIM_START] = "start",
        [SIM_KILL] = "kill",
        [SIM_LEAVE] = "leave",
        [SIM_RESTART] = "restart",
        [SIM_REPLACE] = "replace",
        [SIM_CRASH_HOSTS] = "crash-hosts",
        [SIM_FREEZE_HOSTS] = "freeze-hosts",
        [SIM_CUT] = "cut",
        [SIM_LOSS] = "loss",
        [SIM_DELAY] = "delay",
        [SIM_COPIES] = "copies",
        [SIM_STALL] = "stall",
        [SIM_PAUSE] = "pause",
        [SIM_SUSPEND] = "suspend",
        [SIM_SLOW] = "slow",
        [SIM_CRASH] = "crash",
        [SIM_WALL_STEP] = "wall-step",
        [SIM_DISK_SLOW] = "disk-slow",
        [SIM_DISK_FAIL] = "disk-fail",
        [SIM_EVICT] = "evict",
        [SIM_DRAIN] = "drain",
    };
    return verb < SIM_VERBS ? names[verb] : "unknown";
}

static const char *direction_text(enum sim_direction direction)
{
    return direction == SIM_REQUESTS ? " requests" : direction == SIM_REPLIES ? " replies" : "";
}

void sim_action_text(const struct sim_action *a, char *out, size_t size)
{
    char end[40] = "";
    const char *verb = sim_verb_text(a->verb);
    double at = (double)a->at_ms / 1000;
    if (a->for_ms)
        snprintf(end, sizeof(end), " for %.3f s", (double)a->for_ms / 1000);
    if (a->verb <= SIM_REPLACE || a->verb == SIM_DRAIN)
        snprintf(out, size, "%.3f %s client %u%s", at, verb, a->client, end);
    else if (a->verb <= SIM_COPIES)
        snprintf(out, size, "%.3f %s hosts %u+%u%s value %" PRId64 "%s", at, verb, a->hosts.first,
                 a->hosts.count, direction_text(a->direction), a->value, end);
    else
        snprintf(out, size, "%.3f %s value %" PRId64 "%s", at, verb, a->value, end);
}
