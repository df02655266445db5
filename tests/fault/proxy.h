/* Inside fault_proxy: the options, the stream of decisions, and what the two kinds of
 * transport have in common. proxy.c's comment says what it does. */
#ifndef DISC_TESTS_FAULT_PROXY_H
#define DISC_TESTS_FAULT_PROXY_H

#include <event2/event.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum proxy_way { TO_SERVER, TO_CLIENT };

struct proxy_counters {
    unsigned long came, passed, lost, doubled, held_back, cut, over;
};

struct fate {
    bool lost, doubled, held_back;
    uint32_t delay_ms, second_delay_ms; /* of the datagram and of its double */
};

struct proxy_udp;
struct proxy_tcp;

struct proxy {
    struct event_base *base;
    struct sockaddr_storage listen, to;
    socklen_t listen_size, to_size;
    bool tcp;
    uint64_t random[2]; /* a stream for each way */
    uint64_t started_ms;
    double loss, duplicate, reorder; /* percent */
    uint32_t delay_min_ms, delay_max_ms;
    uint64_t cut_from_ms, cut_to_ms;
    uint64_t rate; /* 0 = without limit */
    struct proxy_counters counters[2];
    unsigned long connections, refused, ended;
    struct proxy_udp *udp;
    struct proxy_tcp *stream;
};

uint64_t proxy_now_ms(const struct proxy *p); /* since it was started */
bool proxy_is_cut(const struct proxy *p);
/* The next datagram's that goes this way. */
struct fate proxy_decide(struct proxy *p, enum proxy_way way);

/* The listening descriptor, -1 with errno. */
int proxy_udp_start(struct proxy *p);
/* Takes what has already come. */
void proxy_udp_drain(struct proxy *p);
void proxy_udp_stop(struct proxy *p);
int proxy_tcp_start(struct proxy *p);
void proxy_tcp_stop(struct proxy *p);

#endif
