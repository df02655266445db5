/* The file through which a test steers libfault.so inside a discd, and reads back what
 * happened there: rules ("the third fdatasync fails with EIO"), counters of calls, and the
 * order of events. Both sides map it (MAP_SHARED), so a rule can change at any moment, and
 * all of it outlives kill -9.
 *
 *   test ──rules, armed──> file <──calls, injected, events── discd with LD_PRELOAD
 *
 * Included by the shim, fault_ctl and the test programs. Knows nothing of discd, except
 * that its registration datagrams begin with "disc/1 ".
 */
#ifndef DISC_TESTS_FAULT_FAULT_H
#define DISC_TESTS_FAULT_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In discd's environment: the file's path; what the names of libraries begin with
 * ("libldns:liburcu") whose own calls for memory never fail, since they have no answer to that
 * and nobody outside can give one: ldns asserts or follows NULL while it reads zone files,
 * liburcu aborts where it starts its thread and where it waits for the last callbacks,
 * libcrypto loses a name of its table of algorithms (leaks of its making end a run, too). */
#define FAULT_ENVIRONMENT "FAULT_FILE"
#define FAULT_SPARE_ENVIRONMENT "FAULT_SPARE"

enum fault_family {
    FAULT_MALLOC,   /* malloc calloc realloc reallocarray strdup strndup posix_memalign */
    FAULT_WRITE,    /* write pwrite pwritev, on regular files */
    FAULT_SYNC,     /* fdatasync fsync msync */
    FAULT_SEND,     /* sendmmsg sendmsg sendto send writev sendfile */
    FAULT_RECEIVE,  /* recvmmsg recvmsg recvfrom recv readv */
    FAULT_ACCEPT,   /* accept accept4 */
    FAULT_OPEN,     /* open openat fopen opendir */
    FAULT_TRUNCATE, /* ftruncate */
    FAULT_MMAP,
    FAULT_THREAD, /* pthread_create */
    FAULT_FORK,
    FAULT_FAMILIES
};

enum fault_action {
    FAULT_NONE,
    FAULT_FAIL,  /* returns the error without doing anything */
    FAULT_DELAY, /* waits first, then does it */
    FAULT_HIDE,  /* syncs only: says that it was done; it was not, and no event tells of it */
};

struct fault_rule {
    atomic_uint action;
    atomic_int error;
    atomic_uint_fast64_t first, last; /* which calls, counted from 1; both included */
    atomic_uint_fast64_t delay_us;
};

enum fault_event_kind {
    FAULT_EVENT_NONE, /* a slot taken, but not yet filled */
    FAULT_SYNC_BEGIN, /* written before the call is made */
    FAULT_SYNC_END,   /* written after it returned */
    FAULT_WRITE_BEGIN,
    FAULT_WRITE_END,
    FAULT_RECEIVED, /* a disc/1 datagram; written after recvmmsg returned */
    FAULT_SENT,     /* the same; written before sendmmsg is called */
};

enum { FAULT_TEXT = 200, FAULT_EVENTS = 1 << 15, FAULT_WHERE = 2000 };

struct fault_event {
    atomic_uint kind; /* written last */
    uint32_t thread;
    int32_t fd;
    int32_t durable; /* writes: the descriptor has O_DSYNC or O_SYNC */
    int64_t result;
    char text[FAULT_TEXT]; /* the datagram's beginning, NUL-terminated */
};

struct fault_page {
    char magic[8];
    atomic_bool armed; /* calls are counted and rules hold */
    struct fault_rule rules[FAULT_FAMILIES];
    atomic_uint_fast64_t calls[FAULT_FAMILIES], injected[FAULT_FAMILIES];
    atomic_uint where_taken;
    char where[FAULT_WHERE]; /* who made the first call that failed: "file+0xoffset" */
    atomic_uint event_count; /* may pass FAULT_EVENTS: those were not recorded */
    struct fault_event events[FAULT_EVENTS];
};

/* ---- for tests (fault_page.c) -------------------------------------------------- */

/* Makes the file anew, nothing armed, no rule. NULL: perror was called. */
struct fault_page *fault_page_new(const char *path);
/* Maps an existing one. */
struct fault_page *fault_page_open(const char *path);
void fault_page_close(struct fault_page *p);

void fault_set(struct fault_page *p, enum fault_family family, enum fault_action action, int error,
               uint64_t first, uint64_t last);
void fault_set_delay(struct fault_page *p, enum fault_family family, uint64_t us);
/* Disarms, forgets all rules, counts and events. */
void fault_reset(struct fault_page *p);

/* "malloc", "write" ...; FAULT_FAMILIES when there is none of that name. */
enum fault_family fault_family_of(const char *name);
const char *fault_family_name(enum fault_family family);
/* "ENOSPC" or a number; 0 = no such error. */
int fault_error_of(const char *name);

/* ---- the order of events (fault_order.c) ------------------------------------------ */

struct fault_order {
    unsigned acknowledged;        /* oks of reg, upd and del that were looked at */
    unsigned not_synced;          /* left before what they acknowledge was on disk */
    unsigned not_disk;            /* oks of those verbs without dur=disk */
    unsigned commits;             /* complete ones seen */
    char first[FAULT_TEXT + 100]; /* about the first that is wrong */
};

/* A commit is a sync that succeeds, and after it a write (the page that makes the new
 * state the valid one) that is itself durable: by its descriptor or by a second sync. An
 * ok is right when such a sync began after its request was received and all of this
 * was over before the ok was sent. */
void fault_order_check(const struct fault_event *events, size_t count, struct fault_order *out);

#endif
