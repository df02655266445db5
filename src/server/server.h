/* discd, less its command line: starts everything in order, serves, stops in order.
 *
 *   start:  data_dir, zones, sockets, drop root, registry, control, workers, HTTP, "ready"
 *   stop:   HTTP, registration, workers, state
 */
#ifndef DISC_SERVER_SERVER_H
#define DISC_SERVER_SERVER_H

#include "base/hash.h"
#include "dns/dns.h"
#include "server/config.h"

enum {
    EXIT_OSERR_RESOURCE = 71, /* sysexits.h EX_OSERR: a socket or the data_dir cannot be had */
    EXIT_BAD_CONFIG = 78,     /* sysexits.h EX_CONFIG */
};

/* Serves until SIGTERM or SIGINT; returns the exit status. Takes `config` over. */
int server_run(struct config *config);

/* dns_new with the fault in the configuration's form; takes config->dns over. */
struct dns *server_load_zones(struct config *config, const struct hash_key *key,
                              struct config_fault *fault);

/* Fills in what `advertise_local: auto` means on this machine. */
void server_find_local_addresses(struct config *config);

#endif
