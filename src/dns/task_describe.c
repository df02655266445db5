/* What came of a task, in words for the log. */
#include <stdio.h>

#include "dns/peer_log.h"
#include "dns/task_parts.h"
#include "dns/transfer.h"

static bool describe_transfer(const struct dns_task *task, const char *zone, const char *peer,
                              char *out, size_t size)
{
    uint32_t serial, theirs;
    const char *kind = transfer_kind(task->transfer, &theirs, &serial);
    if (kind && theirs != serial)
        snprintf(out, size, "transfer of %s to %s: %s from serial %u to %u", zone, peer, kind,
                 theirs, serial);
    else if (kind)
        snprintf(out, size, "transfer of %s to %s: %s, serial %u", zone, peer, kind, serial);
    return kind;
}

bool dns_task_describe(const struct dns_task *task, char *out, size_t size)
{
    char zone[NAME_TEXT], peer[PEER_TEXT];
    peer_zone(&task->query.name, zone);
    peer_format(&task->from, task->is_signed ? &task->tsig : NULL, peer);
    if (task->transfer)
        return describe_transfer(task, zone, peer, out, size);
    if (task->rcode == RCODE_NOERROR)
        return false;
    snprintf(out, size, "%s of %s refused to %s: %s",
             task->kind == DNS_TASK_UPDATE ? "update" : "transfer", zone, peer,
             task->ede_text[0] ? task->ede_text : "a prerequisite, or its form");
    return true;
}
