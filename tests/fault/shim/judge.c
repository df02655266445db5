/* libfault.so, for LD_PRELOAD: lets chosen calls of a program fail, wait, or be left out,
 * as the file named by $FAULT_FILE says (fault.h), counts them and writes down the
 * order of syncs, writes and registration datagrams. Allocates nothing, locks nothing.
 * Works with the address sanitizer too (verify_asan_link_order=0): the allocator behind
 * this one is then the sanitizer's. */
#include "fault/shim/shim.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct fault_page *page;
static __thread bool lenient __attribute__((tls_model("initial-exec"))); /* allocates nothing */

#define SPARED_MAX 4

/* The code of libraries that is let through. */
static struct {
    const char *names; /* "libldns:libevent_extra" */
    struct {
        uintptr_t first, last;
    } code[SPARED_MAX];
    size_t count;
} spared;

/* ---- judging a call ---------------------------------------------------------------- */

enum { SLICE_US = 5000 };

/* As long as the rule stands. */
static void wait_us(const struct fault_rule *rule, uint64_t us)
{
    while (us && atomic_load(&rule->action) == FAULT_DELAY) {
        uint64_t slice = us < SLICE_US ? us : SLICE_US;
        struct timespec left = {0, (long)slice * 1000};
        while (nanosleep(&left, &left) && errno == EINTR)
            ;
        us -= slice;
    }
}

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "?";
}

/* "discd+0x4f00 libevent_core-2.1.so.7+0x1230 ...", for addr2line. */
static void note_where(void)
{
    void *frames[24];
    size_t used = 0;
    if (atomic_exchange(&page->where_taken, 1))
        return;
    int n = backtrace(frames, 24);
    for (int i = 2; i < n && used < sizeof page->where - 100; i++) {
        Dl_info info = {0};
        if (!dladdr(frames[i], &info))
            continue;
        used += (size_t)snprintf(page->where + used, 100, "%.60s+0x%zx ", base_name(info.dli_fname),
                                 (size_t)((char *)frames[i] - (char *)info.dli_fbase) - 1);
    }
}

enum verdict judge(enum fault_family family)
{
    if (!page || lenient || !atomic_load(&page->armed))
        return PASS;
    const struct fault_rule *rule = &page->rules[family];
    uint64_t n = atomic_fetch_add(&page->calls[family], 1) + 1;
    unsigned action = atomic_load(&rule->action);
    if (action == FAULT_NONE || n < atomic_load(&rule->first) || n > atomic_load(&rule->last))
        return PASS;
    atomic_fetch_add(&page->injected[family], 1);
    if (action == FAULT_DELAY) {
        wait_us(rule, atomic_load(&rule->delay_us));
        return PASS;
    }
    if (action == FAULT_HIDE)
        return HIDE;
    note_where();
    errno = atomic_load(&rule->error);
    return FAIL;
}

void judge_nothing(bool now)
{
    lenient = now;
}

enum verdict judge_caller(enum fault_family family, const void *caller)
{
    for (size_t i = 0; i < spared.count; i++)
        if ((uintptr_t)caller >= spared.code[i].first && (uintptr_t)caller < spared.code[i].last)
            return PASS;
    return judge(family);
}

static bool is_spared(const char *file)
{
    for (const char *name = spared.names; *name; name += strspn(name, ":")) {
        size_t n = strcspn(name, ":");
        if (n && strncmp(file, name, n) == 0)
            return true;
        name += n;
    }
    return false;
}

static int look_for_spared(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (size_t i = 0; is_spared(base_name(info->dlpi_name)) && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || spared.count == SPARED_MAX)
            continue;
        spared.code[spared.count].first = info->dlpi_addr + part->p_vaddr;
        spared.code[spared.count].last = info->dlpi_addr + part->p_vaddr + part->p_memsz;
        spared.count++;
    }
    return 0;
}

/* ---- the order of events --------------------------------------------------------------- */

void record(enum fault_event_kind kind, int fd, bool durable, int64_t result, const char *text,
            size_t size)
{
    if (!page || !atomic_load(&page->armed))
        return;
    unsigned n = atomic_fetch_add(&page->event_count, 1);
    if (n >= FAULT_EVENTS)
        return;
    struct fault_event *e = &page->events[n];
    e->thread = (uint32_t)syscall(SYS_gettid);
    e->fd = fd;
    e->durable = durable;
    e->result = result;
    if (size > sizeof e->text - 1)
        size = sizeof e->text - 1;
    if (size)
        memcpy(e->text, text, size);
    e->text[size] = '\0';
    atomic_store(&e->kind, kind);
}

__attribute__((constructor)) static void open_page(void)
{
    const char *path = getenv(FAULT_ENVIRONMENT);
    void *frame;
    backtrace(&frame, 1); /* loads what it needs, so that it allocates nothing later */
    if ((spared.names = getenv(FAULT_SPARE_ENVIRONMENT)) != NULL)
        dl_iterate_phdr(look_for_spared, NULL);
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    long at = syscall(SYS_mmap, NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (at != -1)
        page = (struct fault_page *)at;
}
