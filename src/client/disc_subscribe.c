#include "disc_watch.h"

#include <stdio.h>
#include <string.h>

static const unsigned patience_ms[SENDS] = DISC_PATIENCE_MS;

static struct server *server_of(struct look s)
{
    return &s.d->servers[s.watch->server];
}

/* ---- asking ---------------------------------------------------------------------------- */

static void begin(struct watch *watch, enum watch_state state, uint64_t due)
{
    watch->state = state;
    watch->due = due;
    watch->stall = DISC_NEVER;
    watch->waiting = false;
    watch->sends = 0;
}

static void build(struct look s, struct writer *w)
{
    struct watch *watch = s.watch;
    *w = (struct writer){0};
    disc_put(w, "disc/1 sub");
    disc_put_param(w, "id", watch->id);
    if (*server_of(s)->cookie)
        disc_put_param(w, "ck", server_of(s)->cookie);
    if (*s.d->key_id)
        disc_put_param(w, "key", s.d->key_id);
    disc_put_param(w, "cid", s.d->cid);
    if (*s.d->key_id)
        disc_put_number(w, "n", watch->n_last = ++s.d->n);
    disc_put_param(w, "tok", watch->token);
    disc_put_param(w, "ns", watch->ns);
    disc_put_param(w, "svc", watch->service);
    disc_put_number(w, "from", watch->from);
    if (watch->lease_s)
        disc_put_number(w, "lease", (uint64_t)watch->lease_s);
    if (*s.d->key_id)
        disc_sign(s.d, w);
    disc_put(w, "\n");
}

static void transmit(struct look s)
{
    struct writer w;
    build(s, &w);
    if (!w.full)
        disc_send(server_of(s), &w);
}

/* The first try or a retry: the same id, a new n. */
static void transmit_try(struct look s)
{
    struct watch *watch = s.watch;
    if (watch->sends == 0) {
        disc_random_id(s.d, watch->id);
        if (!*watch->token)
            disc_random_id(s.d, watch->token);
        watch->based = watch->based && !watch->held; /* is it still to be doubted? */
        watch->from = watch->based ? watch->have : 0;
        watch->waiting = true;
        watch->replayed = false;
        watch->challenges = 0;
        watch->n_first = s.d->n + 1;
        watch->begun_ms = s.now;
    }
    watch->due = s.now + patience_ms[watch->sends++];
    transmit(s);
}

void disc_subscribe_again(struct look s)
{
    struct watch *watch = s.watch;
    if (watch->state != SUBSCRIBED)
        return; /* it is on its way already */
    uint64_t earliest = watch->begun_ms + ASK_GAP_MS;
    begin(watch, ASKING, earliest > s.now ? earliest : s.now);
}

/* ---- another server ---------------------------------------------------------------------- */

/* The list stays, but what we know of it is of another server. */
static void leave_server(struct look s)
{
    struct watch *watch = s.watch;
    if (s.d->server_count == 1)
        return;
    watch->server = (watch->server + 1) % s.d->server_count;
    *watch->token = 0;
    watch->subscribed = false;
    watch->based = false;
    watch->promised = 0;
    disc_push_forget(watch);
}

static void grow_old(struct watch *watch)
{
    if (watch->freshness == DISC_LIVE)
        watch->freshness = DISC_KEPT;
}

void disc_subscribe_elsewhere(struct look s)
{
    struct watch *watch = s.watch;
    bool all_tried = ++watch->tried >= s.d->server_count;
    uint64_t pause = watch->freshness == DISC_NONE ? FIRST_MS : AGAIN_MS;
    leave_server(s);
    grow_old(watch);
    begin(watch, ASKING, all_tried ? s.now + disc_jittered(s.d, pause, 20) : s.now);
    if (all_tried)
        watch->tried = 0;
    if (!all_tried || watch->complained)
        return;
    watch->complained = true;
    disc_watch_tell(s, DISC_WATCH_SILENT, NULL, "no answer; still trying");
}

/* All tries of a round went unanswered. */
static void round_silent(struct look s)
{
    if (server_of(s)->heard_ms <= s.watch->begun_ms)
        disc_reconnect(server_of(s));
    disc_subscribe_elsewhere(s);
}

/* ---- answers -------------------------------------------------------------------------------- */

bool disc_subscribe_is_answer(const struct disc *d, const struct watch *watch,
                              const struct reply *r)
{
    return watch->waiting && disc_is_answer(d, r, watch->id, watch->n_first, watch->n_last);
}

static uint64_t within(uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static void subscribed(struct look s, const struct reply *r)
{
    struct watch *watch = s.watch;
    uint64_t lease_ms = within(r->lease, 1, RENEW_MAX_MS / 1000) * 1000;
    watch->subscribed = true;
    watch->sub = r->sub;
    watch->opened = server_of(s)->opened;
    disc_copy_text(watch->life, sizeof(watch->life), r->epoch);
    watch->renew_ms =
        within(r->has_renew ? r->renew : lease_ms * 3 / 10, RENEW_MIN_MS, RENEW_MAX_MS);
    watch->lease_end = s.now + lease_ms;
    watch->tried = 0;
    watch->refusal = 0;
    begin(watch, SUBSCRIBED, s.now + disc_jittered(s.d, watch->renew_ms, 5));
}

/* What follows, and can we use it? */
static void on_ok(struct look s, const struct reply *r)
{
    struct watch *watch = s.watch;
    if (!r->has_sub || !r->has_seq || !*r->epoch || strlen(r->epoch) > EPOCH_MAX)
        return;
    bool same_life = watch->based && strcmp(watch->epoch, r->epoch) == 0;
    subscribed(s, r);
    if (watch->gathering.count && strcmp(watch->gathering.epoch, r->epoch) != 0)
        disc_push_forget(watch);
    if (!same_life || r->seq < watch->from) {
        watch->based = false;
        if (r->full != 1 && watch->from != 0) { /* it took our index for one of its own */
            disc_subscribe_again(s);
            return;
        }
    } else if (r->seq <= watch->have) {
        watch->promised = 0;
        disc_watch_confirm(s);
        return;
    }
    watch->promised = r->seq;
    watch->stall = s.now + STALL_MS;
}

static void on_chal(struct look s, const struct reply *r)
{
    if (*r->cookie && s.watch->challenges++ < CHALLENGES)
        transmit(s);
}

static bool is_new_refusal(struct watch *watch, const struct reply *r)
{
    if (watch->refusal == r->code && strcmp(watch->refusal_why, r->why) == 0)
        return false;
    watch->refusal = r->code;
    disc_copy_text(watch->refusal_why, sizeof(watch->refusal_why), r->why);
    return true;
}

static uint64_t pause_after(const struct reply *r)
{
    if (r->code != 429 && r->code != 503)
        return FAILED_MS;
    return within(r->has_wait ? r->wait : 1000, RENEW_MIN_MS, WAIT_MAX_MS);
}

static void tell_refusal(struct look s, const struct reply *r)
{
    char words[300];
    bool named = *r->field != 0;
    snprintf(words, sizeof(words), "%d %.24s%s%.40s%s: %s", r->code, r->why, named ? " (" : "",
             r->field, named ? ")" : "", disc_refusal_text(r->code, r->why));
    disc_watch_tell(s, DISC_WATCH_REFUSED, r, words);
}

/* A server that is just busy goes on telling us as long as the lease lasts. Else the next
 * one may know better; where there is none (left), a pause. */
static void on_err(struct look s, const struct reply *r)
{
    struct watch *watch = s.watch;
    uint64_t pause = pause_after(r);
    pause += disc_random_to(s.d, pause / 4);
    if (r->code == 425 && !watch->replayed) {
        watch->replayed = true;
        transmit(s);
        return;
    }
    if (pause_after(r) != FAILED_MS && watch->subscribed && s.now + pause < watch->lease_end) {
        begin(watch, ASKING, s.now + pause);
        return;
    }
    bool is_new = is_new_refusal(watch, r);
    if (is_new)
        tell_refusal(s, r); /* while the watch is still at this server */
    bool all_tried = ++watch->tried >= s.d->server_count;
    leave_server(s);
    grow_old(watch);
    begin(watch, ASKING, all_tried ? s.now + pause : s.now);
    if (all_tried)
        watch->tried = 0;
}

void disc_subscribe_reply(struct look s, const struct reply *r)
{
    server_of(s)->heard_ms = s.now;
    server_of(s)->closed = 0;
    disc_keep_cookie(server_of(s), r->cookie);
    if (strcmp(r->verb, "ok") == 0)
        on_ok(s, r);
    else if (strcmp(r->verb, "chal") == 0)
        on_chal(s, r);
    else if (strcmp(r->verb, "err") == 0 && r->code)
        on_err(s, r);
}

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t disc_subscribe_due(const struct disc *d, const struct watch *watch)
{
    if (watch->state == RESTING || d->server_count == 0)
        return DISC_NEVER;
    if (watch->state == SUBSCRIBED && d->servers[watch->server].opened != watch->opened)
        return 0; /* pushes go to a port that we no longer have */
    return watch->due < watch->stall ? watch->due : watch->stall;
}

void disc_subscribe_act(struct look s)
{
    struct watch *watch = s.watch;
    if (watch->state == RESTING)
        return;
    if (watch->state == SUBSCRIBED)
        begin(watch, ASKING, s.now);
    watch->stall = DISC_NEVER;
    if (watch->due > s.now)
        return;
    if (watch->sends == SENDS)
        round_silent(s);
    else
        transmit_try(s);
}

void disc_subscribe_end(struct disc *d, struct watch *watch)
{
    struct writer w = {0};
    if (!watch->subscribed || watch->server >= d->server_count)
        return;
    disc_put(&w, "disc/1 uns");
    disc_put_number(&w, "sub", watch->sub);
    disc_put_param(&w, "tok", watch->token);
    disc_put(&w, "\n");
    disc_send(&d->servers[watch->server], &w);
    watch->subscribed = false;
}
