/* Requests that a worker cannot answer by itself: UPDATE changes the registry, and a zone
 * transfer begins with the control thread pinning one version of the zone.
 *
 *   worker   dns_respond (checks form, signature and access) ─> dns_worker_take_task
 *   control  dns_task_run, or dns_task_refuse
 *   worker   dns_task_next, one message after the other ─> dns_task_free
 *
 * A task holds all it needs and outlives the struct dns that it began with; one thread at
 * a time has it. Part of the front header dns/dns.h. */
#ifndef DISC_DNS_TASK_H
#define DISC_DNS_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lease_clock.h"

struct dns;
struct dns_task;
struct dns_worker;
struct registry;

enum dns_task_kind { DNS_TASK_UPDATE, DNS_TASK_TRANSFER };

/* What the last dns_respond, which returned 0, left to be done; NULL = nothing. The
 * caller's. */
struct dns_task *dns_worker_take_task(struct dns_worker *worker);
enum dns_task_kind dns_task_kind(const struct dns_task *task);

/* Control thread. UPDATE: applies all of it or nothing to registry and plain records
 * (dns_publish afterwards). Transfer: pins the zone as published. Cannot fail: what goes
 * wrong is what dns_task_next answers. */
void dns_task_run(struct dns *dns, struct registry *registry, struct moment now,
                  struct dns_task *task);

/* Instead of dns_task_run or after it: the answer becomes SERVFAIL with these words (EDE
 * "not ready"), because there is no room for the task or the disk does not take it. */
void dns_task_refuse(struct dns_task *task, const char *why);

/* After either: writes the next message of the answer, at most `size` bytes; 0 = that was
 * all. Signed where the request was; `wall_s`: Unix time. Counts in the worker's counters. */
size_t dns_task_next(struct dns_task *task, struct dns_worker *worker, uint64_t wall_s,
                     uint8_t *out, size_t size);

/* What came of it, after dns_task_run or dns_task_refuse, as one line for the log: a refusal
 * ("update of disc.local refused to 192.0.2.1, key deploy: ...") or a transfer that begins.
 * False: not worth a line. */
bool dns_task_describe(const struct dns_task *task, char *out, size_t size);

void dns_task_free(struct dns_task *task); /* accepts NULL */

#endif
