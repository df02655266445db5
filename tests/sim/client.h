/* The clients: processes on hosts, each with its kind of manners. Called by world.c; they
 * know the sockets, and of the server only what it answers. */
#ifndef DISC_TESTS_SIM_CLIENT_H
#define DISC_TESTS_SIM_CLIENT_H

#include "reg/reg.h"
#include "sim/sockets.h"

enum { CLIENT_AGENT_INSTANCES = 30, CLIENT_NAME = 32 };

struct clients;
struct disc;

struct client {
    uint32_t number;
    struct sim_client spec;
    struct clients *all;
    struct event timer;
    bool running, leaving;
    uint32_t starts, names; /* so often started; under so many names before */
    uint64_t begun_ms, ended_ms;
    struct disc *disc;   /* SIM_LIBRARY, SIM_AGENT */
    struct plain *plain; /* the others */
};

struct clients {
    struct engine *engine;
    const struct sim_options *options;
    struct sockets *sockets;
    uint64_t seed;
    struct client **list;
    uint32_t count;
    uint64_t *frozen_us; /* by host: until when nothing runs there */
};

void clients_init(struct clients *all, struct engine *engine, struct net *net,
                  const struct sim_options *options, uint64_t seed);
void clients_deinit(struct clients *all);

struct client *client_add(struct clients *all, const struct sim_client *spec);
/* Any verb up to SIM_FREEZE_HOSTS. */
void clients_act(struct clients *all, const struct sim_action *action);

/* "c7", or "c7g2" under the third name; of an agent's instances "c7-0" and so on. */
uint32_t client_of_name(struct text instance); /* its number, or UINT32_MAX */
/* Is this instance one that the process, as it runs now, keeps registered? */
bool client_keeps(const struct client *c, struct text instance);

/* ---- the simpler kinds ---- */

struct plain *plain_client_new(struct client *c);
void plain_client_free(struct plain *p);
void plain_run(struct client *c); /* its timer, or something has arrived */
void plain_leave(struct client *c);

/* ---- hosts ---- */

enum reg_auth host_auth(const struct sim_options *options, uint32_t host);
struct addr host_addr(const struct sim_options *options, uint32_t host);

extern const char client_key_id[];
extern const char client_secret[]; /* 24 bytes */
enum { CLIENT_SECRET_SIZE = 24 };

#endif
