#include <stdlib.h>
#include <string.h>

#include "dns/task_parts.h"
#include "dns/transfer.h"
#include "dns/worker.h"

/* ---- life ---------------------------------------------------------------------------------- */

/* The request and what its answer takes from it, in memory of the task's own. */
static bool copy_request(struct dns_task *task, const struct answer *a)
{
    const struct query *q = a->query;
    task->bytes = malloc(q->size);
    task->nsid = a->nsid ? malloc(a->nsid_size + 1) : NULL;
    if (!task->bytes || (a->nsid && !task->nsid))
        return false;
    memcpy(task->bytes, q->bytes, q->size);
    if (a->nsid)
        memcpy(task->nsid, a->nsid, a->nsid_size);
    (void)query_parse(task->bytes, q->size, &task->query); /* once more: it points there now */
    task->answer = *a;
    task->answer.out = NULL;
    task->answer.query = &task->query;
    task->answer.nsid = task->nsid;
    task->answer.tsig = NULL;
    task->answer.ede = EDE_NONE; /* words may be on the stack, or a zone's */
    task->answer.ede_words = (struct text){0};
    return true;
}

struct dns_task *task_new(enum dns_task_kind kind, const struct answer *a,
                          const struct dns_request *request, unsigned zone)
{
    struct dns_task *task = calloc(1, sizeof(*task));
    if (!task)
        return NULL;
    if (!copy_request(task, a)) {
        dns_task_free(task);
        return NULL;
    }
    task->kind = kind;
    task->from = request->from;
    task->transport = request->transport;
    task->zone = zone;
    task->ede = EDE_NONE;
    task->limit = a->total;
    if (a->tsig) {
        task->limit += tsig_size(a->tsig);
        task->is_signed = true;
        task->tsig = *a->tsig;
        tsig_key_ref(task->tsig.key);
    }
    return task;
}

void dns_task_free(struct dns_task *task)
{
    if (!task)
        return;
    if (task->is_signed)
        tsig_end(&task->tsig);
    transfer_free(task->transfer);
    free(task->bytes);
    free(task->nsid);
    free(task);
}

enum dns_task_kind dns_task_kind(const struct dns_task *task)
{
    return task->kind;
}

/* ---- results ------------------------------------------------------------------------------- */

void task_result(struct dns_task *task, unsigned rcode, int ede, const char *text)
{
    task->rcode = rcode;
    task->ede = ede;
    task->ede_text[0] = '\0';
    if (text)
        strncat(task->ede_text, text, sizeof(task->ede_text) - 1);
}

void dns_task_refuse(struct dns_task *task, const char *why)
{
    transfer_free(task->transfer);
    task->transfer = NULL;
    task->has_lease = false;
    task_result(task, RCODE_SERVFAIL, EDE_NOT_READY, why);
}

/* ---- answering ------------------------------------------------------------------------------- */

/* What the OPT record of the answer says was settled when the request came in. */
static void copy_options(const struct dns_task *task, struct answer *a)
{
    const struct answer *from = &task->answer;
    a->nsid = from->nsid;
    a->nsid_size = from->nsid_size;
    a->has_cookie = from->has_cookie;
    memcpy(a->cookie, from->cookie, sizeof(a->cookie));
    a->has_keepalive = from->has_keepalive;
    a->keepalive_ms = from->keepalive_ms;
    a->has_lease = task->has_lease;
    a->lease_s = task->lease_s;
    a->key_lease_s = task->key_lease_s;
    if (a->has_cookie)
        answer_reserve(a, ANSWER_COOKIE);
}

void task_begin(struct dns_task *task, struct answer *a, uint8_t *out, size_t size)
{
    if (task->messages) { /* RFC 5936 sections 2.2.1 and 2.2.5: both may be left out there */
        task->query.question_end = HEADER_SIZE;
        task->query.has_opt = false;
    }
    answer_begin(a, &task->query, out, size < task->limit ? size : task->limit);
    if (task->is_signed && !answer_sign(a, &task->tsig, tsig_size(&task->tsig)))
        a->truncated = true;
    if (task->query.has_opt)
        copy_options(task, a);
}

size_t task_end(struct dns_task *task, struct answer *a, unsigned rcode, uint64_t wall_s)
{
    size_t size = answer_end(a, rcode);
    task->messages++;
    return a->tsig ? tsig_sign(a->tsig, wall_s, a->out, size) : size;
}

/* The one message of an UPDATE's answer, or of a transfer that does not come about. */
static size_t answer_result(struct dns_task *task, uint64_t wall_s, uint8_t *out, size_t size)
{
    struct answer a;
    if (task->messages)
        return 0;
    task_begin(task, &a, out, size);
    if (task->ede != EDE_NONE)
        answer_explain(&a, task->ede, task->ede_text);
    return task_end(task, &a, task->rcode, wall_s);
}

/* dns_respond has counted the query. */
static void count(const struct dns_task *task, struct dns_counters *c, size_t size)
{
    if (task->messages == 1)
        counter_up(&c->rcodes[task->rcode]);
    counter_add(&c->answer_bytes, size);
    counter_up(&c->sizes[dns_size_bucket(size)]);
}

size_t dns_task_next(struct dns_task *task, struct dns_worker *worker, uint64_t wall_s,
                     uint8_t *out, size_t size)
{
    size_t written = task->transfer ? transfer_next(task, worker, wall_s, out, size)
                                    : answer_result(task, wall_s, out, size);
    if (written)
        count(task, &worker->counters, written);
    return written;
}
