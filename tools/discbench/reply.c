#include <stdlib.h>
#include <string.h>

#include "load.h"

/* The value of " key=" in the first line; NULL when it is not there. */
static const char *value_of(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? at + strlen(key) : NULL;
}

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

uint64_t reply_sequence(const char *line)
{
    const char *id = value_of(line, " id=");
    return id ? strtoull(id, NULL, 10) : FLOW_NOBODYS;
}

static void count_ok(struct load *load, const struct request *request, const char *line)
{
    const char *done = value_of(line, " cnt=");
    struct tally *tally = load->tally;
    tally->ok++;
    switch ((enum verb)request->verb) {
    case REG: load->registered[request->first] = 1; break;
    case DEL: load->registered[request->first] = 0; break;
    case BATCH: tally->renewed += done ? strtoull(done, NULL, 10) : request->count; break;
    case REN: tally->renewed++; break;
    case GROUP: tally->renewed += load->members[request->first / load->config.group_size]; break;
    case UPD:
    case PROBE: break;
    }
}

/* "The group is another": it has so many. A group that is not there has none. */
static bool count_members(struct load *load, const struct request *request, const char *line,
                          unsigned long code)
{
    const char *count = value_of(line, " cnt=");
    if (request->verb != PROBE || (code != 404 && !(code == 409 && count)))
        return false;
    load->members[request->first / load->config.group_size] =
        code == 404 ? 0 : (uint32_t)strtoul(count, NULL, 10);
    load->tally->ok++;
    return true;
}

static void count_error(struct load *load, const struct request *request, const char *line)
{
    const char *code = value_of(line, " c=");
    unsigned long value = code ? strtoul(code, NULL, 10) : 0;
    if (count_members(load, request, line, value))
        return;
    tally_error(load->tally, value);
    if (value == 404 && request->verb != BATCH && request->verb != GROUP)
        load->registered[request->first] = 0;
}

/* A server that wants a cookie: what was answered so is lost, the rest carries it. */
static void keep_cookie(struct load *load, const char *line)
{
    const char *cookie = value_of(line, " ck=");
    size_t n = cookie ? strcspn(cookie, " \r\n") : 0;
    load->tally->challenges++;
    if (n == 0 || n >= sizeof(load->cookie))
        return;
    memcpy(load->cookie, cookie, n);
    load->cookie[n] = 0;
}

/* What is not signed by the server changes nothing. Refusals before the key is looked at (slow, a
 * wrong signature) are not: the code is worth knowing. */
static bool is_the_servers(struct load *load, const char *line, size_t size)
{
    return !load->signer || sign_is_right(load->signer, line, size);
}

static bool count_unsigned(struct load *load, const char *line)
{
    const char *code = begins(line, "disc/1 err ") ? value_of(line, " c=") : NULL;
    if (code)
        tally_error(load->tally, strtoul(code, NULL, 10));
    else
        load->tally->forged++;
    return code != NULL;
}

bool reply_read(struct load *load, const struct request *request, const char *line, size_t size,
                uint64_t now_ns)
{
    const struct load_watcher *watcher = &load->config.watcher;
    bool ok = false, answer = true;
    if (begins(line, "disc/1 chal ")) {
        keep_cookie(load, line);
        answer = false;
    } else if (!is_the_servers(load, line, size)) {
        answer = count_unsigned(load, line);
    } else if ((ok = begins(line, "disc/1 ok "))) {
        count_ok(load, request, line);
    } else {
        count_error(load, request, line);
    }
    if (watcher->replied)
        watcher->replied(watcher->context, request, ok, now_ns);
    return answer;
}
