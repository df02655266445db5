/* The parts of `discctl agent`: what it keeps registered (agent_file.c), the health
 * check (agent_check.c), the command (agent_command.c) and the loop (verb_agent.c). */
#ifndef DISCCTL_AGENT_H
#define DISCCTL_AGENT_H

#include <stdint.h>
#include <sys/types.h>

#include "discctl.h"

/* One registration. */
struct entry {
    struct arguments arguments;
    char *line; /* into which the arguments point; NULL = the command line */
    int handle;
    bool answered; /* some server took it once */
};

struct entries {
    struct entry *items;
    size_t count;
};

/* From the command line, or from --file. False: said so. */
bool entries_load(struct entries *entries, const struct arguments *a);
void entries_free(struct entries *entries);

/* A shell command that is run again and again. */
struct check {
    const char *command; /* NULL = none: always healthy */
    uint64_t interval_ms, timeout_ms;
    int fall, rise;
    bool healthy;
    int streak; /* results in a row against `healthy` */
    pid_t pid;  /* 0 = none is running */
    uint64_t next_ms, deadline_ms;
};

void check_init(struct check *check, const struct arguments *a, uint64_t now_ms);
/* Starts, reaps and kills as the time demands. True: `healthy` changed. */
bool check_step(struct check *check, uint64_t now_ms);
/* Until when check_step has nothing to do; -1 = for ever. SIGCHLD comes earlier. */
int check_wait_ms(const struct check *check, uint64_t now_ms);
void check_stop(struct check *check);

/* Starts a program, no signal blocked. 0: it could not be started, which
 * was said; `*code` is then the shell's exit code for that (126, 127). */
pid_t command_start(char **words, int *code);
/* The exit code of a shell: 128 and the signal for a killed one. */
int command_code(int status);

#endif
