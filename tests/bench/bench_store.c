/* What the store costs, in the folder given (which must not exist, and is left behind):
 * writing one instance into the journal, commits of several sizes, and a start with so
 * many instances.
 *
 *   bench_store DIR [INSTANCES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "store/store.h"

enum { PER_SERVICE = 100, ENCODINGS = 2000000, COMMIT_NS = 1500000000 };

static const struct hash_key key = {"0123456789abcdef"};
static const struct moment start = {.lease_ms = 1, .wall_ms = 1795245098534};

static void fail(const char *what)
{
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct registry *registry_make(void)
{
    struct registry_config config = registry_config_default();
    struct registry *r = registry_new(&config, &key);
    if (!r)
        fail("out of memory");
    return r;
}

/* The n-th instance, as a program of some company registers it. */
static const struct instance *register_one(struct registry *r, unsigned n)
{
    const struct principal who = {.kind = PRINCIPAL_KEY, .name = "deploy"};
    char service[32], id[32];
    struct granted granted;
    struct record record = {.ns = TEXT("default"),
                            .ttl = TTL_UNSET,
                            .weight_set = true,
                            .weight = 30,
                            .address_count = 1,
                            .ports = {{.number = 8080}, {.name = TEXT("metrics"), .number = 9090}},
                            .port_count = 2,
                            .version = TEXT("1.4.2"),
                            .zone = TEXT("rack-a"),
                            .metadata = {{TEXT("team"), TEXT("checkout")},
                                         {TEXT("commit"), TEXT("a652c30fa7b2d94c0e11")}},
                            .metadata_count = 2};
    snprintf(service, sizeof service, "service-%u", n / PER_SERVICE);
    snprintf(id, sizeof id, "10-%u-%u-%u-8080", n >> 16 & 255, n >> 8 & 255, n & 255);
    record.service = text_of(service);
    record.id = text_of(id);
    record.addresses[0] =
        (struct addr){FAMILY_V4, {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
    if (registry_register(r, &record, &who, start, &granted))
        fail("registration refused");
    return granted.instance;
}

static void note(struct store_journal *j, const struct registry_journal *hooks,
                 const struct instance *i)
{
    if (hooks->reserve(j, JOURNAL_PUT, 1))
        fail("no room");
    hooks->put(j, i);
}

static void time_encoding(void)
{
    struct registry *r = registry_make();
    struct store_journal *j = store_journal_new();
    struct registry_journal hooks = store_journal_hooks(j);
    const struct instance *i = register_one(r, 4711);
    uint64_t began = now_ns(), took = 0;
    for (unsigned n = 1; n <= ENCODINGS; n++) {
        note(j, &hooks, i);
        if (n % 256 == 0)
            store_batch_free(store_journal_take(j));
    }
    took = now_ns() - began;
    printf("journal: %.0f ns per instance\n", (double)took / ENCODINGS);
    store_journal_free(j);
    registry_free(r);
}

static void commit(struct store *s, struct store_journal *j)
{
    char fault[STORE_FAULT_TEXT];
    struct store_batch *b = store_journal_take(j);
    if (store_commit(s, &b, 1, fault))
        fail(fault);
    store_batch_free(b);
}

static struct store *open_at(const char *dir)
{
    struct store_options options = {.dir = dir, .uid = (uid_t)-1, .gid = (gid_t)-1};
    struct store_meta meta;
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    if (store_open(&options, &s, &meta, fault))
        fail(fault);
    return s;
}

/* Instances all over the file are written again, so many in each commit. */
static void time_commits(struct store *s, struct store_journal *j, const struct instance **all,
                         unsigned count, unsigned each)
{
    struct registry_journal hooks = store_journal_hooks(j);
    uint64_t began = now_ns(), longest = 0, now = began, before;
    unsigned commits = 0, at = 0;
    while (now - began < COMMIT_NS) {
        for (unsigned n = 0; n < each; n++, at = (at + 7919) % count)
            note(j, &hooks, all[at]);
        commit(s, j);
        commits++;
        before = now;
        now = now_ns();
        longest = now - before > longest ? now - before : longest;
    }
    double seconds = (double)(now - began) / 1e9;
    printf("commits of %3u: %6.0f commits/s, %7.0f instances/s, longest %.1f ms\n", each,
           commits / seconds, commits * each / seconds, (double)longest / 1e6);
}

static void time_start(const char *dir)
{
    struct registry *r = registry_make();
    struct store_report report;
    uint64_t began = now_ns();
    struct store *s = open_at(dir);
    uint64_t opened = now_ns();
    if (store_read(s, r, false, start, &report))
        fail("cannot be read");
    uint64_t read = now_ns();
    struct store_size size = store_size(s);
    printf("start with %llu: checked and opened in %.0f ms, read in %.0f ms; %.0f MB on disk\n",
           (unsigned long long)report.instances, (double)(opened - began) / 1e6,
           (double)(read - opened) / 1e6, (double)size.file_bytes / 1e6);
    if (report.damaged)
        fail("damaged entries");
    store_close(s);
    registry_free(r);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        fail("usage: bench_store DIR [INSTANCES]");
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100000;
    const struct instance **all = calloc(count, sizeof *all);
    struct registry *r = registry_make();
    struct store_journal *j = store_journal_new();
    struct registry_journal hooks = store_journal_hooks(j);
    time_encoding();
    for (unsigned n = 0; n < count; n++)
        all[n] = register_one(r, n);
    struct store *s = open_at(argv[1]);
    uint64_t began = now_ns();
    for (unsigned n = 0; n < count; n++) {
        note(j, &hooks, all[n]);
        if (n % 4096 == 4095 || n + 1 == count)
            commit(s, j);
    }
    printf("filled with %u in %.0f ms\n", count, (double)(now_ns() - began) / 1e6);
    time_commits(s, j, all, count, 1);
    time_commits(s, j, all, count, 10);
    time_commits(s, j, all, count, 256);
    store_close(s);
    store_journal_free(j);
    registry_free(r);
    free(all);
    time_start(argv[1]);
    return 0;
}
