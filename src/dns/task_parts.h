/* What a task consists of, for the parts that make and run them: respond.c (makes),
 * update.c and transfer.c (run), task.c (answers). Private to the folder. */
#ifndef DISC_DNS_TASK_PARTS_H
#define DISC_DNS_TASK_PARTS_H

#include <stdbool.h>

#include "dns/answer.h"
#include "dns/query.h"
#include "dns/task.h"
#include "dns/tsig.h"

struct transfer; /* transfer.h */

struct dns_task {
    enum dns_task_kind kind;
    uint8_t *bytes; /* the message, a copy; the query points into it */
    struct query query;
    bool is_signed;
    struct tsig tsig; /* when signed */
    struct endpoint from;
    enum dns_transport transport;
    size_t limit;         /* bytes that a message of the answer may have, signature included */
    struct answer answer; /* begun by whoever admitted the task: its options are the answer's */
    uint8_t *nsid;        /* copied: the configuration may go */
    unsigned zone;        /* its place in the configuration, as of when the task was made */

    /* The result, what dns_task_next answers when there is no more to it than this. */
    unsigned rcode; /* RCODE_NOERROR at first */
    int ede;        /* EDE_NONE at first; a code of RFC 8914 */
    char ede_text[120];
    bool has_lease; /* RFC 9664: granted */
    uint32_t lease_s, key_lease_s;
    unsigned messages; /* answered so far */

    struct transfer *transfer; /* of a transfer that runs; NULL: the result is all */
};

/* Worker, or tests: a task for the request of `a`, which is begun (room, options, and the
 * signature of `a->tsig`, whose key is counted once more). NULL when memory lacks. */
struct dns_task *task_new(enum dns_task_kind kind, const struct answer *a,
                          const struct dns_request *request, unsigned zone);

/* Sets the result; `text` is cut to what fits and may be NULL. */
void task_result(struct dns_task *task, unsigned rcode, int ede, const char *text);

/* Control thread, update.c: applies the request, all of it or nothing, and sets the result. */
void update_run(struct dns *dns, struct registry *registry, struct moment now,
                struct dns_task *task);

/* Begins a message of the answer in `out`: the first one with question and options, later
 * ones without; room for the signature is kept. Then records, then task_end. */
void task_begin(struct dns_task *task, struct answer *a, uint8_t *out, size_t size);
/* Finishes and signs it; returns its size, 0 = memory lacks. */
MUST_CHECK size_t task_end(struct dns_task *task, struct answer *a, unsigned rcode,
                           uint64_t wall_s);

#endif
