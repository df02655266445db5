/* A worker's desk for tasks: hands what dns_respond left to be done to the control thread
 * (tasks.h), and answers when it comes back: over UDP with one message from the socket that
 * was asked, over TCP with as many as there are (tcp.h). The worker's thread only.
 */
#ifndef DISC_SERVER_TASK_DESK_H
#define DISC_SERVER_TASK_DESK_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dns.h"
#include "server/dnstap.h"
#include "server/tasks.h"
#include "server/tcp.h"
#include "server/udp.h"

struct task_desk;

struct task_desk_options {
    struct tasks *tasks;
    unsigned worker; /* as the tasks count them */
    struct udp_batch *batch;
    struct dns_worker *dns;
    struct dnstap_tap *tap; /* may be NULL */
};

struct task_desk *task_desk_new(const struct task_desk_options *options); /* NULL: no memory */
void task_desk_free(struct task_desk *d);                                 /* accepts NULL */

/* The n-th request of the batch, received by `fd`, got no answer: takes its task, if there
 * is one. Returns the size of an answer at once, when there is no room for the task; else 0. */
size_t task_desk_udp(struct task_desk *d, int fd, unsigned n, const struct endpoint *from,
                     uint8_t *out, size_t size);
/* Likewise within tcp_answering.answer: what that returns. */
size_t task_desk_tcp(struct task_desk *d, struct tcp_server *tcp, const struct endpoint *from,
                     uint8_t *out, size_t size);

/* Answers what came back. The batch must be empty. */
void task_desk_collect(struct task_desk *d);

/* As tcp_answering.next and .end. */
size_t task_desk_next(struct task_desk *d, void *stream, uint8_t *out, size_t size);
void task_desk_end(struct task_desk *d, void *stream);

#endif
