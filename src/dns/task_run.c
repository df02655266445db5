/* The control thread's half of a task. */
#include "dns/task_parts.h"
#include "dns/transfer.h"

void dns_task_run(struct dns *dns, struct registry *registry, struct moment now,
                  struct dns_task *task)
{
    if (task->kind == DNS_TASK_UPDATE)
        update_run(dns, registry, now, task);
    else
        transfer_run(dns, task);
}
