/* The servers that are measured. Used by the modes and by watch.c. */
#ifndef DISCBENCH_PLACE_H
#define DISCBENCH_PLACE_H

#include <stdbool.h>

/* A connected, non-blocking UDP socket to "HOST:PORT" or "[V6]:PORT", which option `--name` says;
 * only on loopback unless `remote`. -1: said why on stderr. */
int place_open(const char *name, const char *server, bool remote);

#endif
