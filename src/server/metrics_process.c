/* Metrics of the process and of what stands beside the registry: store, HTTP, probes. */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/metrics.h"
#include "server/tls.h"

/* Before Linux 6.2 descriptors have to be listed to be counted, which takes about 1 us each. */
enum { LISTED_MAX = 1000 };

/* ---- store ---------------------------------------------------------------------------------- */

static void commits(const struct committer_counters *c, struct metrics *m)
{
    uint64_t counts[COMMITTER_BUCKETS] = {0};
    double bounds[COMMITTER_BUCKETS];
    for (unsigned i = 0; i < COMMITTER_BUCKETS; i++) {
        counts[i] = c ? counter_get(&c->latency[i]) : 0;
        bounds[i] = (double)committer_bucket_us(i) / 1e6;
    }
    metric_histogram(m, "discd_store_commit_duration_seconds",
                     "How long it took until a group of changes was on disk.", counts, bounds,
                     COMMITTER_BUCKETS, c ? (double)counter_get(&c->latency_us) / 1e6 : 0);
    metric_one(m, "discd_store_changes_total", METRIC_COUNTER, "Changes that were stored.",
               c ? counter_get(&c->changes) : 0);
    metric_one(m, "discd_store_commit_failures_total", METRIC_COUNTER,
               "Groups of changes that could not be stored; each is tried again.",
               c ? counter_get(&c->failures) : 0);
}

void metrics_store(const struct server *s, struct metrics *m)
{
    const struct durable_state *state = durable_state(s->durable);
    struct durable_report r = durable_report(s->durable);
    commits(r.counters, m);
    metric_one(m, "discd_store_on_disk", METRIC_GAUGE,
               "1 when changes are stored, 0 with memory only.", durable_on_disk(s->durable));
    metric_one(m, "discd_store_failing", METRIC_GAUGE, "1 while the last commit failed.",
               state->fault.err != ERR_OK);
    metric_one(m, "discd_store_readonly", METRIC_GAUGE,
               "1 while nothing new is taken because it could not be stored.", state->readonly);
    metric_one(m, "discd_store_queued_changes", METRIC_GAUGE, "Changes that are not on disk yet.",
               state->waiting);
    metric_one(m, "discd_store_held_replies", METRIC_GAUGE, "Replies that wait for the disk.",
               control_held_replies(s->control));
    metric_one(m, "discd_store_entries", METRIC_GAUGE, "Entries of the store.", r.entries);
    metric_one(m, "discd_store_file_bytes", METRIC_GAUGE, "Size of its file.", r.file_bytes);
    metric_one(m, "discd_store_damaged_entries", METRIC_GAUGE,
               "Entries that were left out at the start because they were damaged.",
               r.restored.damaged);
}

/* ---- HTTP, probes --------------------------------------------------------------------------- */

void metrics_http(const struct server *s, struct metrics *m)
{
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const struct http_counters *c = http_counters(s->http_api);
    metric_one(m, "discd_http_requests_total", METRIC_COUNTER, "HTTP requests.",
               counter_get(&c->requests));
    metric(m, "discd_http_responses_total", METRIC_COUNTER,
           "HTTP replies that were begun, by the class of their status.");
    for (unsigned i = 0; i < ARRAY_COUNT(classes); i++)
        metric_value(m, "status", text_of(classes[i]), counter_get(&c->statuses[i]));
    metric_one(m, "discd_http_connections", METRIC_GAUGE, "HTTP connections that are open.",
               s->http_listener ? http_listener_connections(s->http_listener) : 0);
    metric_one(m, "discd_http_connections_refused_total", METRIC_COUNTER,
               "HTTP connections that were closed at once, for there were too many.",
               s->http_listener ? http_listener_refused(s->http_listener) : 0);
    if (s->config->http_tls)
        metric_one_real(m, "discd_http_certificate_expiry_timestamp_seconds", METRIC_GAUGE,
                        "When the certificate of http.tls ends, in seconds since unix epoch.",
                        (double)tls_expires_s(s->config->http_tls));
    metric_one(m, "discd_http_watchers", METRIC_GAUGE,
               "HTTP requests that wait for a change, and event streams.",
               http_watchers(s->http_api));
}

/* By kind, of a member of audit_status(). */
static void audit_lines(const json_t *kinds, struct metrics *m)
{
    const char *kind;
    json_t *n;
    json_object_foreach((json_t *)(uintptr_t)kinds, kind, n)
    {
        metric_value(m, "kind", text_of(kind), (uint64_t)json_integer_value(n));
    }
}

void metrics_audit(const struct server *s, struct metrics *m)
{
    json_t *status = audit_status(s->audit);
    if (!status)
        m->failed = true;
    metric(m, "discd_audit_lines_total", METRIC_COUNTER, "Lines of the audit log.");
    audit_lines(json_object_get(status, "lines"), m);
    metric(m, "discd_audit_left_out_total", METRIC_COUNTER,
           "Lines that were left out because there were too many at once.");
    audit_lines(json_object_get(status, "left_out"), m);
    metric_one(m, "discd_audit_failures_total", METRIC_COUNTER, "Lines that could not be written.",
               (uint64_t)json_integer_value(json_object_get(status, "failures")));
    json_decref(status);
}

void metrics_probes(const struct server *s, struct metrics *m)
{
    const struct prober_counters *n = prober_counters(s->prober);
    metric(m, "discd_probes_total", METRIC_COUNTER,
           "Looks at late instances: alive, refused (evicted), unknown, skipped.");
    metric_value(m, "result", TEXT("alive"), n->alive);
    metric_value(m, "result", TEXT("refused"), n->refused);
    metric_value(m, "result", TEXT("unknown"), n->unknown);
    metric_value(m, "result", TEXT("skipped"), n->skipped);
    metric_one(m, "discd_probes_in_progress", METRIC_GAUGE, "Such looks under way.",
               prober_under_way(s->prober));
}

/* ---- threads --------------------------------------------------------------------------------- */

static void thread_cpu(const struct server *s, struct metrics *m)
{
    metric(m, "discd_thread_cpu_seconds_total", METRIC_COUNTER,
           "Processor time of a thread: control, store, and each DNS worker.");
    metric_real(m, "thread", TEXT("control"), (double)clock_thread_cpu_us(pthread_self()) / 1e6);
    metric_real(m, "thread", TEXT("store"), (double)durable_report(s->durable).cpu_us / 1e6);
    for (size_t i = 0; i < s->worker_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "worker-%zu", i);
        metric_real(m, "thread", text_of(name), (double)worker_cpu_us(s->workers[i]) / 1e6);
    }
}

void metrics_threads(const struct server *s, struct metrics *m)
{
    thread_cpu(s, m);
    metric(m, "discd_dns_worker_datagrams_total", METRIC_COUNTER,
           "Datagrams that a DNS worker received.");
    for (size_t i = 0; i < s->worker_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%zu", i);
        metric_value(m, "worker", text_of(name),
                     counter_get(&worker_udp_counters(s->workers[i])->received));
    }
}

/* ---- the process ----------------------------------------------------------------------------- */

/* Of /proc/self/statm, in pages: all, and what is in memory. */
static void memory(struct metrics *m)
{
    unsigned long long size = 0, resident = 0, page = (unsigned long long)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    bool known = file && fscanf(file, "%llu %llu", &size, &resident) == 2;
    if (file)
        fclose(file);
    if (!known)
        return;
    metric_one(m, "process_virtual_memory_bytes", METRIC_GAUGE, "Virtual memory size in bytes.",
               size * page);
    metric_one(m, "process_resident_memory_bytes", METRIC_GAUGE, "Resident memory size in bytes.",
               resident * page);
}

/* -1 = not known, or too many to be counted in passing. */
static long open_descriptors(void)
{
    struct stat status;
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
        return (long)status.st_size; /* since Linux 6.2 */
    DIR *folder = opendir("/proc/self/fd");
    long n = 0;
    while (folder && n <= LISTED_MAX && readdir(folder))
        n++;
    if (!folder || n > LISTED_MAX)
        n = -1;
    else
        n -= 3; /* "." and "..", and the one we read */
    if (folder)
        closedir(folder);
    return n;
}

static void descriptors(struct metrics *m)
{
    struct rlimit limit;
    long n = open_descriptors();
    if (n >= 0)
        metric_one(m, "process_open_fds", METRIC_GAUGE, "Number of open file descriptors.",
                   (uint64_t)n);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_one(m, "process_max_fds", METRIC_GAUGE, "Maximum number of open file descriptors.",
                   limit.rlim_cur);
}

void metrics_process(const struct server *s, struct metrics *m)
{
    metric(m, "discd_build_info", METRIC_GAUGE, "1, labelled with the version.");
    metric_value(m, "version", TEXT(DISC_VERSION), 1);
    metric_one_real(m, "process_start_time_seconds", METRIC_GAUGE,
                    "Start time of the process since unix epoch in seconds.",
                    (double)s->started_wall_ms / 1000);
    metric_one_real(m, "process_cpu_seconds_total", METRIC_COUNTER,
                    "Total user and system CPU time spent in seconds.",
                    (double)clock_process_cpu_us() / 1e6);
    memory(m);
    descriptors(m);
    metric_one(m, "discd_config_reloads_total", METRIC_COUNTER,
               "Configurations that were taken over while running.", s->reloads);
    metric_one(m, "discd_store_starts", METRIC_GAUGE,
               "How often a server was started with this store.", durable_boots(s->durable));
}
