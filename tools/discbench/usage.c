#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* proc(5): "pid (comm) state", then numbers; utime is the 14th word, stime the 15th. The name may
 * hold anything: what follows the last parenthesis counts. */
static bool read_stat(const char *path, struct usage_thread *out)
{
    char text[1024];
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[n] = 0;
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    unsigned long long user, system;
    if (!open || !close ||
        sscanf(close + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user,
               &system) != 2)
        return false;
    snprintf(out->name, sizeof(out->name), "%.*s", (int)(close - open - 1), open + 1);
    out->cost = (struct cost){.user_ticks = user, .system_ticks = system};
    return true;
}

/* The first number: nanoseconds on a CPU. 0 where the kernel does not keep it. */
static uint64_t read_ns(const char *path)
{
    unsigned long long ns = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    fclose(file);
    return ns;
}

static bool read_thread(int pid, int id, struct usage_thread *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, id);
    if (id <= 0 || !read_stat(path, out))
        return false;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, id);
    out->id = id;
    out->cost.all_ns = read_ns(path);
    return true;
}

static bool read_threads(int pid, struct usage *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    for (struct dirent *e; (e = readdir(folder)) && out->count < USAGE_THREADS;)
        out->count += read_thread(pid, atoi(e->d_name), &out->threads[out->count]);
    closedir(folder);
    return out->count > 0;
}

bool usage_take(int pid, struct usage *out)
{
    struct usage_thread whole;
    struct timespec t;
    clockid_t clock;
    char path[64];
    *out = (struct usage){0};
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0 ||
        !read_stat(path, &whole))
        return false;
    out->all = whole.cost;
    out->all.all_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    return read_threads(pid, out);
}

static const struct usage_thread *with_id(const struct usage *u, int id)
{
    for (unsigned i = 0; i < u->count; i++) {
        if (u->threads[i].id == id)
            return &u->threads[i];
    }
    return NULL;
}

static struct usage_thread *with_name(struct usage *u, const char *name)
{
    for (unsigned i = 0; i < u->count; i++) {
        if (strcmp(u->threads[i].name, name) == 0)
            return &u->threads[i];
    }
    struct usage_thread *new = &u->threads[u->count++];
    *new = (struct usage_thread){0};
    memcpy(new->name, name, sizeof(new->name));
    return new;
}

static struct cost minus(struct cost a, struct cost b)
{
    return (struct cost){
        .user_ticks = a.user_ticks - b.user_ticks,
        .system_ticks = a.system_ticks - b.system_ticks,
        .all_ns = a.all_ns - b.all_ns,
    };
}

static void add(struct cost *to, struct cost more)
{
    to->user_ticks += more.user_ticks;
    to->system_ticks += more.system_ticks;
    to->all_ns += more.all_ns;
}

void usage_between(const struct usage *before, const struct usage *after, struct usage *out)
{
    *out = (struct usage){.all = minus(after->all, before->all)};
    for (unsigned i = 0; i < after->count; i++) {
        const struct usage_thread *now = &after->threads[i], *was = with_id(before, now->id);
        struct cost used = was ? minus(now->cost, was->cost) : now->cost;
        if (used.user_ticks + used.system_ticks + used.all_ns)
            add(&with_name(out, now->name)->cost, used);
    }
}

double usage_us(uint64_t ticks)
{
    return (double)ticks * 1e6 / (double)sysconf(_SC_CLK_TCK);
}
