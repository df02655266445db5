#include "server/tcp_quota.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

enum { NETWORK_BYTES = 8 }; /* of an IPv6 address: what one client has for itself */

struct client {
    struct addr addr; /* or its network */
    uint32_t connections;
};

struct tcp_quota {
    pthread_mutex_t lock;
    struct hash_key key;
    struct map clients;
    uint32_t total, per_address, count;
};

struct tcp_quota *tcp_quota_new(uint32_t total, uint32_t per_address, const struct hash_key *key)
{
    struct tcp_quota *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    pthread_mutex_init(&q->lock, NULL);
    q->key = *key;
    q->total = total;
    q->per_address = per_address;
    return q;
}

void tcp_quota_free(struct tcp_quota *q)
{
    if (!q)
        return;
    size_t cursor = 0;
    for (void *client; (client = map_next(&q->clients, &cursor));)
        free(client);
    map_deinit(&q->clients);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

void tcp_quota_configure(struct tcp_quota *q, uint32_t total, uint32_t per_address)
{
    pthread_mutex_lock(&q->lock);
    q->total = total;
    q->per_address = per_address;
    pthread_mutex_unlock(&q->lock);
}

static bool same_client(const void *entry, const void *key)
{
    return addr_is(&((const struct client *)entry)->addr, key);
}

static struct addr client_addr(const struct addr *from)
{
    struct addr addr = *from;

    if (addr.family == FAMILY_V6 && !addr_is_loopback(from))
        memset(addr.bytes + NETWORK_BYTES, 0, sizeof(addr.bytes) - NETWORK_BYTES);
    return addr;
}

static uint64_t hash_of(const struct tcp_quota *q, const struct addr *from)
{
    return hash_bytes(&q->key, from->bytes, addr_size(from));
}

static struct client *client_of(struct tcp_quota *q, const struct addr *from)
{
    uint64_t hash = hash_of(q, from);
    struct client *client = map_find(&q->clients, hash, same_client, from);
    if (client)
        return client;
    client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->addr = *from;
    if (map_insert(&q->clients, hash, client)) {
        free(client);
        return NULL;
    }
    return client;
}

static void forget_idle(struct tcp_quota *q, struct client *client)
{
    if (client->connections)
        return;
    map_remove(&q->clients, hash_of(q, &client->addr), client);
    free(client);
}

static enum tcp_admission enter(struct tcp_quota *q, const struct addr *from)
{
    if (q->count >= q->total)
        return TCP_FULL;
    struct client *client = client_of(q, from);
    if (!client)
        return TCP_FULL;
    if (client->connections >= q->per_address && !addr_is_loopback(from)) {
        forget_idle(q, client);
        return TCP_ADDRESS_FULL;
    }
    client->connections++;
    q->count++;
    return TCP_ADMITTED;
}

enum tcp_admission tcp_quota_enter(struct tcp_quota *q, const struct addr *from)
{
    struct addr addr = client_addr(from);
    pthread_mutex_lock(&q->lock);
    enum tcp_admission admission = enter(q, &addr);
    pthread_mutex_unlock(&q->lock);
    return admission;
}

void tcp_quota_leave(struct tcp_quota *q, const struct addr *from)
{
    struct addr addr = client_addr(from);
    pthread_mutex_lock(&q->lock);
    struct client *client = map_find(&q->clients, hash_of(q, &addr), same_client, &addr);
    if (client) {
        client->connections--;
        q->count--;
        forget_idle(q, client);
    }
    pthread_mutex_unlock(&q->lock);
}

uint32_t tcp_quota_count(struct tcp_quota *q)
{
    pthread_mutex_lock(&q->lock);
    uint32_t count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}
