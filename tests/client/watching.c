#include "watching.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void note(void *context, const struct disc_watch_event *e)
{
    struct watching *w = context;
    assert_true(w->seen_count < SEEN_MAX);
    struct watch_seen *seen = &w->seen[w->seen_count++];
    *seen = (struct watch_seen){.kind = e->kind, .watch = e->watch, .code = e->code};
    assert_string_equal(e->service, "web");
    snprintf(seen->server, sizeof(seen->server), "%s", e->server);
    snprintf(seen->why, sizeof(seen->why), "%s", e->why);
    snprintf(seen->words, sizeof(seen->words), "%s", e->words);
}

void watching_open(struct watching *w, unsigned servers, const struct disc_watch_spec *spec,
                   const struct disc_options *options)
{
    static const struct disc_watch_spec defaults = DISC_WATCH_SPEC_INIT;
    struct disc_watch_spec own = spec ? *spec : defaults;
    memset(w, 0, sizeof(*w));
    stage_open(&w->s, servers, options);
    own.service = "web";
    own.changed = note;
    own.context = w;
    w->watch = disc_watch(w->s.d, &own);
    assert_true(w->watch > 0);
}

void watching_open_live(struct watching *w, unsigned servers, const struct disc_watch_spec *spec)
{
    watching_open(w, servers, spec, NULL);
    pass(&w->s, 0);
    hear(w, 0, SUB "0");
    say(w, 0, SUB_OK);
    say(w, 0, TWO);
    hear(w, 0, ACK "102");
    seen(w, DISC_WATCH_LIVE);
    seen(w, DISC_WATCH_CHANGED);
    assert_nothing_seen(w);
}

void watching_close(struct watching *w)
{
    stage_close(&w->s);
}

/* Copies the value behind " key=" out of the request, and puts the sign in its place. */
static void mask(char *text, const char *key, char sign, char *out, size_t size)
{
    char *at = strstr(text, key);
    if (!at)
        return;
    at += strlen(key);
    size_t n = strcspn(at, " \n");
    if (out)
        snprintf(out, size, "%.*s", (int)n, at);
    *at = sign;
    memmove(at + 1, at + n, strlen(at + n) + 1);
}

void hear(struct watching *w, unsigned server, const char *text)
{
    char shown[DISC_DATAGRAM_MAX + 1];
    struct fake *f = &w->s.servers[server];
    socklen_t size = sizeof(f->peer);
    ssize_t n =
        recvfrom(f->fd, f->last, sizeof(f->last) - 1, 0, (struct sockaddr *)&f->peer, &size);
    if (n <= 0)
        fail_msg("server %u: nothing came in place of %s", server, text);
    f->last[n] = 0;
    assert_int_equal(f->last[n - 1], '\n');
    memcpy(shown, f->last, (size_t)n);
    shown[n - 1] = 0;
    bool is_sub = strncmp(shown, "disc/1 sub ", 11) == 0;
    if (is_sub)
        mask(shown, " id=", '*', f->id, sizeof(f->id));
    else
        mask(shown, " id=", '$', NULL, 0);
    mask(shown, " cid=", '@', NULL, 0);
    char token[17] = "";
    mask(shown, " tok=", '$', token, sizeof(token));
    assert_string_equal(shown, text);
    assert_int_equal(strlen(token), 16);
    if (is_sub)
        memcpy(w->token, token, sizeof(token));
    else
        assert_string_equal(token, w->token);
}

void say(struct watching *w, unsigned server, const char *text)
{
    char bytes[4 * DISC_DATAGRAM_MAX];
    struct fake *f = &w->s.servers[server];
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        const char *piece = *c == '*' ? f->id : *c == '$' ? w->token : NULL;
        n += (size_t)(piece ? snprintf(bytes + n, sizeof(bytes) - n, "%s", piece)
                            : snprintf(bytes + n, sizeof(bytes) - n, "%c", *c));
    }
    assert_true(n <= DISC_DATAGRAM_MAX);
    assert_int_equal(sendto(f->fd, bytes, n, 0, (struct sockaddr *)&f->peer, sizeof(f->peer)), n);
    disc_process(w->s.d, w->s.now);
}

struct disc_list list_of(struct watching *w)
{
    struct disc_list list;
    assert_int_equal(disc_get(w->s.d, w->watch, w->s.now, &list), DISC_OK);
    return list;
}

void assert_list(struct watching *w, enum disc_freshness freshness, const char *ids)
{
    char shown[4096] = "";
    struct disc_list list = list_of(w);
    for (size_t i = 0; i < list.count; i++) {
        size_t n = strlen(shown);
        snprintf(shown + n, sizeof(shown) - n, "%s%s", i ? " " : "", list.instances[i].id);
    }
    assert_string_equal(shown, ids);
    assert_int_equal(list.freshness, freshness);
}

const struct watch_seen *seen(struct watching *w, enum disc_watch_kind kind)
{
    if (w->seen_looked_at == w->seen_count)
        fail_msg("there is no event");
    const struct watch_seen *seen = &w->seen[w->seen_looked_at++];
    assert_int_equal(seen->kind, kind);
    assert_int_equal(seen->watch, w->watch);
    return seen;
}

void assert_nothing_seen(struct watching *w)
{
    if (w->seen_looked_at != w->seen_count)
        fail_msg("unexpected event: %s", w->seen[w->seen_looked_at].words);
}
