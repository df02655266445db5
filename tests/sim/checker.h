/* What the parts of the checker share: ledger.c (what ought to be there), check_wire.c
 * (requests and replies), check_time.c (expiry and guards), check_feed.c, check_dns.c. */
#ifndef DISC_TESTS_SIM_CHECKER_H
#define DISC_TESTS_SIM_CHECKER_H

#include "base/map.h"
#include "sim/check.h"

enum { PATH_SIZE = NAMESPACE_MAX + 1 + SERVICE_MAX + 1 + INSTANCE_ID_MAX, GRACE_MS = 10000 };

/* What is stored under one name, now or on disk. */
struct version {
    bool present;
    uint64_t rev, digest; /* of the content; 0 when it is not there */
    uint64_t floor;       /* of the grave; 0 = none */
    uint64_t until_wall_ms;
    bool drain;
};

/* One lease: when it was last heard of, as the requests say. */
struct heard {
    uint64_t at_ms;  /* lease time */
    uint64_t gap_ms; /* between the last two heartbeats; 0 = not known */
    bool renewed;    /* counts for the guards */
    bool unmeasured; /* at_ms was no heartbeat */
};

struct group {
    struct heard heard;
    size_t members; /* that are there */
    size_t size;
    char name[];
};

struct entry {
    struct version now, disk;
    uint64_t last_change;
    uint64_t grave_until_ms; /* lease time */
    struct heard own;
    struct group *group; /* its lease instead of the own; NULL = none */
    uint64_t stale_ms;   /* lease time when it expired and was kept; 0 = it did not */
    uint64_t kept_ms;    /* lease time when its service's floor last kept it; 0 = never */
    uint32_t lease_s;
    uint32_t client, host;
    uint32_t met, greeted; /* which start of the client registered last, and renewed */
    bool mentioned;        /* found in this look */
    size_t size;
    char path[]; /* "ns/svc/inst" */
};

/* A change on its way to the disk. */
struct change_note {
    uint64_t number;
    struct entry *entry;
    struct version version;
};

/* The request that is being handled. */
struct request {
    bool is_one;
    char verb[9];
    struct entry *entry; /* the instance it names; NULL = none, or not known */
    bool was_present;
    struct text group;
    uint32_t host;
    bool unvalidated;
    size_t size;
    uint64_t changes; /* of the journal, before */
    char text[REG_DATAGRAM_MAX + 1];
};

struct watcher; /* check_feed.c */
struct answers; /* check_dns.c */

enum { CHANGES_KEPT = 64 };

struct check {
    const struct sim_options *options;
    struct engine *engine;
    struct clients *clients;
    struct sim_observer observer;
    struct sim_failure failure;
    bool failed;

    struct registry *registry; /* NULL while the server is down */
    struct store_journal *journal;
    struct registry_journal inner;
    struct moment now;
    uint64_t boots;

    struct map entries, groups;
    size_t present;
    struct change_note *notes; /* a queue */
    size_t note_first, note_count, note_room;
    uint64_t *cookie_boots; /* by host: the boot that gave it its last cookie */

    enum check_cause cause;
    const struct datagram *queue;
    struct request request;
    const struct instance *visited; /* told to be evicted */

    double tokens; /* of the bucket */
    uint64_t tokens_ms;
    size_t most_present;
    uint64_t window_ms;     /* lease time: evictions are counted by mean leases */
    uint64_t in_windows[2]; /* in the window before, in this one */
    uint64_t unsettled_ms;  /* lease time of the guards' last change of mind */
    uint64_t guard_changes_ms[CHANGES_KEPT];
    size_t guard_change_count;
    uint64_t disturbed_ms; /* until then, virtual */
    uint64_t *excused_ms;  /* by host */

    uint64_t newest_ms;  /* the lease clock's furthest */
    uint64_t jumped_ms;  /* when a busy server last left out much of the time */
    uint64_t expired_ms; /* leases were looked at up to then */
    uint64_t disk_bad_from_ms, disk_bad_until_ms;
    uint32_t lease_min_s, lease_max_s;
    uint64_t unseen, seen_index; /* events and changes since the last look */
    uint64_t fingerprint;
    struct watcher *watcher;
    struct answers *answers;
    struct sim_stats stats;
};

void check_fail(struct check *c, const char *name, const char *format, ...) PRINTF(3, 4);

/* ---- ledger.c ---- */
struct text path_join(struct instance_key key, char out[static PATH_SIZE]);
struct entry *ledger_find(const struct check *c, struct text path);
struct heard *ledger_heard(struct entry *e);
struct group *ledger_group(struct check *c, struct text name, bool make);
struct registry_journal ledger_hooks(struct check *c);
void ledger_committed(struct check *c, uint64_t change);
void ledger_crash(struct check *c);
/* Is the registry what the ledger says? With contents, or only names and revisions. */
void ledger_compare(struct check *c, bool contents);
void ledger_boot(struct check *c, const struct store_report *report);
void ledger_free(struct check *c);
/* A heartbeat of a lease of so many seconds. */
void time_beat(struct check *c, struct heard *h, uint32_t lease_s);

void ledger_tell(struct check *c, enum sim_news_kind kind, const struct entry *e);

/* ---- check_time.c ---- */
void time_look(struct check *c); /* I4 and the observer */
void time_boot(struct check *c);

/* ---- check_feed.c ---- */
struct watcher *watcher_new(void);
void watcher_free(struct watcher *w);
void watcher_reset(struct watcher *w);
void watcher_fold(struct check *c);
void watcher_compare(struct check *c);
uint64_t service_digest(const struct service *s);

/* ---- check_dns.c ---- */
struct answers *answers_new(const struct sim_options *options);
void answers_free(struct answers *a);
void answers_reset(struct answers *a); /* another registry */
void answers_compare(struct check *c);

#endif
