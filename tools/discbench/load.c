#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MEMBERS_UNKNOWN UINT32_MAX

enum {
    ROUNDS = 5,
    SETUP_WINDOW = 256, /* of setting up and taking away: enough for commits in groups */
};

/* ---- the flow's questions ---------------------------------------------------------------- */

static size_t write_request(void *context, uint64_t sequence, char *out)
{
    struct load *load = context;
    struct request *request = &load->requests[sequence % FLOW_RING];
    switch (load->choose(load, request)) {
    case CHOSEN_END: return FLOW_END;
    case CHOSEN_LATER: return FLOW_LATER;
    case CHOSEN_ONE: break;
    }
    size_t size = request_write(load, sequence, request, out);
    if (request->verb == BATCH) /* only now it is known how many */
        load->cursor = (request->first + request->count) % load->config.instances;
    return size;
}

static uint64_t match_reply(void *context, const char *in, size_t size, uint64_t next)
{
    (void)context, (void)size, (void)next;
    return reply_sequence(in);
}

static bool read_reply(void *context, uint64_t sequence, const char *in, size_t size,
                       uint64_t now_ns)
{
    struct load *load = context;
    return reply_read(load, &load->requests[sequence % FLOW_RING], in, size, now_ns);
}

static bool turn(void *context, uint64_t now_ns)
{
    const struct load_watcher *watcher = &((struct load *)context)->config.watcher;
    return watcher->turn && watcher->turn(watcher->context, now_ns);
}

static const struct flow_calls calls = {write_request, match_reply, read_reply, turn};

/* ---- life -------------------------------------------------------------------------------- */

static uint32_t load_groups(const struct load *load)
{
    return (load->config.instances - 1) / load->config.group_size + 1;
}

static bool make_parts(struct load *load)
{
    const struct load_config *c = &load->config;
    load->flow = flow_new(&calls, load, c->fd, c->watcher.turn ? c->watcher.fd : -1);
    load->requests = calloc(FLOW_RING, sizeof(*load->requests));
    load->registered = calloc(c->instances, 1);
    load->generations = c->addresses_change ? calloc(c->instances, 1) : NULL;
    load->members = c->group_size ? calloc(load_groups(load), sizeof(*load->members)) : NULL;
    load->signer = c->key_id ? sign_new(c->secret, c->secret_size) : NULL;
    return load->flow && load->requests && load->registered &&
           (load->generations || !c->addresses_change) && (load->members || !c->group_size) &&
           (load->signer || !c->key_id);
}

struct load *load_new(const struct load_config *config)
{
    uint64_t cid = 0;
    struct load *load = calloc(1, sizeof(*load));
    if (!load)
        return NULL;
    load->config = *config;
    /* Numbers used once are counted for each cid: another run must have another one. */
    if (getrandom(&cid, sizeof(cid), 0) == (ssize_t)sizeof(cid) && make_parts(load)) {
        snprintf(load->cid, sizeof(load->cid), "%016llx", (unsigned long long)cid);
        return load;
    }
    load_free(load);
    return NULL;
}

void load_free(struct load *load)
{
    if (!load)
        return;
    flow_free(load->flow);
    sign_free(load->signer);
    free(load->requests);
    free(load->registered);
    free(load->generations);
    free(load->members);
    free(load);
}

/* ---- phases ------------------------------------------------------------------------------ */

uint32_t load_take(struct load *load)
{
    uint32_t instance = load->cursor;
    load->cursor = (load->cursor + 1) % load->config.instances;
    return instance;
}

/* The next one for which `registered` is `is`. */
static enum chosen choose_where(struct load *load, uint8_t is, enum verb verb,
                                struct request *request)
{
    while (load->cursor < load->config.instances && load->registered[load->cursor] != is)
        load->cursor++;
    if (load->cursor == load->config.instances)
        return CHOSEN_END;
    *request = (struct request){.first = load->cursor++, .count = 1, .verb = (uint8_t)verb};
    return CHOSEN_ONE;
}

static enum chosen choose_unregistered(struct load *load, struct request *request)
{
    return choose_where(load, 0, REG, request);
}

static enum chosen choose_registered(struct load *load, struct request *request)
{
    return choose_where(load, 1, DEL, request);
}

void load_run(struct load *load, load_choose *choose, const struct flow_limits *limits,
              struct tally *tally)
{
    load->choose = choose;
    load->tally = tally;
    load->cursor = 0;
    flow_run(load->flow, limits, tally);
    load->cursor = 0;
}

static bool all_are(const struct load *load, uint8_t registered)
{
    return memchr(load->registered, !registered, load->config.instances) == NULL;
}

static bool rounds(struct load *load, load_choose *choose, uint8_t wanted, struct tally *tally)
{
    const struct flow_limits limits = {.window = SETUP_WINDOW, .most = UINT64_MAX};
    for (int i = 0; i < ROUNDS && !all_are(load, wanted); i++) {
        uint64_t answered = tally->ok + tally->challenges;
        load_run(load, choose, &limits, tally);
        if (tally->ok + tally->challenges == answered || flow_stopped(load->flow))
            break; /* nobody there, or nothing but refusals */
    }
    return all_are(load, wanted);
}

bool load_setup(struct load *load, struct tally *tally)
{
    return rounds(load, choose_unregistered, 1, tally);
}

void load_clean(struct load *load, struct tally *tally)
{
    flow_go_on(load->flow);
    (void)rounds(load, choose_registered, 0, tally);
}

uint32_t load_left(const struct load *load)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < load->config.instances; i++)
        left += load->registered[i];
    return left;
}

/* ---- groups ------------------------------------------------------------------------------ */

static enum chosen choose_uncounted(struct load *load, struct request *request)
{
    uint32_t size = load->config.group_size, groups = load_groups(load);
    while (load->cursor < groups && load->members[load->cursor] != MEMBERS_UNKNOWN)
        load->cursor++;
    if (load->cursor == groups)
        return CHOSEN_END;
    *request = (struct request){.first = load->cursor++ * size, .verb = PROBE};
    return CHOSEN_ONE;
}

void load_count_members(struct load *load, struct tally *tally)
{
    const struct flow_limits limits = {.window = SETUP_WINDOW, .most = UINT64_MAX};
    uint32_t groups = load_groups(load), unknown = groups;
    for (uint32_t i = 0; i < groups; i++)
        load->members[i] = MEMBERS_UNKNOWN;
    for (int i = 0; i < ROUNDS && unknown; i++) {
        load_run(load, choose_uncounted, &limits, tally);
        unknown = 0;
        for (uint32_t group = 0; group < groups; group++)
            unknown += load->members[group] == MEMBERS_UNKNOWN;
    }
    for (uint32_t i = 0; i < groups && unknown; i++)
        load->members[i] = load->members[i] == MEMBERS_UNKNOWN ? 0 : load->members[i];
}
