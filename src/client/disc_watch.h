/* A watch: one service at one server at a time. disc_watch.c has the public functions and
 * the loop's hooks, disc_subscribe.c gets and keeps the subscription, disc_push.c reads what
 * is pushed, disc_pick.c chooses.
 */
#ifndef DISC_WATCH_H
#define DISC_WATCH_H

#include "disc_list.h"

#ifdef __GNUC__
#pragma GCC visibility push(hidden)
#endif

enum {
    FRAGMENTS_MAX = 64,
    EPOCH_MAX = 16,       /* opaque to us; today's have 8 */
    STALL_MS = 5000,      /* the server's longest pause between two tries is 4 s */
    ASK_GAP_MS = 200,     /* between two requests that pushes made us send */
    CACHE_GAP_MS = 1000,  /* between two writings of a changed list */
    CACHE_AGE_MS = 60000, /* and of one that is just confirmed again */
};

enum watch_state {
    ASKING,     /* `sub` on its way, or a pause before it */
    SUBSCRIBED, /* `due` is the refresh */
    RESTING,    /* for ever: see disc_find */
};

/* A push of several datagrams, until all are there. */
struct gathering {
    bool full;
    uint64_t seq, prev;
    char epoch[EPOCH_MAX + 1];
    unsigned count; /* 0: there is none */
    uint64_t got;   /* bits */
    char *items[FRAGMENTS_MAX];
};

struct watch {
    int handle;
    bool leaving; /* until the next turn */
    char *ns, *service, *zone, *region;
    enum disc_empty empty;
    int lease_s;
    disc_watch_function *changed;
    void *context;
    /* the list */
    struct list list;
    enum disc_freshness freshness;
    bool held, guarded;
    uint64_t confirmed_ms; /* LIVE and KEPT */
    uint64_t cached_s;     /* CACHED: wall clock */
    uint64_t index;
    bool based;                /* `have` and `epoch` hold at this server */
    uint64_t have;             /* the index that we have */
    char epoch[EPOCH_MAX + 1]; /* of the server's life that it is of */
    uint64_t turns;            /* of disc_pick */
    /* the subscription */
    unsigned server; /* where we are, or ask */
    enum watch_state state;
    uint64_t due, stall; /* stall: what was promised should be here by then */
    uint64_t promised;   /* the index that the server is about to push; 0 = nothing */
    bool subscribed;     /* `sub` and `life` hold for this token */
    char token[ID_SIZE + 1];
    uint64_t sub;
    char life[EPOCH_MAX + 1]; /* the server's epoch when it said ok */
    unsigned opened;          /* server->opened then */
    uint64_t renew_ms, lease_end;
    bool asked_again; /* it did not know us, and we have asked anew */
    /* the request on its way */
    bool waiting, replayed;
    char id[ID_SIZE + 1];
    unsigned sends, challenges;
    uint64_t n_first, n_last, begun_ms, from;
    /* what was told */
    unsigned tried; /* servers in a row without success */
    bool complained;
    int refusal;
    char refusal_why[24];
    struct gathering gathering;
    /* the cache */
    char *cache_path;
    bool dirty;
    uint64_t cache_due, written_ms;
};

struct watches {
    struct watch **items;
    size_t count, room;
    int last_handle;
    uint64_t now; /* of the latest turn */
};

/* One watch and the time, for what the steps are about. */
struct look {
    struct disc *d;
    struct watch *watch;
    uint64_t now;
};

/* ---- disc_watch.c ------------------------------------------------------------------------ */

/* NULL: there is none (any more). */
struct watch *disc_watch_find(const struct disc *d, int handle);

/* Calls the program back. `r` NULL but for REFUSED. The watch may be `leaving` afterwards. */
void disc_watch_tell(struct look s, enum disc_watch_kind kind, const struct reply *r,
                     const char *words);

/* A server has just said or shown that the list is right. */
void disc_watch_confirm(struct look s);

/* ---- disc_subscribe.c ---------------------------------------------------------------------- */

/* Something is due. */
void disc_subscribe_act(struct look s);

/* An answer to what is on its way (the caller has found that out and whose it is). */
void disc_subscribe_reply(struct look s, const struct reply *r);
bool disc_subscribe_is_answer(const struct disc *d, const struct watch *watch,
                              const struct reply *r);

/* `sub` again soon: something is missing, or the server has lost us. */
void disc_subscribe_again(struct look s);

/* The next server, from the beginning. */
void disc_subscribe_elsewhere(struct look s);

/* Says goodbye, if there is a subscription. */
void disc_subscribe_end(struct disc *d, struct watch *watch);

/* When disc_subscribe_act has something to do. */
uint64_t disc_subscribe_due(const struct disc *d, const struct watch *watch);

/* ---- disc_push.c ---------------------------------------------------------------------------- */

/* A push with the watch's token from its server. `items`: the lines behind the header. */
void disc_push_take(struct look s, const struct reply *r, const char *items);

void disc_push_forget(struct watch *watch); /* what was gathered */

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
