/* Fuzz target: what a server (or somebody who pretends to be one) sends to a watch of libdisc.
 *
 * Input: one byte (bits 0-1: what is done about empty lists), then datagrams, each behind
 * two bytes: bit 15 = twenty seconds pass first, bit 14 = one second, bits 0-10 its length. In
 * a datagram "$" stands for the watch's token and "*" for the id of its request. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/disc_watch.h"

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A port at which somebody listens and says nothing. */
static const char *silent_server(void)
{
    static char text[32];
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(own);
    if (*text)
        return text;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    require(bind(fd, (struct sockaddr *)&own, size) == 0);
    require(getsockname(fd, (struct sockaddr *)&own, &size) == 0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(own.sin_port));
    return text;
}

/* Everything that a list says can be read and is within its limits. */
static size_t walk_instance(const struct disc_instance *i)
{
    size_t n = strlen(i->id) + strlen(i->zone) + strlen(i->region) + strlen(i->cluster) +
               strlen(i->version);
    require(*i->id && i->addr_count >= 1 && i->addr_count <= 8 && i->port_count <= 8);
    require(i->weight <= 65535 && i->tag_count <= 16 && i->metadata_count <= 16);
    for (size_t k = 0; k < i->addr_count; k++)
        n += strlen(i->addrs[k]);
    for (size_t k = 0; k < i->port_count; k++) {
        n += strlen(i->ports[k].name) + strlen(i->ports[k].protocol);
        require(i->ports[k].number > 0);
    }
    for (size_t k = 0; k < i->tag_count; k++)
        n += strlen(i->tags[k]);
    for (size_t k = 0; k < i->metadata_count; k++)
        n += strlen(i->metadata[k].key) + strlen(i->metadata[k].value);
    return n;
}

static size_t check_list(struct disc *d, uint64_t now)
{
    struct disc_list list;
    size_t usable = 0;
    require(disc_get(d, 1, now, &list) == DISC_OK);
    require(list.freshness != DISC_NONE || list.count == 0);
    require(!list.held || list.count > 0);
    for (size_t i = 0; i < list.count; i++) {
        require(walk_instance(&list.instances[i]) < 2 * DISC_DATAGRAM_MAX);
        require(i == 0 || strcmp(list.instances[i - 1].id, list.instances[i].id) < 0);
        usable += list.instances[i].status == DISC_UP;
    }
    return usable;
}

static void check_picks(struct disc *d, size_t usable)
{
    for (int policy = DISC_ROUND_ROBIN; policy <= DISC_NEAREST; policy++) {
        struct disc_choice choice = {(enum disc_policy)policy, NULL, NULL, 0};
        struct disc_picked picked;
        enum disc_result result = disc_pick(d, 1, &choice, &picked);
        require(result == (usable ? DISC_OK : DISC_NO_INSTANCE));
        require(!usable || picked.instance->status == DISC_UP);
    }
}

/* With the signs replaced; false: too long, or what no socket brings us. */
static bool fill_in(const struct watch *watch, const uint8_t *data, size_t size,
                    char out[DISC_DATAGRAM_MAX + 1], size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < size; i++) {
        char one[2] = {(char)data[i], 0};
        const char *piece = data[i] == '$' ? watch->token : data[i] == '*' ? watch->id : one;
        size_t length = strlen(piece);
        if (data[i] == 0 || *n + length > DISC_DATAGRAM_MAX)
            return false;
        memcpy(out + *n, piece, length);
        *n += length;
    }
    while (*n && (out[*n - 1] == '\n' || out[*n - 1] == '\r'))
        --*n;
    out[*n] = 0;
    return true;
}

static void talk(struct disc *d, const uint8_t *data, size_t size)
{
    uint64_t now = 1000;
    disc_process(d, now);
    while (size >= 2) {
        char bytes[DISC_DATAGRAM_MAX + 1];
        size_t said = (size_t)(data[0] << 8 | data[1]), length = said & 0x7ff, n;
        now += (said & 0x8000 ? 20000 : 0) + (said & 0x4000 ? 1000 : 0);
        data += 2, size -= 2;
        if (length > size)
            length = size;
        disc_process(d, now);
        if (fill_in(d->watches->items[0], data, length, bytes, &n) && n)
            (void)d->discovery->receive(d, 0, bytes, n, now);
        check_picks(d, check_list(d, now));
        data += length, size -= length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disc_options options = {.seed = 1};
    struct disc_watch_spec spec = {.service = "web", .zone = "a", .region = "b"};
    if (size < 1)
        return 0;
    spec.empty = (enum disc_empty)(data[0] % 3);
    struct disc *d = disc_new(&options);
    require(d && disc_add_server(d, silent_server()) == DISC_OK && disc_watch(d, &spec) == 1);
    talk(d, data + 1, size - 1);
    disc_free(d);
    return 0;
}
