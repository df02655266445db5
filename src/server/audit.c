#include "server/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "server/audit_keys.h"
#include "server/audit_line.h"
#include "server/path_check.h"

#define TOKEN 1000 /* tokens are counted in thousandths */
#define ADDRESSES_TEXT (ADDRESSES_MAX * ADDR_TEXT)

static const char *const kind_texts[AUDIT_KINDS] = {
    [AUDIT_REGISTERED] = "registered", [AUDIT_TAKEN_OVER] = "taken-over",
    [AUDIT_MOVED] = "moved",           [AUDIT_DEREGISTERED] = "deregistered",
    [AUDIT_DENIED] = "denied",         [AUDIT_OVERRIDE] = "override",
    [AUDIT_EVICTED] = "evicted",       [AUDIT_GUARD] = "guard",
    [AUDIT_BROWNOUT] = "brownout",     [AUDIT_KEYS] = "keys",
};

/* What there is of one kind. */
struct limit {
    uint64_t at_ms, tokens;
    uint64_t untold; /* left out since the last line */
    uint64_t lines, left_out;
    bool used;
};

struct audit {
    struct audit_options options; /* `target` is our own copy */
    char *target;
    int fd; /* -1 = off */
    struct limit limits[AUDIT_KINDS];
    uint64_t failures;
    struct log_limit trouble;
};

/* ---- where it goes ------------------------------------------------------------------------- */

static bool is_own_file(const struct audit *a)
{
    return a->fd >= 0 && a->fd != STDERR_FILENO;
}

/* A link at the end of the path is not followed: the folder may be somebody else's. */
static int open_file(const struct audit_options *o, const char *path)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    struct stat st;
    int fd = open(path, flags, 0640);
    if (fd < 0 || fstat(fd, &st)) {
        log_error("log.audit: %s cannot be opened: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        log_error("log.audit: %s is no file", path);
    } else if (geteuid() == 0 && o->uid != (uid_t)-1 && S_ISREG(st.st_mode) &&
               fchown(fd, o->uid, o->gid)) {
        log_error("log.audit: %s cannot be given to its user: %s", path, strerror(errno));
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool is_word(const char *target)
{
    return strcmp(target, "off") == 0 || strcmp(target, "stderr") == 0;
}

enum err audit_check(const char *target)
{
    struct stat st;
    if (is_word(target))
        return ERR_OK;
    if (lstat(target, &st) == 0 && S_ISLNK(st.st_mode)) {
        log_error("log.audit: %s is a link, which is not followed", target);
        return ERR_SYSTEM;
    }
    return path_check("log.audit", target, true);
}

static enum err open_target(const struct audit_options *o, const char *target, int *fd)
{
    *fd = -1;
    if (strcmp(target, "off") == 0)
        return ERR_OK;
    *fd = strcmp(target, "stderr") ? open_file(o, target) : STDERR_FILENO;
    return *fd < 0 ? ERR_SYSTEM : ERR_OK;
}

enum err audit_new(const struct audit_options *options, struct audit **out)
{
    struct audit *a = calloc(1, sizeof *a);
    char *target = strdup(options->target);
    enum err err = a && target ? open_target(options, target, &a->fd) : ERR_MEMORY;
    if (err) {
        free(target);
        free(a);
        return err;
    }
    a->options = *options;
    a->options.target = NULL;
    a->target = target;
    *out = a;
    return ERR_OK;
}

static void use(struct audit *a, int fd)
{
    if (is_own_file(a))
        close(a->fd);
    a->fd = fd;
}

void audit_reopen(struct audit *a)
{
    int fd;
    if (is_own_file(a) && !open_target(&a->options, a->target, &fd))
        use(a, fd);
}

void audit_configure(struct audit *a, const char *target)
{
    int fd;
    if (strcmp(target, a->target) == 0)
        return;
    char *copy = strdup(target);
    if (!copy || open_target(&a->options, copy, &fd)) {
        log_error("log.audit: the audit log still goes to %s", a->target);
        free(copy);
        return;
    }
    use(a, fd);
    free(a->target);
    a->target = copy;
}

/* ---- lines --------------------------------------------------------------------------------- */

static void fill(struct limit *l, uint64_t now_ms)
{
    const uint64_t full = (uint64_t)AUDIT_BURST * TOKEN;
    uint64_t passed = now_ms > l->at_ms ? now_ms - l->at_ms : 0;
    if (!l->used || passed >= full / AUDIT_RATE)
        l->tokens = full;
    else if ((l->tokens += passed * AUDIT_RATE) > full)
        l->tokens = full;
    l->used = true;
    l->at_ms = now_ms;
}

/* Begins a line unless there were too many. */
static bool begin(struct audit *a, enum audit_kind kind, struct moment now, struct audit_line *line)
{
    struct limit *l = &a->limits[kind];
    if (a->fd < 0)
        return false;
    fill(l, now.lease_ms);
    if (l->tokens < TOKEN) {
        l->untold++;
        l->left_out++;
        return false;
    }
    l->tokens -= TOKEN;
    l->lines++;
    bool stamps = a->options.stamps || is_own_file(a);
    audit_line_begin(line, stamps ? now.wall_ms : 0, kind_texts[kind]);
    return true;
}

static void finish(struct audit *a, enum audit_kind kind, struct moment now,
                   struct audit_line *line)
{
    struct limit *l = &a->limits[kind];
    size_t used = line->used;
    if (l->untold)
        audit_line_number(line, "left_out", l->untold);
    bool told = line->used > used;
    struct text text = audit_line_end(line);
    if (write(a->fd, text.s, text.n) == (ssize_t)text.n) {
        l->untold = told ? 0 : l->untold;
        return;
    }
    a->failures++;
    if (is_own_file(a))
        log_limited(&a->trouble, now.lease_ms, LOG_LEVEL_ERROR,
                    "log.audit: %s cannot be written: %s", a->target, strerror(errno));
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    use(a, -1);
    free(a->target);
    free(a);
}

/* ---- parts of lines -------------------------------------------------------------------------- */

static void put_key(struct audit_line *line, struct instance_key key)
{
    audit_line_put_some(line, "ns", key.ns);
    audit_line_put_some(line, "service", key.service);
    audit_line_put_some(line, "instance", key.id);
}

static void put_principal(struct audit_line *line, const char *key, const struct principal *p)
{
    char text[PRINCIPAL_TEXT];
    audit_line_put(line, key, text_of(principal_format(p, text)));
}

static void put_address(struct audit_line *line, const char *key, const struct addr *addr)
{
    char text[ADDR_TEXT];
    if (addr->family != FAMILY_NONE)
        audit_line_put(line, key, text_of(addr_format(addr, text)));
}

static void put_addresses(struct audit_line *line, const struct record *record)
{
    char text[ADDRESSES_TEXT], one[ADDR_TEXT];
    size_t used = 0;
    for (unsigned n = 0; n < record->address_count; n++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", n ? "," : "",
                                 addr_format(&record->addresses[n], one));
    audit_line_put(line, "addr", (struct text){text, used});
}

/* ---- what is told ---------------------------------------------------------------------------- */

static enum audit_kind kind_of(enum registry_deed_kind kind)
{
    static const enum audit_kind audited[] = {
        [DEED_REGISTERED] = AUDIT_REGISTERED,
        [DEED_TAKEN_OVER] = AUDIT_TAKEN_OVER,
        [DEED_MOVED] = AUDIT_MOVED,
        [DEED_DEREGISTERED] = AUDIT_DEREGISTERED,
    };
    return audited[kind];
}

void audit_deed(struct audit *a, const struct registry_deed *deed, struct moment now)
{
    struct audit_line line;
    struct record record;
    enum audit_kind kind = kind_of(deed->kind);
    if (!begin(a, kind, now, &line))
        return;
    instance_read(deed->instance, &record);
    put_key(&line, instance_key(deed->instance));
    const struct principal *asker = deed->by ? deed->by : deed->who;
    put_principal(&line, "who", asker);
    if (deed->by)
        put_principal(&line, "owner", deed->who);
    if (deed->before)
        put_principal(&line, "before", deed->before);
    put_address(&line, "from", &asker->addr);
    put_addresses(&line, &record);
    audit_line_put_some(&line, "group", record.group);
    if (kind != AUDIT_DEREGISTERED)
        audit_line_number(&line, "lease", record.lease_s);
    finish(a, kind, now, &line);
}

static void note_eviction(struct audit *a, struct instance_key key, const struct principal *owner,
                          const char *why, struct moment now)
{
    struct audit_line line;
    if (!begin(a, AUDIT_EVICTED, now, &line))
        return;
    put_key(&line, key);
    if (owner)
        put_principal(&line, "owner", owner);
    audit_line_put(&line, "why", text_of(why));
    finish(a, AUDIT_EVICTED, now, &line);
}

static void note_guard(struct audit *a, const struct guard_state *g, enum audit_kind kind, bool on,
                       struct moment now)
{
    struct audit_line line;
    if (!begin(a, kind, now, &line))
        return;
    audit_line_put(&line, "state", on ? TEXT("on") : TEXT("off"));
    audit_line_put_some(&line, "zone", g->zone);
    if (kind == AUDIT_GUARD) {
        audit_line_put(&line, "mode", text_of(guard_mode_text(g->mode)));
        audit_line_number(&line, "hosts", g->hosts);
        audit_line_number(&line, "late_hosts", g->late_hosts);
    } else {
        audit_line_number(&line, "leases", g->counted);
        audit_line_number(&line, "late", g->late);
    }
    finish(a, kind, now, &line);
}

void audit_event(struct audit *a, const struct registry_event *event, struct moment now)
{
    struct instance_state state;
    switch (event->kind) {
    case REGISTRY_EVICTED:
        instance_state(event->instance, &state);
        note_eviction(a, instance_key(event->instance), &state.owner, "expired", now);
        break;
    case REGISTRY_GUARD_ON: note_guard(a, event->guard, AUDIT_GUARD, true, now); break;
    case REGISTRY_GUARD_OFF: note_guard(a, event->guard, AUDIT_GUARD, false, now); break;
    case REGISTRY_BROWNOUT_ON: note_guard(a, event->guard, AUDIT_BROWNOUT, true, now); break;
    case REGISTRY_BROWNOUT_OFF: note_guard(a, event->guard, AUDIT_BROWNOUT, false, now); break;
    case REGISTRY_STALE: /* still there */
    case REGISTRY_LATE: break;
    }
}

void audit_probed(struct audit *a, struct instance_key key, struct moment now)
{
    note_eviction(a, key, NULL, "probe", now);
}

void audit_denied(struct audit *a, const struct principal *who, struct text ns, struct text service,
                  struct moment now)
{
    struct audit_line line;
    if (!begin(a, AUDIT_DENIED, now, &line))
        return;
    put_key(&line, (struct instance_key){ns, service, {0}});
    put_principal(&line, "who", who);
    put_address(&line, "from", &who->addr);
    audit_line_put(&line, "why", TEXT("protected"));
    finish(a, AUDIT_DENIED, now, &line);
}

void audit_http(struct audit *a, const struct http_deed *deed, struct moment now)
{
    static const struct {
        enum audit_kind kind;
        const char *key; /* of what it says */
    } rows[] = {
        [HTTP_DEED_OVERRIDE] = {AUDIT_OVERRIDE, "set"},
        [HTTP_DEED_EVICT] = {AUDIT_EVICTED, "did"},
        [HTTP_DEED_GUARD] = {AUDIT_GUARD, "set"},
        [HTTP_DEED_DENIED] = {AUDIT_DENIED, "why"},
    };
    struct audit_line line;
    enum audit_kind kind = rows[deed->kind].kind;
    if (!begin(a, kind, now, &line))
        return;
    put_key(&line, deed->key);
    put_principal(&line, "who", &deed->who);
    put_address(&line, "from", &deed->from);
    if (kind == AUDIT_EVICTED)
        audit_line_put(&line, "why", TEXT("operator"));
    audit_line_put_some(&line, rows[deed->kind].key, text_of(deed->what));
    audit_line_put(&line, "over", TEXT("http"));
    finish(a, kind, now, &line);
}

void audit_keys(struct audit *a, const struct keys_change *change, struct moment now)
{
    struct audit_line line;
    if (!begin(a, AUDIT_KEYS, now, &line))
        return;
    audit_line_put(&line, "kind", text_of(change->kind));
    audit_line_put_some(&line, "file", text_of(change->file));
    audit_line_number(&line, "keys", change->count);
    audit_line_put_some(&line, "added", text_of(change->added));
    audit_line_put_some(&line, "removed", text_of(change->removed));
    audit_line_put_some(&line, "changed", text_of(change->changed));
    finish(a, AUDIT_KEYS, now, &line);
}

/* ---- state ------------------------------------------------------------------------------------
 */

json_t *audit_status(const struct audit *a)
{
    json_t *lines = json_object(), *left_out = json_object();
    for (unsigned n = 0; n < AUDIT_KINDS; n++) {
        json_object_set_new(lines, kind_texts[n], json_integer((json_int_t)a->limits[n].lines));
        json_object_set_new(left_out, kind_texts[n],
                            json_integer((json_int_t)a->limits[n].left_out));
    }
    return json_pack("{s:s,s:o,s:o,s:I}", "to", a->target, "lines", lines, "left_out", left_out,
                     "failures", (json_int_t)a->failures);
}
