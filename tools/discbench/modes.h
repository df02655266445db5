/* The modes, one file each (mode_NAME.c), and the table of them. Called by options.c, which takes
 * names and help from here, and by main.c. */
#ifndef DISCBENCH_MODES_H
#define DISCBENCH_MODES_H

#include "load.h"
#include "options.h"
#include "usage.h"

/* Options that only some modes heed. */
enum heeds {
    HEEDS_GROUP_SIZE = 1,
    HEEDS_BATCH = 2,
    HEEDS_KIND = 4,
    HEEDS_WITHDRAW = 8,
    HEEDS_DNS = 16,      /* --dns, --zone, --ask */
    HEEDS_QUESTION = 32, /* --type, --edns */
    HEEDS_REG = 64,      /* --server, --lease, --key, --keep */
};

/* Of mode visible. */
struct visible_counts {
    uint64_t changes, at_once; /* looked at; right at the first question */
    uint64_t stale;            /* answers that did not show it yet */
    uint64_t withdrawn;        /* answers that showed what `del` had been answered for */
    uint64_t untrue;           /* answers that showed what never was, or no answer to read */
    uint64_t never;            /* not right within a second, or no answer */
    struct histogram delay;    /* reply -> right answer */
    struct histogram asking;   /* one question */
};

struct results {
    bool ready; /* all is registered that should be */
    struct tally setup, run, clean;
    struct tally asked;  /* how many members the groups have */
    int stopped;         /* by this signal; 0 = not */
    uint32_t left;       /* instances that stay registered, whether they should or not */
    struct usage server; /* during `run` */
    bool has_server, has_visible;
    struct visible_counts visible;
};

struct mode {
    const char *name, *what; /* for the help */
    uint32_t heeds;
    double rate;    /* where none is given */
    double seconds; /* where none are given; 0 = until all is done once */
    uint32_t services;
    bool whole_setup; /* all instances are registered first */
    /* False: said why, nothing could be measured. */
    bool (*run)(const struct options *o, struct results *out);
    load_choose *choose; /* what mode_load sends */
};

extern const struct mode mode_reg, mode_ren, mode_batch, mode_group, mode_churn, mode_mixed,
    mode_change, mode_visible, mode_query;

enum { MODES = 9 };
extern const struct mode *const modes[MODES];

/* NULL: there is none of this name. */
const struct mode *mode_named(const char *name);

/* ---- what modes share (modes.c) ---------------------------------------------------------- */

/* Registration load and nothing else: opens the server, sets up, runs, cleans. */
bool mode_load(const struct options *o, struct results *out);

/* The parts of it. NULL: said why. The socket is the load's. */
struct load *mode_load_new(const struct options *o, const struct load_watcher *watcher);
void mode_load_free(struct load *load);
void mode_load_setup(const struct options *o, struct load *load, struct results *out);
void mode_load_measure(const struct options *o, struct load *load, load_choose *choose,
                       struct results *out);
void mode_load_clean(const struct options *o, struct load *load, struct results *out);

struct flow_limits mode_limits(const struct options *o);

/* Around what is measured: the server's processor time, where --server-pid is given. */
void mode_usage_begin(const struct options *o, struct usage *before);
void mode_usage_end(const struct options *o, const struct usage *before, struct results *out);

#endif
