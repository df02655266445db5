#include "fault/fault.h"

#include <stdio.h>
#include <string.h>

enum { PENDING_MAX = 4096, THREADS_MAX = 64, ID_MAX = 17 };

struct request { /* received, not acknowledged yet */
    char id[ID_MAX];
    size_t received; /* event numbers; 0 = not yet */
    size_t synced;   /* the end of the first sync that began after that */
    bool on_disk;
};

struct begun { /* what a thread is at */
    uint32_t thread;
    size_t sync, write;
};

struct state {
    struct request pending[PENDING_MAX];
    size_t pending_count;
    struct begun threads[THREADS_MAX];
    size_t last_write; /* the end of the newest good write */
    struct fault_order *out;
};

static struct begun *thread_of(struct state *s, uint32_t thread)
{
    size_t i = 0;
    while (i < THREADS_MAX - 1 && s->threads[i].thread && s->threads[i].thread != thread)
        i++;
    s->threads[i].thread = thread;
    return &s->threads[i];
}

/* The value of "id=" in the first line; false: it has none. */
static bool id_of(const char *text, char out[static ID_MAX])
{
    const char *at = strstr(text, " id=");
    const char *line = strchr(text, '\n');
    if (!at || (line && line < at))
        return false;
    size_t n = strcspn(at + 4, " \r\n");
    if (n >= ID_MAX)
        return false;
    memcpy(out, at + 4, n);
    out[n] = '\0';
    return true;
}

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static struct request *find(struct state *s, const char *text)
{
    char id[ID_MAX];
    if (!id_of(text, id))
        return NULL;
    for (size_t i = 0; i < s->pending_count; i++)
        if (strcmp(s->pending[i].id, id) == 0)
            return &s->pending[i];
    return NULL;
}

static void on_received(struct state *s, const char *text, size_t now)
{
    bool changes =
        begins(text, "disc/1 reg ") || begins(text, "disc/1 upd ") || begins(text, "disc/1 del ");
    if (!changes || s->pending_count == PENDING_MAX || find(s, text))
        return;
    struct request *r = &s->pending[s->pending_count];
    *r = (struct request){.received = now};
    s->pending_count += id_of(text, r->id);
}

/* A sync makes durable what was written before it began, never what came later. */
static void on_synced(struct state *s, size_t begun, size_t now)
{
    bool completed = false;
    for (size_t i = 0; i < s->pending_count; i++) {
        struct request *r = &s->pending[i];
        if (r->synced && r->synced < s->last_write && s->last_write < begun && !r->on_disk)
            completed = r->on_disk = true;
        if (!r->synced && begun > r->received)
            r->synced = now;
    }
    s->out->commits += completed;
}

static void on_durable_write(struct state *s, size_t begun)
{
    bool completed = false;
    for (size_t i = 0; i < s->pending_count; i++) {
        struct request *r = &s->pending[i];
        if (r->synced && begun > r->synced && !r->on_disk)
            completed = r->on_disk = true;
    }
    s->out->commits += completed;
}

static void complain(struct state *s, unsigned *count, const char *what, const char *text)
{
    if (!s->out->not_synced && !s->out->not_disk)
        snprintf(s->out->first, sizeof s->out->first, "%s: %s", what, text);
    ++*count;
}

static void on_sent(struct state *s, const char *text)
{
    struct request *r = begins(text, "disc/1 ok ") ? find(s, text) : NULL;
    if (!r)
        return;
    s->out->acknowledged++;
    if (!r->on_disk)
        complain(s, &s->out->not_synced, "sent before the commit was on disk", text);
    if (!strstr(text, " dur=disk"))
        complain(s, &s->out->not_disk, "without dur=disk", text);
    *r = s->pending[--s->pending_count];
}

static void take(struct state *s, const struct fault_event *e, size_t now)
{
    struct begun *thread = thread_of(s, e->thread);
    switch (atomic_load(&e->kind)) {
    case FAULT_SYNC_BEGIN: thread->sync = now; break;
    case FAULT_SYNC_END:
        if (e->result == 0)
            on_synced(s, thread->sync, now);
        break;
    case FAULT_WRITE_BEGIN: thread->write = now; break;
    case FAULT_WRITE_END:
        if (e->result <= 0)
            break;
        s->last_write = now;
        if (e->durable)
            on_durable_write(s, thread->write);
        break;
    case FAULT_RECEIVED: on_received(s, e->text, now); break;
    case FAULT_SENT: on_sent(s, e->text); break;
    default: break;
    }
}

void fault_order_check(const struct fault_event *events, size_t count, struct fault_order *out)
{
    static struct state s;
    memset(&s, 0, sizeof s);
    memset(out, 0, sizeof *out);
    s.out = out;
    for (size_t i = 0; i < count; i++)
        take(&s, &events[i], i + 1);
}
