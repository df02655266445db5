/* The state of a running scenario, shared by its commands. */
#ifndef DISC_TESTS_SCENARIO_RUN_H
#define DISC_TESTS_SCENARIO_RUN_H

#include "scenario/script.h"
#include "scenario/world.h"
#include "support/answer.h"
#include "support/question.h"

enum { ANSWER_RECORDS_MAX = 2000, SHARES_MAX = 32 };

struct share { /* how often a record came first */
    char *rdata;
    unsigned count;
};

struct run {
    struct script script;
    struct world world;
    bool started;
    struct endpoint from; /* of datagrams */

    char reply[REG_DATAGRAM_MAX + 1]; /* the last one, without its last LF; "" = none */

    /* The last query. Records that an `expect` line named are marked; once one line
     * names a record of a section, all of that section have to be named. */
    bool has_answer;
    unsigned query_line;
    size_t answer_size;
    struct answer answer;
    bool named[4];
    bool seen[4][ANSWER_RECORDS_MAX];

    struct share shares[SHARES_MAX];
    unsigned share_count, share_total;

    struct variable serials[8]; /* by zone */
};

/* dns_commands.c */
void run_query(struct run *r, const struct words *w);
void run_shares(struct run *r, const struct words *w);
void run_serial(struct run *r, const struct words *w);

/* expect.c */
void run_expect(struct run *r, const struct words *w, const char *line);
/* Fails when the last answer had records that no line named; forgets the answer. */
void run_close_answer(struct run *r);

/* reg_commands.c */
void run_from(struct run *r, const struct words *w);
void run_send(struct run *r, const char *text);
void run_send_signed(struct run *r, const char *key, const char *text);
void run_push(struct run *r);
void run_expect_reply(struct run *r, const char *pattern);
void run_override(struct run *r, const struct words *w);
void run_totals(struct run *r, const struct words *w);
void run_outcome(struct run *r, const struct words *w);
void run_keep(struct run *r, const struct words *w);

#endif
