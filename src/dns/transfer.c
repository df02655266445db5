#include "dns/transfer.h"

#include <stdlib.h>

#include "dns/transfer_request.h"
#include "dns/transfer_walk.h"
#include "dns/transfer_write.h"
#include "dns/worker.h"

/* Bytes that a message has at most, unless one record takes more: compression reaches no
 * further, and larger ones save nothing. */
enum { MESSAGE_TARGET = 16384 };

enum { SOA_EXPIRE = 8 }; /* from the end of the RDATA */

struct transfer {
    struct walk walk;
    struct rr current; /* when `waiting`: did not fit the last message */
    bool waiting, done;
};

/* ---- control thread -------------------------------------------------------------------- */

static void begin(struct dns_task *task, enum walk_shape shape, struct zone *zone,
                  struct zone_pin *pin, struct delta **deltas, size_t count)
{
    struct transfer *t = calloc(1, sizeof(*t));
    struct walk unused;
    if (walk_init(t ? &t->walk : &unused, shape, zone, pin, deltas, count) == ERR_OK) {
        if (t) {
            task->transfer = t;
            return;
        }
        walk_deinit(&unused);
    }
    free(t);
    dns_task_refuse(task, "out of memory");
}

static void begin_whole(const struct dns *dns, struct dns_task *task, struct zone *zone)
{
    struct zone_pin *pin = zone_pin(dns, zone);
    if (pin)
        begin(task, WALK_WHOLE, zone, pin, NULL, 0);
    else
        dns_task_refuse(task, "out of memory");
}

static void begin_from(const struct dns *dns, struct dns_task *task, struct zone *zone)
{
    uint32_t ours = zone_serial(zone), theirs;
    struct delta **deltas;
    size_t count;
    if (!transfer_request_serial(&task->query, &theirs)) {
        task_result(task, RCODE_FORMERR, EDE_NONE, NULL); /* was looked at before: not reached */
        return;
    }
    if (theirs == ours || serial_is_after(theirs, ours)) {
        begin(task, WALK_SOA, zone, NULL, NULL, 0);
        return;
    }
    enum err err = zone_log_since(zone->log, theirs, &deltas, &count);
    if (err == ERR_OK)
        begin(task, WALK_DIFFERENCES, zone, NULL, deltas, count);
    else if (err == ERR_MEMORY)
        dns_task_refuse(task, "out of memory");
    else if (task->transport == DNS_UDP) /* they are not all there any more */
        begin(task, WALK_SOA, zone, NULL, NULL, 0);
    else
        begin_whole(dns, task, zone);
}

void transfer_run(struct dns *dns, struct dns_task *task)
{
    struct zone *zone = dns_zone_at(dns, &task->query.name);
    if (!zone) { /* gone since it was admitted */
        task_result(task, RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE, "not the name of one of our zones");
        return;
    }
    if (zone->dirty) /* what is published has to have a serial of its own */
        dns_step_serials(dns);
    if (task->query.type == TYPE_IXFR)
        begin_from(dns, task, zone);
    else
        begin_whole(dns, task, zone);
}

const char *transfer_kind(const struct transfer *t, uint32_t *theirs, uint32_t *ours)
{
    if (!t || t->walk.shape == WALK_SOA)
        return NULL;
    *theirs = *ours = t->walk.serial;
    if (t->walk.shape == WALK_WHOLE)
        return "AXFR";
    *theirs = t->walk.deltas[0]->from;
    return "IXFR";
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    walk_deinit(&t->walk);
    free(t);
}

/* ---- any thread ------------------------------------------------------------------------ */

static void count(struct dns_worker *worker, const struct walk *walk)
{
    if (walk->shape == WALK_WHOLE)
        counter_up(&worker->counters.transfers[0]);
    if (walk->shape == WALK_DIFFERENCES)
        counter_up(&worker->counters.transfers[1]);
}

/* As much as there is room for. */
static void fill(struct transfer *t, struct answer *a, struct written_name *last)
{
    while (t->waiting || walk_next(&t->walk, &t->current)) {
        if (a->counts[SECTION_ANSWER] && a->limit > MESSAGE_TARGET)
            a->limit = a->at > MESSAGE_TARGET ? a->at : MESSAGE_TARGET;
        t->waiting = !transfer_write(a, last, &t->current);
        if (t->waiting)
            return;
    }
    t->done = true;
}

/* Over UDP it is all or nothing: else the SOA tells that there is something new (RFC 1995
 * section 2). */
static void cut_to_soa(struct transfer *t, struct answer *a, struct written_name *last,
                       const struct name *question)
{
    struct rr soa;
    answer_empty(a);
    written_name_init(last, question);
    walk_soa(&t->walk, &soa);
    if (!transfer_write(a, last, &soa))
        a->truncated = true;
    t->done = true;
}

static void put_expire(const struct dns_task *task, const struct zone *zone, struct answer *a)
{
    if (!task->query.has_opt || !task->query.edns.expire)
        return;
    a->has_expire = true; /* RFC 7314 section 3.2: a primary's is the SOA's */
    a->expire_s = get_u32(zone->soa + zone->soa_size - SOA_EXPIRE);
}

size_t transfer_next(struct dns_task *task, struct dns_worker *worker, uint64_t wall_s,
                     uint8_t *out, size_t size)
{
    struct transfer *t = task->transfer;
    struct answer a;
    struct written_name last;
    if (t->done)
        return 0;
    if (task->messages == 0)
        count(worker, &t->walk);
    task_begin(task, &a, out, size);
    a.authoritative = true;
    put_expire(task, t->walk.zone, &a);
    const struct name *question = a.echoed ? &task->query.name : NULL;
    written_name_init(&last, question);
    if (!a.truncated)
        fill(t, &a, &last);
    if (task->transport == DNS_UDP && !t->done)
        cut_to_soa(t, &a, &last, question);
    if (a.counts[SECTION_ANSWER] == 0) /* nothing fits, nor will it */
        t->done = true;
    return task_end(task, &a, RCODE_NOERROR, wall_s);
}
