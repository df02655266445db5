#include "store/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/fault.h"
#include "store/pages.h"
#include "store/value.h"

/* What the other process found; sent whole, or it did not live to see the end. */
struct verdict {
    enum err err;
    char fault[STORE_FAULT_TEXT];
};

struct look {
    bool has_format;
    bool newer;
    uint64_t entries; /* by the pages */
    uint64_t read;    /* by LMDB */
};

/* ---- in the other process ------------------------------------------------------------ */

/* One damaged value is no matter here: it is left out when entries are read. */
static void look_at(void *context, struct text stored, struct text value)
{
    struct look *look = context;
    struct text key;
    struct entry entry;
    enum store_table table = engine_key(stored, &key);
    look->entries++;
    if (table == STORE_TABLES)
        return;
    enum value_fault fault = value_decode(table, key, value, &entry);
    look->newer |= fault == VALUE_NEWER;
    look->has_format |= table == STORE_META && text_is(key, META_FORMAT);
}

static int read_again(void *context, enum store_table table, struct text key, struct text value)
{
    struct look *look = context;
    (void)table;
    (void)key;
    (void)value;
    look->read++;
    return 0;
}

static enum err look_with_lmdb(const struct folder *f, uint64_t map_size, struct look *look,
                               char fault[static STORE_FAULT_TEXT])
{
    struct engine engine = {0};
    struct engine_options options = {f->dir, f->path, FILE_REGISTRY, true, map_size};
    int rc = engine_open(&engine, &options);
    if (!rc)
        rc = engine_each(&engine, read_again, look);
    engine_close(&engine);
    if (rc)
        return fault_say(fault, engine_err(rc, -1), "%s", mdb_strerror(rc));
    return look->read == look->entries ? ERR_OK : fault_say(fault, ERR_SYNTAX, "entries lack");
}

static void look_closely(const struct folder *f, uint64_t map_size, struct verdict *v)
{
    struct look look = {0};
    int fd = openat(f->dir, FILE_REGISTRY, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        enum err err = errno == EACCES ? ERR_OWNER : ERR_SYSTEM;
        v->err = fault_say(v->fault, err, "%s", strerror(errno));
        return;
    }
    v->err = pages_check(fd, look_at, &look, v->fault);
    if (!v->err && look.newer)
        v->err = fault_say(v->fault, ERR_STALE, "it has entries of a newer version");
    if (!v->err && !look.has_format)
        v->err = fault_say(v->fault, ERR_SYNTAX, "this is no file of discd");
    if (!v->err)
        v->err = look_with_lmdb(f, map_size, &look, v->fault);
}

static _Noreturn void child(const struct folder *f, uint64_t map_size, int out)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTERM, SIGINT};
    struct rlimit none = {0, 0};
    struct verdict verdict = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t n = 0; n < sizeof deadly / sizeof deadly[0]; n++)
        signal(deadly[n], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    close(f->lock);
    look_closely(f, map_size, &verdict);
    _exit(write(out, &verdict, sizeof verdict) == (ssize_t)sizeof verdict ? 0 : 1);
}

/* ---- in ours ------------------------------------------------------------------------- */

static bool receive(int in, struct verdict *out)
{
    char *at = (char *)out;
    size_t left = sizeof *out;
    while (left) {
        ssize_t n = read(in, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        left -= (size_t)n;
    }
    out->fault[STORE_FAULT_TEXT - 1] = '\0';
    return true;
}

static void reap(pid_t pid, int *status)
{
    *status = 0;
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
}

static enum err judge(const struct folder *f, const struct verdict *v,
                      char fault[static STORE_FAULT_TEXT])
{
    if (v->err == ERR_STALE)
        return fault_say(fault, ERR_SYNTAX,
                         "%s/" FILE_REGISTRY " was written by a newer version of discd; run that "
                         "one, or move the file away (clients register again by themselves within "
                         "one lease)",
                         f->path);
    if (v->err == ERR_SYNTAX)
        return fault_say(fault, ERR_SYNTAX,
                         "%s/" FILE_REGISTRY " is damaged: %.120s; move it away (clients register "
                         "again by themselves within one lease) or put a backup back",
                         f->path, v->fault);
    if (v->err)
        return fault_say(fault, v->err, "%s/" FILE_REGISTRY " cannot be read: %.120s", f->path,
                         v->fault);
    return ERR_OK;
}

enum err check_file(const struct folder *f, uint64_t map_size, char fault[static STORE_FAULT_TEXT])
{
    struct verdict verdict;
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC))
        return fault_say(fault, ERR_SYSTEM, "a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        child(f, map_size, ends[1]);
    int problem = errno;
    close(ends[1]);
    bool whole = pid > 0 && receive(ends[0], &verdict);
    close(ends[0]);
    if (pid < 0)
        return fault_say(fault, ERR_SYSTEM, "a process to check %s/" FILE_REGISTRY ": %s", f->path,
                         strerror(problem));
    reap(pid, &status);
    if (!whole) {
        verdict.err = ERR_SYNTAX;
        (void)fault_say(verdict.fault, ERR_SYNTAX, "reading it ends in '%s'",
                        WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "a crash");
    }
    return judge(f, &verdict, fault);
}
