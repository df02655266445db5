/* Hosts as command lines and the server's status name them. */
#ifndef DISCCTL_HOST_H
#define DISCCTL_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* Of "HOST:PORT", "[ADDRESS]:PORT", "HOST" or a URL: the host, without brackets. What is longer
 * than `size` is cut. */
void host_of(const char *text, char *out, size_t size);

/* Does it stay on this machine ("localhost", 127.0.0.0/8, ::1)? */
bool host_is_loopback(const char *host);

/* An address that needs an interface to be told (fe80::/10 without one). */
bool host_is_link_local(const char *host);

/* Does this machine have a way to an address in numbers? Nothing is sent. */
bool host_is_routed(const char *address);

/* The first address of a host in numbers, of a family (AF_UNSPEC: any). */
bool host_address(const char *host, int family, char *out, size_t size);

#endif
