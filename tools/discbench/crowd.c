#include "crowd_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interrupt.h"
#include "place.h"

enum {
    EVENTS = 256,
    SUBSCRIBE_MS = 20000, /* for all of them */
    DRAIN_MS = 10000,     /* for what is still under way: the server tries for 7.5 s */
};

static void keep_cookie(struct crowd *c, const char *text)
{
    const char *at = strstr(text, " ck=");
    size_t n = at ? strcspn(at + 4, " \n") : 0;
    if (n && n <= COOKIE_SIZE)
        snprintf(c->cookie, sizeof(c->cookie), "%.*s", (int)n, at + 4);
}

/* ---- what comes ----------------------------------------------------------------------------- */

static void note_seen(struct crowd *c, uint32_t number, uint32_t change, uint64_t now)
{
    size_t place = (size_t)change * c->config.subscribers + number;
    if (change >= c->change_count || c->seen[place])
        return;
    c->seen[place] = 1;
    histogram_add(&c->result->push, now - c->changes[change].at_ns);
    if (now > c->changes[change].last_ns)
        c->changes[change].last_ns = now;
    c->changes[change].seen++;
    c->result->seen++;
}

/* Which of this run's changes an instance is; UINT32_MAX = none. */
static uint32_t change_of(const struct crowd *c, const char *id)
{
    char *end;
    if (*id != 'w' || strtoul(id + 1, &end, 16) != c->run || *end != '-')
        return UINT32_MAX;
    return (uint32_t)strtoul(end + 1, NULL, 10);
}

/* The lines "+ID ..." and "=ID ..." of a push. */
static void read_items(struct crowd *c, uint32_t number, const char *text, uint64_t now)
{
    for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
        if (line[1] == '+' || line[1] == '=')
            note_seen(c, number, change_of(c, line + 2), now);
    }
}

static void note_whole(struct crowd *c, struct subscriber *s, const char *text, uint64_t now)
{
    const char *fragment = strstr(text, " frag="), *end = strchr(text, '\n');
    unsigned which = 1, count = 1;
    if (fragment && fragment < end)
        (void)sscanf(fragment, " frag=%u/%u", &which, &count);
    s->fragments |= (uint64_t)1 << ((which - 1) & 63);
    if (s->whole || s->fragments != UINT64_MAX >> ((64 - count) & 63))
        return;
    s->whole = true;
    c->result->subscribed++;
    c->result->subscribed_ns = now;
}

static void on_push(struct crowd *c, uint32_t number, const char *text, uint64_t now)
{
    struct subscriber *s = &c->subscribers[number];
    uint64_t seq = crowd_number(text, " seq="), before = c->result->seen;
    crowd_acknowledge(c, number, text);
    c->result->pushes++;
    read_items(c, number, text, now);
    if (crowd_number(text, " full=") == 1)
        note_whole(c, s, text, now);
    else if (seq <= s->seq && c->result->seen == before)
        c->result->repeated++;
    if (seq > s->seq)
        s->seq = seq;
}

/* One datagram and when it arrived at the socket: so what the other subscribers of this
 * process cost does not count. */
static bool receive(int fd, char text[DATAGRAM + 1], uint64_t *arrived)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {text, DATAGRAM};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(fd, &message, 0);
    if (n <= 0)
        return false;
    text[n] = 0;
    *arrived = crowd_clock_ns();
    for (struct cmsghdr *m = CMSG_FIRSTHDR(&message); m; m = CMSG_NXTHDR(&message, m)) {
        struct timespec at;
        if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&at, CMSG_DATA(m), sizeof(at));
        *arrived = crowd_ns_of(at);
    }
    return true;
}

static void hear_subscriber(struct crowd *c, uint32_t number)
{
    char text[DATAGRAM + 1];
    uint64_t arrived;
    if (!receive(c->subscribers[number].fd, text, &arrived))
        return;
    if (strncmp(text, "disc/1 push ", 12) == 0) {
        on_push(c, number, text, arrived);
    } else if (strncmp(text, "disc/1 chal ", 12) == 0) {
        keep_cookie(c, text);
        crowd_subscribe(c, number);
    } else if (strncmp(text, "disc/1 ok ", 10) == 0) {
        c->subscribers[number].answered = true;
        c->subscribers[number].number = crowd_number(text, " sub=");
    } else if (strncmp(text, "disc/1 err ", 11) == 0 && c->refused_total++ == 0) {
        fprintf(stderr, "discbench: a subscription was refused: %s", text);
    }
}

static void hear_reply(struct crowd *c, const char *text, uint64_t now)
{
    const char *id = strstr(text, " id=r");
    uint64_t change = id ? strtoull(id + 5, NULL, 10) : UINT64_MAX;
    if (change >= c->change_count || c->changes[change].replied)
        return;
    if (strncmp(text, "disc/1 chal ", 12) == 0) {
        keep_cookie(c, text);
        crowd_send_change(c, (uint32_t)change);
        return;
    }
    c->changes[change].replied = true;
    if (strncmp(text, "disc/1 ok ", 10) != 0) {
        if (c->result->refused++ == 0)
            fprintf(stderr, "discbench: a registration was refused: %s", text);
        return;
    }
    histogram_add(&c->result->reply, now - c->changes[change].at_ns);
}

static void hear_sender(struct crowd *c)
{
    char text[DATAGRAM + 1];
    for (ssize_t n; (n = recv(c->sender, text, DATAGRAM, 0)) > 0;) {
        text[n] = 0;
        hear_reply(c, text, crowd_clock_ns());
    }
}

/* The program's list changed. */
static void look(void *context, const struct disc_watch_event *event)
{
    struct crowd *c = context;
    struct disc_list list;
    uint64_t now = crowd_clock_ns();
    if (event->kind != DISC_WATCH_CHANGED ||
        disc_get(c->d, event->watch, disc_now_ms(), &list) != DISC_OK)
        return;
    for (size_t i = 0; i < list.count; i++) {
        uint32_t change = change_of(c, list.instances[i].id);
        if (change >= c->change_count || c->changes[change].visible)
            continue;
        c->changes[change].visible = true;
        histogram_add(&c->result->visible, now - c->changes[change].at_ns);
    }
}

/* ---- the loop ---------------------------------------------------------------------------------
 */

/* What is registered with epoll: a subscriber's number, or one of these. */
enum { THE_SENDER = CROWD_SUBSCRIBERS_MAX, THE_PROGRAM };

static void hear(struct crowd *c, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int own = disc_timeout_ms(c->d, disc_now_ms());
    if (own >= 0 && own < wait_ms)
        wait_ms = own;
    int n = epoll_wait(c->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < n; i++) {
        if (events[i].data.u32 == THE_SENDER)
            hear_sender(c);
        else if (events[i].data.u32 != THE_PROGRAM)
            hear_subscriber(c, events[i].data.u32);
    }
    disc_process(c->d, disc_now_ms());
    if (!c->result->stopped)
        c->result->stopped = interrupt_take();
}

static bool is_over(uint64_t since_ns, unsigned ms)
{
    return crowd_clock_ns() - since_ns >= (uint64_t)ms * 1000000;
}

/* A few at a time, so that the server's and our buffers hold them. */
static bool subscribe_all(struct crowd *c)
{
    enum { AT_ONCE = 100 };
    uint64_t begun = crowd_clock_ns();
    uint32_t first = 0;
    while (c->result->subscribed < c->config.subscribers && !c->result->stopped &&
           !is_over(begun, SUBSCRIBE_MS)) {
        for (uint32_t i = 0; i < AT_ONCE && first < c->config.subscribers; i++, first++)
            crowd_subscribe(c, first);
        hear(c, first < c->config.subscribers ? 0 : 50);
        for (uint32_t i = 0; i < first; i++) {
            if (!c->subscribers[i].answered && is_over(c->subscribers[i].asked_ns, AGAIN_MS))
                crowd_subscribe(c, i);
        }
    }
    c->result->subscribed_ns =
        c->result->subscribed ? c->result->subscribed_ns - begun : crowd_clock_ns() - begun;
    if (c->result->subscribed == c->config.subscribers || c->result->stopped)
        return true;
    fprintf(stderr,
            "discbench: only %" PRIu32 " of %" PRIu32 " subscribed: does discd run at %s?\n",
            c->result->subscribed, c->config.subscribers, c->config.server);
    return c->result->subscribed > 0;
}

/* A registration without an answer; the newest are the ones that may be. */
static void send_again(struct crowd *c)
{
    uint64_t now = crowd_clock_ns();
    for (uint32_t i = c->change_count > 1000 ? c->change_count - 1000 : 0; i < c->change_count;
         i++) {
        if (!c->changes[i].replied && c->changes[i].again_ns <= now)
            crowd_send_change(c, i);
    }
}

static uint64_t subscribers_of(const struct crowd *c, uint32_t service)
{
    uint32_t all = c->config.subscribers, services = c->config.services;
    return all / services + (service < all % services);
}

/* Everybody has seen, and every reply is there. */
static bool is_complete(const struct crowd *c)
{
    const struct crowd_result *r = c->result;
    return r->seen == r->expected && r->reply.total + r->refused == c->change_count &&
           r->visible.total >= c->change_count / c->config.services;
}

static void make_changes(struct crowd *c)
{
    uint64_t begun = crowd_clock_ns();
    double gap_ns = 1e9 / c->config.rate;
    uint32_t total = (uint32_t)(c->config.rate * c->config.seconds);
    if (total > CROWD_CHANGES_MAX)
        total = CROWD_CHANGES_MAX;
    while (c->change_count < total && !c->result->stopped) {
        uint64_t due = begun + (uint64_t)(gap_ns * c->change_count), now = crowd_clock_ns();
        if (now >= due) {
            c->result->expected += subscribers_of(c, crowd_service_of(c, c->change_count));
            crowd_send_change(c, c->change_count++);
        }
        send_again(c);
        uint64_t left = due > now ? (due - now) / 1000000 : 0;
        hear(c, left > 100 ? 100 : (int)left);
    }
    for (begun = crowd_clock_ns();
         !c->result->stopped && !is_complete(c) && !is_over(begun, DRAIN_MS);) {
        send_again(c);
        hear(c, 50);
    }
}

static void add_up(struct crowd *c)
{
    c->result->changes = c->change_count;
    for (uint32_t i = 0; i < c->change_count; i++) {
        if (c->changes[i].seen == subscribers_of(c, crowd_service_of(c, i)))
            histogram_add(&c->result->last, c->changes[i].last_ns - c->changes[i].at_ns);
    }
}

/* ---- begin and end ----------------------------------------------------------------------------
 */

static bool listen_to(struct crowd *c, int fd, uint32_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    return fd >= 0 && epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_program(struct crowd *c)
{
    struct disc_watch_spec spec = {.service = "bench-watch-0", .changed = look, .context = c};
    struct pollfd fd;
    c->d = disc_new(NULL);
    return c->d && disc_add_server(c->d, c->config.server) == DISC_OK &&
           (c->watch = disc_watch(c->d, &spec)) > 0 && disc_pollfds(c->d, &fd, 1) == 1 &&
           listen_to(c, fd.fd, THE_PROGRAM);
}

static bool open_sockets(struct crowd *c)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    for (uint32_t i = 0; i < c->config.subscribers; i++) {
        c->subscribers[i].fd = place_open("server", c->config.server, c->config.remote);
        c->subscribers[i].service = i % c->config.services;
        (void)setsockopt(c->subscribers[i].fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
        if (!listen_to(c, c->subscribers[i].fd, i))
            return false;
    }
    c->sender = place_open("server", c->config.server, c->config.remote);
    return listen_to(c, c->sender, THE_SENDER) && open_program(c);
}

static bool crowd_new(struct crowd *c, const struct crowd_config *config)
{
    *c = (struct crowd){.config = *config, .epoll = epoll_create1(EPOLL_CLOEXEC), .sender = -1};
    c->run = (uint32_t)(crowd_clock_ns() >> 16) ^ (uint32_t)getpid();
    size_t changes = (size_t)(config->rate * config->seconds) + 1;
    c->subscribers = calloc(config->subscribers, sizeof(*c->subscribers));
    c->changes = calloc(changes, sizeof(*c->changes));
    c->seen = calloc(changes, config->subscribers);
    for (uint32_t i = 0; c->subscribers && i < config->subscribers; i++)
        c->subscribers[i].fd = -1;
    return c->epoll >= 0 && c->subscribers && c->changes && c->seen;
}

static void crowd_free(struct crowd *c)
{
    for (uint32_t i = 0; c->subscribers && i < c->config.subscribers; i++) {
        if (c->subscribers[i].fd >= 0)
            close(c->subscribers[i].fd);
    }
    disc_free(c->d);
    if (c->sender >= 0)
        close(c->sender);
    if (c->epoll >= 0)
        close(c->epoll);
    free(c->subscribers);
    free(c->changes);
    free(c->seen);
}

bool crowd_run(const struct crowd_config *config, struct crowd_result *out)
{
    struct crowd c;
    *out = (struct crowd_result){0};
    bool ready = crowd_new(&c, config);
    c.result = out;
    if (ready)
        ready = open_sockets(&c);
    if (!ready)
        fprintf(stderr, "discbench: no room for so many subscribers\n");
    if (ready && (ready = subscribe_all(&c))) {
        make_changes(&c);
        add_up(&c);
        crowd_clean(&c);
    }
    crowd_free(&c);
    return ready;
}
