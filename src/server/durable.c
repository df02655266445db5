#include "server/durable.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/clock.h"

#define ALIVE_MS 60000         /* how often the mark of life is written */
#define STALE_AFTER_MS 3600000 /* away for longer: what was stored is the last choice */
#define WAITING_MAX 65536      /* changes off disk, above which nothing new is taken */

struct durable {
    char *dir;
    struct store *store; /* NULL = memory only; the store thread's once it runs */
    struct store_journal *journal;
    struct committer *committer;
    struct store_batch *unstored; /* taken, but not the committer's yet */
    uint64_t flushed;             /* the last change that was taken */
    struct store_meta meta;       /* as last noted in the journal */
    uint64_t away_ms;             /* how long no server was alive before this one */
    uint32_t first_serial;
    uint64_t first_index;
    uint32_t ceiling;      /* on disk */
    uint64_t meta_change;  /* the change that carries `meta` */
    uint64_t alive_due_ms; /* monotonic */
    struct durable_state state;
    void (*news)(void *context);
    void *news_context;
    struct store_report restored;
    uint64_t restored_in_ms;
    _Atomic uint64_t entries, file_bytes; /* written after commits */
    bool stopped;
    bool serials_passed; /* above `ceiling`, and that was said */
    bool behind;         /* more waits for the disk than should */
    struct log_limit memory_limit, behind_limit;
};

/* ---- writing ---------------------------------------------------------------------------- */

static void note_size(struct durable *d)
{
    struct store_size size = store_size(d->store);
    atomic_store_explicit(&d->entries, size.entries, memory_order_relaxed);
    atomic_store_explicit(&d->file_bytes, size.file_bytes, memory_order_relaxed);
}

/* On the store thread, and before there is one. */
static enum err commit(void *context, struct store_batch *const *batches, size_t count,
                       char fault[static STORE_FAULT_TEXT])
{
    struct durable *d = context;
    enum err err = store_commit(d->store, batches, count, fault);
    if (!err)
        note_size(d);
    return err;
}

static enum err note_meta(struct durable *d, const struct store_meta *meta)
{
    enum err err = store_journal_meta(d->journal, meta);
    if (err)
        return err;
    d->meta = *meta;
    d->meta_change = store_journal_last(d->journal);
    return ERR_OK;
}

static void note_committed(struct durable *d, uint64_t change)
{
    store_journal_committed(d->journal, change);
    d->state.committed = change;
    if (change >= d->meta_change)
        d->ceiling = d->meta.serial_ceiling;
}

/* Nothing new is taken while it could not be stored, or while the disk is far behind. */
static void choose_mode(struct durable *d)
{
    uint64_t last = store_journal_last(d->journal);
    d->state.waiting = last > d->state.committed ? last - d->state.committed : 0;
    bool behind = d->state.waiting > (d->behind ? WAITING_MAX / 2 : WAITING_MAX);
    if (behind && !d->behind)
        log_limited(&d->behind_limit, clock_monotonic_ms(), LOG_LEVEL_WARN,
                    "store: %llu changes wait for the disk: registrations are refused until half "
                    "of them are stored",
                    (unsigned long long)d->state.waiting);
    d->behind = behind;
    d->state.readonly = d->state.fault.err || behind;
    store_journal_readonly(d->journal, d->state.readonly);
}

/* 0 means that there is none. */
static uint32_t ceiling_above(uint32_t serial)
{
    uint32_t ceiling = serial + SERIAL_STEP;
    return ceiling ? ceiling : 1;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* The first numbers, on disk before anything is served. */
static enum err store_start(struct durable *d, struct store_meta meta)
{
    struct committer_fault fault = {ERR_OK, {0}};
    meta.boots++;
    meta.serial_ceiling = ceiling_above(d->first_serial);
    meta.index_ceiling = d->first_index + INDEX_STEP;
    if (!meta.alive_ms) /* else only once it serves */
        meta.alive_ms = clock_wall_ms();
    if (note_meta(d, &meta))
        return ERR_MEMORY;
    struct store_batch *batch = store_journal_take(d->journal);
    if (!batch)
        return ERR_MEMORY;
    fault.err = commit(d, &batch, 1, fault.text);
    if (!fault.err) {
        note_committed(d, store_batch_last(batch));
        store_batch_free(batch);
        return ERR_OK;
    }
    d->unstored = batch;
    if (fault.err != ERR_FULL && fault.err != ERR_READONLY) {
        log_error("%s", fault.text);
        return fault.err;
    }
    log_error("nothing can be stored: %s; starting all the same: DNS and heartbeats work, "
              "registrations are refused until it can, and zone serials may repeat",
              fault.text);
    d->serials_passed = true;
    d->state.fault = fault;
    choose_mode(d);
    return ERR_OK;
}

/* The folder as it is called everywhere: the configuration's may be "zones/../data". */
static void show_path(struct durable *d)
{
    char *path = realpath(d->dir, NULL);
    if (!path)
        return;
    free(d->dir);
    d->dir = path;
}

static enum err open_store(struct durable *d, uid_t uid, gid_t gid)
{
    struct store_options options = {.dir = d->dir, .uid = uid, .gid = gid};
    struct store_meta meta = {0};
    char fault[STORE_FAULT_TEXT] = "";
    uint64_t now = clock_wall_ms();
    enum err err = store_open(&options, &d->store, &meta, fault);
    if (err) {
        log_error("%s", fault[0] ? fault : err_text(err));
        return err;
    }
    show_path(d);
    note_size(d);
    if (meta.alive_ms && meta.alive_ms < now)
        d->away_ms = now - meta.alive_ms;
    if (meta.serial_ceiling)
        d->first_serial = meta.serial_ceiling;
    if (d->first_index < meta.index_ceiling)
        d->first_index = meta.index_ceiling;
    return store_start(d, meta);
}

enum err durable_open(const char *dir, uid_t uid, gid_t gid, struct durable **out)
{
    struct durable *d = calloc(1, sizeof *d);
    if (!d)
        return ERR_MEMORY;
    d->dir = strdup(dir);
    d->journal = store_journal_new();
    d->first_serial = (uint32_t)(clock_wall_ms() / 1000);
    d->first_index = clock_wall_ms() * 1000;
    enum err err = d->dir && d->journal ? ERR_OK : ERR_MEMORY;
    if (!err && dir[0])
        err = open_store(d, uid, gid);
    if (err) {
        durable_close(d);
        return err;
    }
    *out = d;
    return ERR_OK;
}

void durable_close(struct durable *d)
{
    if (!d)
        return;
    durable_stop(d);
    committer_free(d->committer);
    store_batch_free(d->unstored);
    store_journal_free(d->journal);
    store_close(d->store);
    free(d->dir);
    free(d);
}

bool durable_on_disk(const struct durable *d)
{
    return d->store != NULL;
}

uint32_t durable_boots(const struct durable *d)
{
    return d->meta.boots;
}

uint32_t durable_first_serial(const struct durable *d)
{
    return d->first_serial;
}

uint64_t durable_first_index(const struct durable *d)
{
    return d->first_index;
}

struct counted {
    char text[48];
};

/* "1 service", "2 services". */
static struct counted counted(uint64_t n, const char *what)
{
    struct counted out;
    snprintf(out.text, sizeof out.text, "%llu %s%s", (unsigned long long)n, what,
             n == 1 ? "" : "s");
    return out;
}

void durable_say_restored(const struct durable *d, uint64_t services)
{
    const struct store_report *r = &d->restored;
    if (!d->store)
        return;
    log_info("restored %s, %s, %s, %s in %llu ms", counted(r->instances, "instance").text,
             counted(services, "service").text, counted(r->overrides, "override").text,
             counted(r->records, "plain record").text, (unsigned long long)d->restored_in_ms);
    if (r->damaged)
        log_warn("store: %llu damaged entries were left out; their instances come back when they "
                 "register again",
                 (unsigned long long)r->damaged);
    if (d->away_ms > STALE_AFTER_MS && r->instances)
        log_warn("no server ran on this data for %llu minutes: what was restored is used only "
                 "where nothing else is live, until it is heard of again",
                 (unsigned long long)(d->away_ms / 60000));
}

enum err durable_restore(struct durable *d, struct registry *r, struct moment now)
{
    if (!d->store)
        return ERR_OK;
    uint64_t start_ms = clock_monotonic_ms();
    enum err err = store_read(d->store, r, d->away_ms > STALE_AFTER_MS, now, &d->restored);
    if (err)
        return err;
    d->restored_in_ms = clock_monotonic_ms() - start_ms;
    struct registry_journal hooks = store_journal_hooks(d->journal);
    registry_set_journal(r, &hooks);
    return ERR_OK;
}

struct durable_parts durable_parts(struct durable *d)
{
    return (struct durable_parts){d->store, d->journal, &d->restored};
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void look(struct durable *d)
{
    struct committer_state now;
    committer_state(d->committer, &now);
    d->state.fault = now.fault;
    if (now.committed > d->state.committed)
        note_committed(d, now.committed);
    choose_mode(d);
}

static void on_news(void *context)
{
    struct durable *d = context;
    look(d);
    durable_flush(d); /* the queue may have been full */
    d->news(d->news_context);
}

enum err durable_start(struct durable *d, struct event_base *base, void (*news)(void *context),
                       void *context)
{
    if (!d->store)
        return ERR_OK;
    struct committer_options options = {
        .base = base,
        .commit = commit,
        .commit_context = d,
        .done = on_news,
        .done_context = d,
        .fault = d->state.fault,
    };
    d->news = news;
    d->news_context = context;
    d->committer = committer_start(&options);
    if (!d->committer)
        return ERR_MEMORY;
    durable_flush(d);
    return ERR_OK;
}

void durable_begin(struct durable *d)
{
    if (d->store)
        store_journal_begin(d->journal);
}

uint64_t durable_wait(const struct durable *d)
{
    return d->store ? store_journal_wait(d->journal) : 0;
}

uint64_t durable_last(const struct durable *d)
{
    return d->store ? store_journal_last(d->journal) : 0;
}

void durable_flush(struct durable *d)
{
    uint64_t last = store_journal_last(d->journal);
    if (!d->committer || (!d->unstored && last == d->flushed))
        return;
    if (!d->unstored && committer_has_room(d->committer)) {
        d->unstored = store_journal_take(d->journal);
        d->flushed = last;
    }
    if (d->unstored && committer_push(d->committer, d->unstored))
        d->unstored = NULL;
    choose_mode(d);
}

static void watch_serial(struct durable *d, uint32_t serial)
{
    bool passed = (int32_t)(d->ceiling - serial) <= 0;
    if (passed && !d->serials_passed)
        log_error("the zones' serials have passed what is stored: after a crash they may repeat, "
                  "and secondaries then miss changes");
    d->serials_passed = passed;
}

static bool ceiling_is_near(const struct durable *d, uint32_t serial)
{
    return (int32_t)(d->meta.serial_ceiling - serial) < SERIAL_STEP / 2; /* RFC 1982 section 3.2 */
}

static bool index_is_near(const struct durable *d, uint64_t index)
{
    return d->meta.index_ceiling < index + INDEX_STEP / 2;
}

void durable_turn(struct durable *d, struct moment now, uint32_t serial, uint64_t index)
{
    struct store_meta meta = d->meta;
    uint64_t monotonic_ms = clock_monotonic_ms();
    if (!d->committer)
        return;
    watch_serial(d, serial);
    bool near = ceiling_is_near(d, serial), index_near = index_is_near(d, index);
    bool due = monotonic_ms >= d->alive_due_ms;
    if (!near && !index_near && (!due || d->state.fault.err))
        return;
    if (near)
        meta.serial_ceiling = ceiling_above(serial);
    if (index_near)
        meta.index_ceiling = index + INDEX_STEP;
    meta.alive_ms = now.wall_ms;
    d->alive_due_ms = monotonic_ms + ALIVE_MS;
    if (note_meta(d, &meta))
        log_limited(&d->memory_limit, monotonic_ms, LOG_LEVEL_ERROR,
                    "out of memory: a mark of the server's life was not stored");
}

const struct durable_state *durable_state(const struct durable *d)
{
    return &d->state;
}

void durable_stop(struct durable *d)
{
    if (!d->committer || d->stopped)
        return;
    d->stopped = true;
    struct store_meta meta = d->meta;
    meta.alive_ms = clock_wall_ms();
    if (!note_meta(d, &meta))
        durable_flush(d);
    committer_stop(d->committer);
    look(d);
}

struct durable_report durable_report(const struct durable *d)
{
    struct durable_report report = {
        .dir = d->dir,
        .last_error_ms = UINT64_MAX,
        .entries = atomic_load_explicit(&d->entries, memory_order_relaxed),
        .file_bytes = atomic_load_explicit(&d->file_bytes, memory_order_relaxed),
        .restored = d->restored,
        .restored_in_ms = d->restored_in_ms,
        .restored_stale = d->away_ms > STALE_AFTER_MS,
    };
    if (d->committer) {
        struct committer_state now;
        committer_state(d->committer, &now);
        report.counters = committer_counters(d->committer);
        report.cpu_us = committer_cpu_us(d->committer);
        if (now.failed_us)
            report.last_error_ms = (clock_monotonic_us() - now.failed_us) / 1000;
    }
    return report;
}
