#include "server/descriptors.h"

#include <sys/resource.h>

#include "base/log.h"

enum { OTHERS = 256 }; /* sockets that listen, files, workers' own */

void descriptors_raise(uint64_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit most = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &most) == 0)
            limit = most;
    }
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted + OTHERS)
        log_warn("at most %llu files may be open, but http.connections and dns.tcp.connections "
                 "together are %llu: raise the limit (LimitNOFILE=, ulimit -Hn), or lower them",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
}
