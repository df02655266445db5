/* Registration load: the instances, what is known to be registered of them, and the requests of one
 * mode, through one socket. Encodes disc/1 by itself, so that it costs less than what it measures.
 * Called by the modes. Requests are built in request.c, replies read in reply.c. */
#ifndef DISCBENCH_LOAD_H
#define DISCBENCH_LOAD_H

#include "flow.h"
#include "sign.h"

enum { INSTANCES_MAX = 4000000, ITEMS_MAX = 256 /* of one batch */ };

enum verb { REG, REN, BATCH, GROUP, DEL, UPD, PROBE /* how many members has a group? */ };

struct request {
    uint32_t first, count; /* instances */
    uint8_t verb;
};

enum chosen { CHOSEN_ONE, CHOSEN_END, CHOSEN_LATER };

struct load;

/* What a phase wants next. */
typedef enum chosen load_choose(struct load *load, struct request *out);

/* What somebody beside wants to hear of each reply. */
struct load_watcher {
    void (*replied)(void *context, const struct request *request, bool ok, uint64_t now_ns);
    bool (*turn)(void *context, uint64_t now_ns); /* see flow.h; may be NULL */
    void *context;
    int fd; /* -1 = none */
};

struct load_config {
    int fd;             /* a connected UDP socket */
    const char *prefix; /* services are called PREFIX-0, PREFIX-1, ... */
    const char *key_id; /* NULL = open mode */
    const unsigned char *secret;
    size_t secret_size;
    uint32_t instances, services, lease_s;
    uint32_t group_size;         /* members of one lease group; 0 = none has one */
    uint32_t batch;              /* instances of one datagram, where they fit */
    bool churns;                 /* mode change registers and deregisters */
    bool own_address;            /* let the server take the source's address */
    bool addresses_change;       /* see load_turns */
    struct load_watcher watcher; /* `replied` may be NULL: nobody */
};

struct load {
    struct load_config config;
    struct flow *flow;
    struct signer *signer;    /* NULL = open mode */
    struct request *requests; /* by sequence number, FLOW_RING of them */
    uint8_t *registered;      /* by instance */
    uint8_t *generations;     /* by instance; NULL unless addresses change */
    uint32_t *members;        /* by group, as the server says; NULL without groups */
    uint32_t cursor;          /* the next instance */
    uint64_t steps;           /* of a mode that alternates */
    uint64_t number;          /* the latest n= */
    char cid[17], cookie[65];
    load_choose *choose; /* of the phase */
    struct tally *tally; /* of the phase */
};

/* NULL when memory lacks. */
struct load *load_new(const struct load_config *config);
void load_free(struct load *load);

/* Registers every instance (several rounds, for what was lost). False: not all. */
bool load_setup(struct load *load, struct tally *tally);
/* Asks how many members each group has. What is not answered counts as none. */
void load_count_members(struct load *load, struct tally *tally);
/* Deregisters every instance, even after a signal; another one ends this, too. */
void load_clean(struct load *load, struct tally *tally);
/* How many are still registered, as far as is known. */
uint32_t load_left(const struct load *load);
/* One phase. */
void load_run(struct load *load, load_choose *choose, const struct flow_limits *limits,
              struct tally *tally);

/* The next instance in turn. */
uint32_t load_take(struct load *load);

/* ---- request.c --------------------------------------------------------------------------- */

/* Into `out` (DATAGRAM bytes); says in `request` how many instances of a batch it names. */
size_t request_write(struct load *load, uint64_t sequence, struct request *request, char *out);

/* Instances are registered in 10.0.0.0/8, with their number + 1, and where addresses change,
 * `instances` more with each generation; after so many generations they repeat. */
unsigned load_turns(const struct load *load);

/* ---- reply.c ----------------------------------------------------------------------------- */

uint64_t reply_sequence(const char *line);

/* Counts it in load->tally and notes what it says of the instances. False: no answer (a cookie, or
 * not the server's signature). */
bool reply_read(struct load *load, const struct request *request, const char *line, size_t size,
                uint64_t now_ns);

#endif
