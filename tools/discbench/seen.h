/* What is true of each instance, to judge answers by: each registration gives it another address,
 * so that an address tells which registration is shown. Called by mode_visible.c; pure. */
#ifndef DISCBENCH_SEEN_H
#define DISCBENCH_SEEN_H

#include <stdbool.h>
#include <stdint.h>

enum seen_state {
    SEEN_PRESENT,
    SEEN_ABSENT,
    SEEN_ADDING,   /* `reg` is under way */
    SEEN_REMOVING, /* `del` is */
    SEEN_UNKNOWN,  /* refused, or no answer: nothing is said of it any more */
};

struct seen {
    uint64_t gone_ns; /* when `del` was answered for the current registration (absent),
                         or for the one before (else); 0 = it was not withdrawn */
    uint8_t state;
    uint8_t current, previous; /* generations of addresses */
    bool has_previous;
    bool asked; /* somebody waits for it to be shown */
};

enum verdict {
    VERDICT_FINE,      /* true now, or until the change under way is shown */
    VERDICT_WITHDRAWN, /* shown by an answer to a question asked after the reply to `del` */
    VERDICT_UNTRUE,    /* never was */
};

/* `reg` with another address goes out. Returns the address' generation. */
uint8_t seen_add(struct seen *s);
/* `del` goes out. */
void seen_remove(struct seen *s);
/* The reply. */
void seen_replied(struct seen *s, bool ok, uint64_t now_ns);

/* An answer to a question that was asked at `asked_ns` shows it with this generation, of `turns`
 * that there are before addresses repeat. */
enum verdict seen_judge(const struct seen *s, unsigned generation, unsigned turns,
                        uint64_t asked_ns);

#endif
