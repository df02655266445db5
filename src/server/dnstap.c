#include "server/dnstap.h"

#include <errno.h>
#include <fcntl.h>
#include <fstrm.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "server/dnstap.pb-c.h"
#include "server/path_check.h"

#define CONTENT_TYPE "protobuf:dnstap.Dnstap"
#define QUEUE_SIZE 4096 /* frames of one worker that wait; a power of two */
#define REOPEN_S 2      /* how often a reader that is away is looked for */
#define STOP_S 2        /* what a reader has to take what is queued, at the end */
#define VERSION "discd " DISC_VERSION

struct dnstap_tap {
    _Alignas(64) struct dnstap *owner; /* no two workers count on one line */
    struct fstrm_iothr_queue *queue;
    struct dnstap_counters counters;
};

struct dnstap {
    struct fstrm_iothr *thread;
    char *identity; /* NULL = none */
    bool queries, responses;
    struct dnstap_tap *taps;
    unsigned count;
};

/* ---- frames ------------------------------------------------------------------------------ */

static ProtobufCBinaryData bytes_of(const void *data, size_t size)
{
    return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data}; /* it only reads */
}

static void submit(struct dnstap_tap *tap, const Tap__Exchange *exchange, struct counter *sent)
{
    const struct dnstap *d = tap->owner;
    Tap__Frame frame = TAP__FRAME__INIT;
    frame.kind = TAP__FRAME__KIND__MESSAGE;
    frame.message = (Tap__Exchange *)(uintptr_t)exchange;
    frame.has_version = true;
    frame.version = bytes_of(VERSION, strlen(VERSION));
    if (d->identity) {
        frame.has_identity = true;
        frame.identity = bytes_of(d->identity, strlen(d->identity));
    }
    size_t size = tap__frame__get_packed_size(&frame);
    uint8_t *bytes = malloc(size);
    if (bytes) {
        tap__frame__pack(&frame, bytes);
        if (fstrm_iothr_submit(d->thread, tap->queue, bytes, size, fstrm_free_wrapper, NULL) ==
            fstrm_res_success) {
            counter_up(sent);
            return;
        }
    }
    free(bytes);
    counter_up(&tap->counters.dropped);
}

static Tap__Exchange exchange_of(Tap__Exchange__Kind kind, enum dns_transport transport,
                                 const struct endpoint *from)
{
    Tap__Exchange e = TAP__EXCHANGE__INIT;
    bool v4 = from->addr.family == FAMILY_V4;
    e.kind = kind;
    e.has_family = e.has_transport = e.has_query_address = e.has_query_port = true;
    e.family = v4 ? TAP__EXCHANGE__FAMILY__INET : TAP__EXCHANGE__FAMILY__INET6;
    e.transport =
        transport == DNS_UDP ? TAP__EXCHANGE__TRANSPORT__UDP : TAP__EXCHANGE__TRANSPORT__TCP;
    e.query_address = bytes_of(from->addr.bytes, v4 ? 4 : 16);
    e.query_port = from->port;
    return e;
}

void dnstap_copy_query(struct dnstap_tap *tap, enum dns_transport transport,
                       const struct endpoint *from, const uint8_t *message, size_t size)
{
    struct timespec now;
    if (!tap->owner->queries)
        return;
    Tap__Exchange e = exchange_of(TAP__EXCHANGE__KIND__AUTH_QUERY, transport, from);
    clock_gettime(CLOCK_REALTIME, &now);
    e.has_query_time_sec = e.has_query_time_nsec = e.has_query_message = true;
    e.query_time_sec = (uint64_t)now.tv_sec;
    e.query_time_nsec = (uint32_t)now.tv_nsec;
    e.query_message = bytes_of(message, size);
    submit(tap, &e, &tap->counters.queries);
}

void dnstap_copy_response(struct dnstap_tap *tap, enum dns_transport transport,
                          const struct endpoint *from, const uint8_t *message, size_t size)
{
    struct timespec now;
    if (!tap->owner->responses)
        return;
    Tap__Exchange e = exchange_of(TAP__EXCHANGE__KIND__AUTH_RESPONSE, transport, from);
    clock_gettime(CLOCK_REALTIME, &now);
    e.has_response_time_sec = e.has_response_time_nsec = e.has_response_message = true;
    e.response_time_sec = (uint64_t)now.tv_sec;
    e.response_time_nsec = (uint32_t)now.tv_nsec;
    e.response_message = bytes_of(message, size);
    submit(tap, &e, &tap->counters.responses);
}

/* ---- life -------------------------------------------------------------------------------- */

static struct fstrm_writer *socket_writer(const char *path, const struct fstrm_writer_options *w)
{
    struct fstrm_unix_writer_options *o = fstrm_unix_writer_options_init();
    if (!o)
        return NULL;
    fstrm_unix_writer_options_set_socket_path(o, path);
    struct fstrm_writer *writer = fstrm_unix_writer_init(o, w);
    fstrm_unix_writer_options_destroy(&o);
    return writer;
}

static struct fstrm_writer *file_writer(const char *path, const struct fstrm_writer_options *w)
{
    struct fstrm_file_options *o = fstrm_file_options_init();
    if (!o)
        return NULL;
    fstrm_file_options_set_file_path(o, path);
    struct fstrm_writer *writer = fstrm_file_writer_init(o, w);
    fstrm_file_options_destroy(&o);
    return writer;
}

static struct fstrm_writer *new_writer(const struct config_dnstap *config)
{
    struct fstrm_writer_options *w = fstrm_writer_options_init();
    if (!w)
        return NULL;
    fstrm_writer_options_add_content_type(w, CONTENT_TYPE, strlen(CONTENT_TYPE));
    struct fstrm_writer *writer =
        config->socket[0] ? socket_writer(config->socket, w) : file_writer(config->file, w);
    fstrm_writer_options_destroy(&w);
    return writer;
}

/* Signals are the control thread's: libfstrm's inherits a mask that blocks them all. */
static struct fstrm_iothr *new_thread(struct fstrm_writer **writer, unsigned workers)
{
    sigset_t all, before;
    struct fstrm_iothr_options *o = fstrm_iothr_options_init();
    if (!o)
        return NULL;
    fstrm_iothr_options_set_num_input_queues(o, workers);
    fstrm_iothr_options_set_input_queue_size(o, QUEUE_SIZE);
    fstrm_iothr_options_set_queue_model(o, FSTRM_IOTHR_QUEUE_MODEL_SPSC);
    fstrm_iothr_options_set_reopen_interval(o, REOPEN_S);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct fstrm_iothr *thread = fstrm_iothr_init(o, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    fstrm_iothr_options_destroy(&o);
    return thread;
}

static enum err connect_taps(struct dnstap *d, unsigned workers)
{
    size_t size = workers * sizeof *d->taps;
    d->taps = aligned_alloc(_Alignof(struct dnstap_tap), size);
    if (!d->taps)
        return ERR_MEMORY;
    for (; d->count < workers; d->count++) {
        struct dnstap_tap *tap = &d->taps[d->count];
        *tap = (struct dnstap_tap){.owner = d};
        tap->queue = fstrm_iothr_get_input_queue_idx(d->thread, d->count);
        if (!tap->queue)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* libfstrm would try for ever without a word. */
static enum err check_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0) {
        log_error("dnstap: %s cannot be written: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    close(fd);
    return ERR_OK;
}

/* 0, or the error number of connecting. */
static int try_socket(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path)
        return ENAMETOOLONG;
    memcpy(sa.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa) ? errno : 0;
    if (fd >= 0)
        close(fd);
    return error == EAGAIN ? 0 : error; /* somebody listens who is busy */
}

static void look_for_reader(const char *path)
{
    int error = try_socket(path);
    if (error)
        log_warn("dnstap: no reader at %s yet: %s; it is looked for every %d s", path,
                 strerror(error), REOPEN_S);
}

enum err dnstap_check(const struct config_dnstap *config)
{
    bool file = config->file[0];
    return path_check("dnstap", file ? config->file : config->socket, file);
}

enum err dnstap_start(const struct config_dnstap *config, unsigned workers, struct dnstap **out)
{
    enum err err = config->file[0] ? check_file(config->file) : ERR_OK;
    struct dnstap *d = err ? NULL : calloc(1, sizeof *d);
    if (!d)
        return err ? err : ERR_MEMORY;
    d->queries = config->queries;
    d->responses = config->responses;
    d->identity = config->identity ? strdup(config->identity) : NULL;
    struct fstrm_writer *writer = new_writer(config);
    d->thread = writer ? new_thread(&writer, workers) : NULL;
    fstrm_writer_destroy(&writer);
    if (!d->thread || (config->identity && !d->identity) || connect_taps(d, workers)) {
        dnstap_stop(d);
        return ERR_MEMORY;
    }
    if (config->socket[0])
        look_for_reader(config->socket);
    *out = d;
    return ERR_OK;
}

static void *destroy(void *context)
{
    struct fstrm_iothr *thread = context;
    fstrm_iothr_destroy(&thread);
    return NULL;
}

/* libfstrm's thread may hang in a write to a reader that does not read: then both are left
 * behind, for the end of the process. */
static void end_thread(struct fstrm_iothr *thread)
{
    struct timespec until;
    sigset_t all, before;
    pthread_t helper;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&helper, NULL, destroy, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_S;
    if (failed || pthread_timedjoin_np(helper, NULL, &until) == 0)
        return;
    pthread_detach(helper);
    log_warn("dnstap: the reader takes nothing: what was queued for it is lost");
}

void dnstap_stop(struct dnstap *d)
{
    if (!d)
        return;
    if (d->thread)
        end_thread(d->thread);
    free(d->taps);
    free(d->identity);
    free(d);
}

struct dnstap_tap *dnstap_tap(struct dnstap *d, unsigned worker)
{
    return d ? &d->taps[worker] : NULL;
}

const struct dnstap_counters *dnstap_counters(const struct dnstap_tap *tap)
{
    return &tap->counters;
}
