/* registry, reg and dns put together as discd does it, every source open, for tests that
 * are about numbers and threads. Time is what the test says. */
#ifndef DISC_TESTS_SUPPORT_SERVER_H
#define DISC_TESTS_SUPPORT_SERVER_H

#include <stdatomic.h>

#include "dns/dns.h"
#include "reg/reg.h"
#include "registry/registry.h"

struct server_under_test {
    struct registry *registry;
    struct reg *reg;
    _Atomic(struct dns *) dns;
    struct moment now;
    uint64_t due_ms;
    size_t journal_max;
    char reply[REG_DATAGRAM_MAX + 1];
};

/* A condition that a test stands on: prints and ends the program where it is false, with
 * any build type. */
#define REQUIRE(condition) server_require((condition), #condition, __FILE__, __LINE__)
void server_require(bool condition, const char *text, const char *file, int line);

/* Zones disc.local and disc.internal, both of `default`; anybody may have them, with a journal
 * of so many bytes each (0 = none). */
void server_start(struct server_under_test *s, size_t journal_max);
void server_stop(struct server_under_test *s); /* no reader may be left */

/* A new struct dns with everything published into it; the old one is retired. */
void server_reload(struct server_under_test *s);

/* Sends the text with LF from 127.0.0.1, does not publish. Returns the reply. */
const char *server_send(struct server_under_test *s, const char *format, ...) PRINTF(2, 3);
void server_publish(struct server_under_test *s);
/* Lease time goes on; what runs out is evicted. */
void server_pass(struct server_under_test *s, uint64_t ms);

#endif
