/* Put before src/client/disc.c by the compiler: all its headers first, so that only
 * disc.c's own calls are renamed. */
#ifndef DISC_TESTS_SIM_REDIRECT_H
#define DISC_TESTS_SIM_REDIRECT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

int sim_socket(int family, int type, int protocol);
int sim_connect(int fd, const struct sockaddr *address, socklen_t size);
ssize_t sim_send(int fd, const void *bytes, size_t size, int flags);
ssize_t sim_recv(int fd, void *bytes, size_t size, int flags);
int sim_close(int fd);
int sim_dup3(int from, int to, int flags);
int sim_getsockname(int fd, struct sockaddr *address, socklen_t *size);
int sim_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                    struct addrinfo **list);
void sim_freeaddrinfo(struct addrinfo *list);
int sim_getifaddrs(struct ifaddrs **list);
ssize_t sim_getrandom(void *bytes, size_t size, unsigned flags);
char *sim_getenv(const char *name);
int sim_clock_gettime(clockid_t clock, struct timespec *out);
int sim_poll(struct pollfd *fds, nfds_t count, int timeout);
pid_t sim_getpid(void);

#define socket(...) sim_socket(__VA_ARGS__)
#define connect(...) sim_connect(__VA_ARGS__)
#define send(...) sim_send(__VA_ARGS__)
#define recv(...) sim_recv(__VA_ARGS__)
#define close(...) sim_close(__VA_ARGS__)
#define dup3(...) sim_dup3(__VA_ARGS__)
#define getsockname(...) sim_getsockname(__VA_ARGS__)
#define getaddrinfo(...) sim_getaddrinfo(__VA_ARGS__)
#define freeaddrinfo(...) sim_freeaddrinfo(__VA_ARGS__)
#define getifaddrs(...) sim_getifaddrs(__VA_ARGS__)
#define getrandom(...) sim_getrandom(__VA_ARGS__)
#define getenv(...) sim_getenv(__VA_ARGS__)
#define clock_gettime(...) sim_clock_gettime(__VA_ARGS__)
#define poll(...) sim_poll(__VA_ARGS__)
#define getpid(...) sim_getpid(__VA_ARGS__)

#endif
