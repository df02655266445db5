#include "fault/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "fault 1";

static const char *const family_names[FAULT_FAMILIES] = {
    [FAULT_MALLOC] = "malloc", [FAULT_WRITE] = "write",       [FAULT_SYNC] = "sync",
    [FAULT_SEND] = "send",     [FAULT_RECEIVE] = "recv",      [FAULT_ACCEPT] = "accept",
    [FAULT_OPEN] = "open",     [FAULT_TRUNCATE] = "truncate", [FAULT_MMAP] = "mmap",
    [FAULT_THREAD] = "thread", [FAULT_FORK] = "fork",
};

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC}, {"EIO", EIO},         {"EMFILE", EMFILE},
    {"ENFILE", ENFILE}, {"EAGAIN", EAGAIN}, {"ENOBUFS", ENOBUFS}, {"EPERM", EPERM},
    {"EACCES", EACCES}, {"ENOENT", ENOENT}, {"EROFS", EROFS},     {"ECONNABORTED", ECONNABORTED},
    {"EINTR", EINTR},   {"EDQUOT", EDQUOT},
};

static struct fault_page *map(const char *path, int flags)
{
    int fd = open(path, flags | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0 || ((flags & O_CREAT) && ftruncate(fd, sizeof(struct fault_page)))) {
        perror(path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (flags & O_CREAT)
        fchmod(fd, 0666); /* whoever discd becomes */
    void *at = mmap(NULL, sizeof(struct fault_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED) {
        perror(path);
        return NULL;
    }
    return at;
}

struct fault_page *fault_page_new(const char *path)
{
    struct fault_page *p = map(path, O_CREAT | O_TRUNC);
    if (p)
        memcpy(p->magic, magic, sizeof p->magic);
    return p;
}

struct fault_page *fault_page_open(const char *path)
{
    struct fault_page *p = map(path, 0);
    if (p && memcmp(p->magic, magic, sizeof p->magic) != 0) {
        fprintf(stderr, "%s: not made by fault_ctl\n", path);
        fault_page_close(p);
        return NULL;
    }
    return p;
}

void fault_page_close(struct fault_page *p)
{
    if (p)
        munmap(p, sizeof *p);
}

void fault_set(struct fault_page *p, enum fault_family family, enum fault_action action, int error,
               uint64_t first, uint64_t last)
{
    struct fault_rule *rule = &p->rules[family];
    atomic_store(&rule->action, FAULT_NONE);
    atomic_store(&rule->error, error);
    atomic_store(&rule->first, first);
    atomic_store(&rule->last, last);
    atomic_store(&rule->action, action);
}

void fault_set_delay(struct fault_page *p, enum fault_family family, uint64_t us)
{
    atomic_store(&p->rules[family].delay_us, us);
    fault_set(p, family, FAULT_DELAY, 0, 1, UINT64_MAX);
}

void fault_reset(struct fault_page *p)
{
    atomic_store(&p->armed, false);
    for (int i = 0; i < FAULT_FAMILIES; i++) {
        atomic_store(&p->rules[i].action, FAULT_NONE);
        atomic_store(&p->calls[i], 0);
        atomic_store(&p->injected[i], 0);
    }
    unsigned events = atomic_load(&p->event_count);
    for (unsigned i = 0; i < events && i < FAULT_EVENTS; i++)
        atomic_store(&p->events[i].kind, FAULT_EVENT_NONE);
    atomic_store(&p->event_count, 0);
    p->where[0] = '\0';
    atomic_store(&p->where_taken, 0);
}

enum fault_family fault_family_of(const char *name)
{
    int family = 0;
    while (family < FAULT_FAMILIES && strcmp(name, family_names[family]) != 0)
        family++;
    return (enum fault_family)family;
}

const char *fault_family_name(enum fault_family family)
{
    return family_names[family];
}

int fault_error_of(const char *name)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(name, errors[i].name) == 0)
            return errors[i].number;
    return atoi(name);
}
