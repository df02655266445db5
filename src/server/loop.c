#include "server/loop.h"

#include "http/http.h"

enum {
    URGENT,
    ORDINARY, /* what libevent gives to those that ask for none: the middle */
    PRIORITIES,
};

/* Ordinary events run for a slice; then the sockets are looked at again. */
struct event_base *loop_new(void)
{
    static const struct timeval slice = {.tv_usec = HTTP_SLICE_MS * 1000};
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config && event_config_set_max_dispatch_interval(config, &slice, -1, ORDINARY) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    if (!base || event_base_priority_init(base, PRIORITIES) == 0)
        return base;
    event_base_free(base);
    return NULL;
}

void loop_set_urgent(struct event *event, bool urgent)
{
    (void)event_priority_set(event, urgent ? URGENT : ORDINARY); /* active: keeps what it has */
}
