#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "modes.h"
#include "place.h"
#include "question.h"

struct query {
    const struct options *options;
    struct tally *tally;
    uint64_t random;
};

/* The same questions in every run, in no order that a cache could follow (xorshift64*). */
static uint32_t next_random(struct query *q)
{
    q->random ^= q->random >> 12;
    q->random ^= q->random << 25;
    q->random ^= q->random >> 27;
    return (uint32_t)(q->random * 0x2545f4914f6cdd1du >> 32);
}

static size_t write_question(void *context, uint64_t sequence, char *out)
{
    struct query *q = context;
    const struct options *o = q->options;
    char name[PREFIX_MAX + ZONE_MAX + 40];
    uint32_t number = next_random(q) % (o->ask == ASK_SERVICE ? o->services : o->instances);
    if (o->ask == ASK_SERVICE)
        snprintf(name, sizeof(name), "%s-%" PRIu32 ".%s", o->prefix, number, o->zone);
    else if (o->ask == ASK_INSTANCE)
        snprintf(name, sizeof(name), "i%" PRIu32 ".%s-%" PRIu32 ".%s", number, o->prefix,
                 number % o->services, o->zone);
    else
        snprintf(name, sizeof(name), "no-%s-%" PRIu32 ".%s", o->prefix, number, o->zone);
    return question_write(out, (uint16_t)sequence, name, o->type, (uint16_t)o->edns);
}

/* The newest sequence number below `next` that ends with these 16 bits. */
static uint64_t match_answer(void *context, const char *in, size_t size, uint64_t next)
{
    struct answer answer;
    (void)context;
    if (!answer_read(in, size, &answer))
        return FLOW_NOBODYS;
    uint64_t back = (uint16_t)((uint16_t)(next - 1) - answer.id);
    return back < next ? next - 1 - back : FLOW_NOBODYS;
}

static bool read_answer(void *context, uint64_t sequence, const char *in, size_t size,
                        uint64_t now_ns)
{
    struct query *q = context;
    struct answer answer;
    (void)sequence, (void)now_ns;
    if (!answer_read(in, size, &answer))
        return false;
    bool missing = q->options->ask == ASK_MISSING;
    q->tally->truncated += answer.truncated;
    if (answer.rcode == (missing ? RCODE_NXDOMAIN : 0) && (answer.count > 0) != missing)
        q->tally->ok++;
    else
        tally_error(q->tally, answer.rcode); /* 0: it should not have been empty, or have been */
    return true;
}

static bool run(const struct options *o, struct results *out)
{
    static const struct flow_calls calls = {write_question, match_answer, read_answer, NULL};
    struct query q = {.options = o, .tally = &out->run, .random = 0x9e3779b97f4a7c15u};
    struct flow_limits limits = mode_limits(o);
    struct usage before;
    int fd = place_open("dns", o->dns, o->remote);
    struct flow *flow = fd < 0 ? NULL : flow_new(&calls, &q, fd, -1);
    if (flow) {
        mode_usage_begin(o, &before);
        flow_run(flow, &limits, &out->run);
        mode_usage_end(o, &before, out);
        out->stopped = flow_stopped(flow);
        out->ready = true;
    } else if (fd >= 0) {
        fprintf(stderr, "discbench: out of memory\n");
    }
    flow_free(flow);
    if (fd >= 0)
        close(fd);
    return flow != NULL;
}

const struct mode mode_query = {
    .name = "query",
    .what = "ask the DNS server for what is registered; registers nothing",
    .heeds = HEEDS_DNS | HEEDS_QUESTION,
    .seconds = 5,
    .run = run,
};
