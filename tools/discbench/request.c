#include <string.h>

#include "burst.h"
#include "load.h"

enum {
    ITEM_ROOM = 26, /* of an item besides the prefix: two numbers and four signs */
    TAIL_ROOM = 40, /* of the signature */
    ADDRESSES = (1 << 24) - 1,
};

/* Appends; the caller left room enough. */
static char *put_text(char *at, const char *text)
{
    size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    int n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n)
        *at++ = digits[--n];
    return at;
}

static char *put_service(const struct load *load, char *at, uint32_t instance)
{
    at = put_text(put_text(at, load->config.prefix), "-");
    return put_number(at, instance % load->config.services);
}

static char *put_name(const struct load *load, char *at, uint32_t instance)
{
    at = put_service(load, put_text(at, " svc="), instance);
    return put_number(put_text(at, " inst=i"), instance);
}

unsigned load_turns(const struct load *load)
{
    return ADDRESSES / load->config.instances;
}

static uint32_t address_of(const struct load *load, uint32_t instance, unsigned generation)
{
    return instance + 1 + generation % load_turns(load) * load->config.instances;
}

static char *put_registration(const struct load *load, char *at, uint32_t instance)
{
    unsigned generation = load->generations ? load->generations[instance] : 0;
    uint32_t address = address_of(load, instance, generation);
    at = put_name(load, at, instance);
    if (!load->config.own_address) {
        at = put_number(put_text(at, " addr=10."), address >> 16 & 255);
        at = put_number(put_text(at, "."), address >> 8 & 255);
        at = put_number(put_text(at, "."), address & 255);
    }
    at = put_text(at, " port=8080 lease=");
    at = put_number(at, load->config.lease_s);
    if (load->config.group_size)
        at = put_number(put_text(at, " grp=g"), instance / load->config.group_size);
    return at;
}

/* As many lines as are wanted and fit. */
static char *put_items(const struct load *load, char *at, const char *start,
                       struct request *request)
{
    uint32_t n = 0, most = load->config.batch;
    const char *end = start + DATAGRAM - TAIL_ROOM - ITEM_ROOM - strlen(load->config.prefix);
    if (most > load->config.instances)
        most = load->config.instances;
    while (n < most && at < end) {
        uint32_t instance = (request->first + n++) % load->config.instances;
        at = put_service(load, put_text(at, "\n"), instance);
        at = put_number(put_text(at, "/i"), instance);
    }
    request->count = n;
    return at;
}

static char *put_envelope(struct load *load, char *at, uint64_t sequence)
{
    at = put_number(put_text(at, " id="), sequence);
    if (load->signer) {
        at = put_text(put_text(at, " cid="), load->cid);
        at = put_number(put_text(at, " n="), ++load->number);
        at = put_text(put_text(at, " key="), load->config.key_id);
    }
    if (*load->cookie)
        at = put_text(put_text(at, " ck="), load->cookie);
    return at;
}

size_t request_write(struct load *load, uint64_t sequence, struct request *request, char *out)
{
    static const char *const verbs[] = {"reg", "ren", "ren", "ren", "del", "upd", "ren"};
    char *at = put_text(put_text(out, "disc/1 "), verbs[request->verb]), *end;
    at = put_envelope(load, at, sequence);
    switch ((enum verb)request->verb) {
    case REG: at = put_registration(load, at, request->first); break;
    case BATCH: at = put_items(load, at, out, request); break;
    case GROUP:
        at = put_number(put_text(at, " grp=g"), request->first / load->config.group_size);
        break;
    case PROBE: /* no group has so many: the refusal says how many there are */
        at = put_number(put_text(at, " grp=g"), request->first / load->config.group_size);
        at = put_text(at, " cnt=4294967295 sum=0000000000000000");
        break;
    case UPD:
        at = put_name(load, at, request->first);
        at = put_number(put_text(at, " w="), 1 + load->steps % 1000);
        break;
    case REN:
    case DEL: at = put_name(load, at, request->first); break;
    }
    end = at;
    if (load->signer) {
        at = put_text(at, request->verb == BATCH ? "\nmac=" : " mac=");
        /* Where that fails, the server refuses it: it is counted. */
        if (sign_make(load->signer, out, (size_t)(end - out), at))
            at += MAC_DIGITS;
    }
    *at++ = '\n';
    return (size_t)(at - out);
}
