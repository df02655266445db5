/* Runs the tools and plays the servers they talk to, on sockets of the test's own. Waits
 * for datagrams and for exits, never for time. Every function fails the test by itself. */
#ifndef DISC_TESTS_CLIENT_TOOL_H
#define DISC_TESTS_CLIENT_TOOL_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <cmocka.h>

#include "client/disc.h"

struct run {
    pid_t pid;
    int out, err;
    char out_text[8192], err_text[8192];
};

/* Starts "discctl ..." or "discbench ..." (blanks separate words; in a word that begins
 * with '\'' each '_' stands for a blank). */
void start(struct run *run, const char *line);
int finish(struct run *run); /* the exit code; reads what was printed */
int run_line(struct run *run, const char *line);
void assert_has(const char *text, const char *part);

/* Bound to a free port of 127.0.0.1, which is returned. */
unsigned open_socket(int type, int *fd);

/* A registration server. */
struct server {
    int fd;
    unsigned port;
    char last[DISC_DATAGRAM_MAX + 1], id[17];
    struct sockaddr_in peer;
};

#define REG_OK "ep=00000001 inst=web-1 addr=10.0.0.7 lease=30 ren=9000 rev=5 dur=mem"

void server_open(struct server *s);
/* Waits for a request that begins with "disc/1 VERB "; returns all of it. */
const char *expect(struct server *s, const char *verb);
/* "disc/1 VERB id=... REST" to whoever sent the latest request. */
void reply(struct server *s, const char *verb, const char *rest);
/* start() with the server's port for the "%u" in the line. */
void start_at(struct run *run, const struct server *s, const char *line);

#endif
