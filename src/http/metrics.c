/* GET /metrics: what everything counts, in Prometheus' text format, or in OpenMetrics' when
 * that is asked for. Part by part, each a few kB. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>

#include "http/reply.h"
#include "http/stream.h"

struct metrics_reply {
    const struct http_backend *backend;
    unsigned part;
    bool open_metrics;
};

static enum piece end(const struct metrics_reply *m, struct evbuffer *out)
{
    static const char mark[] = "# EOF\n"; /* OpenMetrics: a text without it was cut off */

    if (m->open_metrics && evbuffer_add(out, mark, sizeof(mark) - 1) != 0)
        return PIECE_FAILED;
    return PIECE_END;
}

static enum piece next_part(void *state, struct evbuffer *out)
{
    struct metrics_reply *m = state;

    enum err err = m->backend->metrics(m->backend->context, m->part++, m->open_metrics, out);

    if (err == ERR_NOT_FOUND)
        return end(m, out);
    return err ? PIECE_FAILED : PIECE_MORE;
}

/* Whoever names OpenMetrics in Accept prefers it: nobody else names it. */
static bool wants_open_metrics(struct call *call)
{
    const char *accept =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Accept");

    return accept && strstr(accept, "application/openmetrics-text");
}

void metrics_get(struct call *call)
{
    static const struct stream_source source = {.next = next_part, .free = free};
    struct metrics_reply *m = calloc(1, sizeof(*m));

    if (!m) {
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
        return;
    }
    m->backend = &call->http->backend;
    m->open_metrics = wants_open_metrics(call);
    reply_header(call->request, "Content-Type",
                 m->open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                 : "text/plain; version=0.0.4; charset=utf-8");
    stream_open(call, &source, m, sizeof(*m));
}
