#include "fake.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fake_open(struct fake *f)
{
    *f = (struct fake){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(own);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&own, size), 0);
    assert_int_equal(getsockname(f->fd, (struct sockaddr *)&own, &size), 0);
    snprintf(f->text, sizeof(f->text), "127.0.0.1:%u", ntohs(own.sin_port));
}

static void note(void *context, const struct disc_event *e)
{
    struct stage *s = context;
    assert_true(s->event_count < EVENTS_MAX);
    struct event_seen *seen = &s->events[s->event_count++];
    *seen = (struct event_seen){
        .kind = e->kind, .handle = e->handle, .code = e->code, .retry_ms = e->retry_ms};
    snprintf(seen->server, sizeof(seen->server), "%s", e->server);
    snprintf(seen->instance, sizeof(seen->instance), "%s", e->instance);
    snprintf(seen->words, sizeof(seen->words), "%s", e->words);
}

void stage_open(struct stage *s, unsigned servers, const struct disc_options *options)
{
    static const struct disc_options defaults = DISC_OPTIONS_INIT;
    struct disc_options own = options ? *options : defaults;
    *s = (struct stage){.now = 1000, .server_count = servers};
    unsetenv("POD_IP");
    own.seed = 7;
    own.event = note;
    own.context = s;
    s->d = disc_new(&own);
    assert_non_null(s->d);
    for (unsigned i = 0; i < servers; i++) {
        fake_open(&s->servers[i]);
        assert_int_equal(disc_add_server(s->d, s->servers[i].text), DISC_OK);
    }
}

void stage_close(struct stage *s)
{
    disc_free(s->d);
    for (unsigned i = 0; i < s->server_count; i++)
        close(s->servers[i].fd);
}

int stage_register(struct stage *s, const char *service, const char *ports)
{
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = service;
    spec.ports = ports;
    int handle = disc_register(s->d, &spec);
    assert_true(handle > 0);
    return handle;
}

void pass(struct stage *s, uint64_t ms)
{
    s->now += ms;
    disc_process(s->d, s->now);
}

static bool receive(struct fake *f)
{
    socklen_t size = sizeof(f->peer);
    ssize_t n =
        recvfrom(f->fd, f->last, sizeof(f->last) - 1, 0, (struct sockaddr *)&f->peer, &size);
    if (n < 0)
        return false;
    f->last[n] = 0;
    const char *number = strstr(f->last, " n=");
    f->n = number ? strtoull(number + 3, NULL, 10) : 0;
    return true;
}

const char *request(struct stage *s, unsigned server)
{
    static char shown[DISC_DATAGRAM_MAX + 1];
    struct fake *f = &s->servers[server];
    if (!receive(f))
        fail_msg("server %u: there is no request", server);
    size_t n = strlen(f->last);
    assert_true(n > 0 && f->last[n - 1] == '\n');
    const char *id = strstr(f->last, " id=");
    assert_non_null(id);
    id += 4;
    assert_int_equal(strcspn(id, " \n"), 16);
    memcpy(f->id, id, 16);
    snprintf(shown, sizeof(shown), "%.*s*%.*s", (int)(id - f->last), f->last,
             (int)(n - 1 - (size_t)(id + 16 - f->last)), id + 16);
    return shown;
}

void assert_quiet(struct stage *s, unsigned server)
{
    if (receive(&s->servers[server]))
        fail_msg("server %u: unexpected request %s", server, s->servers[server].last);
}

void answer_raw(struct fake *f, const char *text)
{
    char bytes[DISC_DATAGRAM_MAX + 1];
    const char *star = strchr(text, '*');
    if (star)
        snprintf(bytes, sizeof(bytes), "%.*s%s%s", (int)(star - text), text, f->id, star + 1);
    else
        snprintf(bytes, sizeof(bytes), "%s", text);
    ssize_t n =
        sendto(f->fd, bytes, strlen(bytes), 0, (struct sockaddr *)&f->peer, sizeof(f->peer));
    assert_int_equal(n, strlen(bytes));
}

void answer(struct stage *s, unsigned server, const char *text)
{
    answer_raw(&s->servers[server], text);
    disc_process(s->d, s->now);
}

const struct event_seen *event(struct stage *s, enum disc_event_kind kind)
{
    if (s->events_looked_at == s->event_count)
        fail_msg("there is no event");
    const struct event_seen *seen = &s->events[s->events_looked_at++];
    assert_int_equal(seen->kind, kind);
    return seen;
}

void assert_no_event(struct stage *s)
{
    if (s->events_looked_at != s->event_count)
        fail_msg("unexpected event: %s", s->events[s->events_looked_at].words);
}

int stage_open_registered(struct stage *s, const struct disc_options *options)
{
    stage_open(s, 1, options);
    int handle = stage_register(s, "web", "8080");
    pass(s, 0);
    assert_request(s, 0, REG);
    answer(s, 0, REG_OK);
    assert_string_equal(event(s, DISC_EVENT_REGISTERED)->instance, "web-1");
    return handle;
}
