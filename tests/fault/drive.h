/* Drives a real discd from a C test: starts and ends it in a folder of its own, with or
 * without libfault.so inside, speaks disc/1, DNS and HTTP to it. One discd at a time; it
 * dies with the test. Whatever must not happen in a test ends the program through die().
 * All waiting is for an answer, with a limit in milliseconds. */
#ifndef DISC_TESTS_FAULT_DRIVE_H
#define DISC_TESTS_FAULT_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "fault/fault.h"

enum { DRIVE_PATH = 200, DRIVE_TEXT = 1400, DRIVE_PATIENCE_MS = 60000 };

struct drive {
    const char *discd; /* the program */
    const char *shim;  /* libfault.so, or NULL */
    char dir[DRIVE_PATH];
    struct fault_page *page; /* with the shim only */
    pid_t pid;               /* 0 = none runs */
    int out;                 /* its standard output */
    char ready[600];         /* its ready line, empty until there was one */
    int status;              /* of waitpid, once it has ended */
    uint16_t dns, registration, http;
    int reg_fd, dns_fd; /* connected UDP sockets */
    uint32_t last_id;
    bool patient; /* nothing fails: who does not answer is only slow */
};

/* The folder must exist and is not removed. Writes the configuration, data in `dir`/data;
 * `more` is appended to it. */
void drive_init(struct drive *d, const char *discd, const char *shim, const char *dir,
                const char *more);
/* Writes the configuration again: another folder for data than "data", another DNS port
 * than 0 (any). */
void drive_configure(const struct drive *d, const char *data_dir, uint16_t dns_port,
                     const char *more);
void drive_deinit(struct drive *d); /* kills what still runs */

_Noreturn void die(const char *format, ...) PRINTF(1, 2);
void drive_at_exit(struct drive *d); /* die() then shows where its log is, and kills it */

/* ---- life -------------------------------------------------------------------------- */

/* Starts it with a fresh log; false: it ended before it was ready (d->status). With
 * `with_shim` the shim is inside and obeys d->page. */
bool drive_start(struct drive *d, bool with_shim);
/* Starts it and returns at once, without waiting for the ready line. */
void drive_launch(struct drive *d, bool with_shim);
/* Waits for the end; d->status. */
void drive_wait(struct drive *d);
void drive_end(struct drive *d, int signal); /* sends it, waits */
/* False: it has ended by itself (d->status). */
bool drive_lives(struct drive *d);
bool drive_ended_well(const struct drive *d); /* exit status 0 */
const char *drive_status_text(const struct drive *d);
/* All that it has logged since the start; static storage. */
const char *drive_log(const struct drive *d);

/* ---- disc/1 -------------------------------------------------------------------------- */

/* Sends "disc/1 VERB id=N REST"; the N. */
uint32_t drive_send(struct drive *d, const char *verb, const char *rest);
/* The next reply within `ms`: its id (0 = none); the text is cut at DRIVE_TEXT. */
uint32_t drive_receive(struct drive *d, char out[static DRIVE_TEXT], int ms);
/* Both, again up to `tries` times. False: silence. */
bool drive_ask(struct drive *d, const char *verb, const char *rest, char out[static DRIVE_TEXT],
               int tries, int ms);
bool reply_is_ok(const char *reply);
/* Does the discd at hand promise durability? (so that a build without it is not judged) */
bool reply_is_disk(const char *reply);

/* ---- DNS and HTTP ---------------------------------------------------------------------- */

struct srv {
    char id[64]; /* the first label of the target */
    int weight;
};

/* The SRV records of SERVICE.disc.local: at most `max`; their number, or -1: no good answer
 * within `ms`. */
int drive_srv(struct drive *d, const char *service, bool tcp, struct srv *out, int max, int ms);
/* Any answer at all to NAME TYPE over UDP, and how many records it has; -1 = silence. */
int drive_query(struct drive *d, const char *name, uint16_t type, int ms);
/* GET PATH: the status, 0 = no answer. */
int drive_get(struct drive *d, const char *path, int ms);

/* Monotonic milliseconds; for limits of waiting and for numbers that are printed. */
uint64_t now_ms(void);

#endif
