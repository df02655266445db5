/* import: registers what `export` wrote, line by line, some lines at a time. The same lines
 * twice change nothing; what is newer on the server stays as it is there.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_client.h"

enum {
    PROGRESS_LINES = 1000,
    TRIES = 3,
    PAUSE_MS = 500,      /* before it is tried again */
    UNANSWERED_MAX = 64, /* so many are tried again before any other */
};

struct import;

struct entry { /* one line on its way */
    struct import *import;
    unsigned long long line;
    char path[HTTP_PATH_MAX]; /* of the instance */
    json_t *body, *override;  /* override: NULL = none */
    bool registered;          /* what is under way is the override */
    int tries;
    struct entry *again; /* the next one that got no answer */
};

struct import {
    struct arguments *arguments;
    struct http_pool *pool;
    struct entry *again;
    unsigned unanswered; /* entries in `again` */
    bool lost;           /* the server does not answer at all */
    unsigned long long lines, added, known, newer, failed;
    int code;
    bool progress; /* somebody looks */
};

static void entry_free(struct entry *e)
{
    json_decref(e->body);
    json_decref(e->override);
    free(e);
}

static void fail(struct import *m, unsigned long long line, int code, const char *why)
{
    fprintf(stderr, "discctl: line %llu: %s\n", line, why);
    m->failed++;
    if (code > m->code)
        m->code = code;
}

/* ---- reading --------------------------------------------------------------------------- */

/* NULL = it is good. Takes namespace, service and id out of the body into the path. */
static const char *make_path(struct entry *e)
{
    const char *ns = json_string_value(json_object_get(e->body, "namespace"));
    const char *service = json_string_value(json_object_get(e->body, "service"));
    const char *id = json_string_value(json_object_get(e->body, "id"));
    if (!service || !*service)
        return "\"service\" is missing";
    if (!id || !*id)
        return "\"id\" is missing";
    strcpy(e->path, "/v1/services");
    if (!http_path_add(e->path, service) || !http_path_add(e->path, "instances") ||
        !http_path_add(e->path, id) || !http_query_add(e->path, "ns", ns))
        return "its name is too long";
    json_object_del(e->body, "namespace");
    json_object_del(e->body, "service");
    return NULL;
}

static struct entry *read_entry(struct import *m, const char *text, size_t n)
{
    json_error_t where;
    char why[sizeof(where.text) + 64];
    struct entry *e = calloc(1, sizeof(*e));
    if (!e) {
        fail(m, m->lines, EXIT_NO_ANSWER, "out of memory");
        return NULL;
    }
    *e = (struct entry){.import = m, .line = m->lines};
    e->body = json_loadb(text, n, JSON_REJECT_DUPLICATES, &where);
    snprintf(why, sizeof(why), "column %d: %s", where.column, where.text);
    const char *fault = !e->body                   ? why
                        : !json_is_object(e->body) ? "it is no JSON object"
                                                   : make_path(e);
    if (fault) {
        fail(m, m->lines, EXIT_REFUSED, fault);
        entry_free(e);
        return NULL;
    }
    e->override = json_incref(json_object_get(e->body, "override"));
    json_object_del(e->body, "override");
    return e;
}

/* ---- sending --------------------------------------------------------------------------- */

/* False: `e` was freed, said so. */
static bool send_entry(struct entry *e)
{
    struct import *m = e->import;
    char path[HTTP_PATH_MAX + 16];
    size_t n = strcspn(e->path, "?");
    e->tries++;
    snprintf(path, sizeof(path), "%.*s%s%s", (int)n, e->path, e->registered ? "/override" : "",
             e->path + n);
    bool looks = m->arguments->dry_run;
    if (http_pool_send(m->pool, looks ? EVHTTP_REQ_GET : EVHTTP_REQ_PUT, path,
                       looks           ? NULL
                       : e->registered ? e->override
                                       : e->body,
                       e))
        return true;
    fail(m, e->line, EXIT_NO_ANSWER, "it could not be sent");
    entry_free(e);
    return false;
}

static void show_progress(const struct import *m)
{
    unsigned long long done = m->added + m->known + m->newer + m->failed;
    if (m->progress && done % PROGRESS_LINES == 0)
        fprintf(stderr, "%llu instances ...\r", done);
}

/* What became of the registration; true: something is to follow. */
static bool count_registered(struct entry *e, int status)
{
    struct import *m = e->import;
    bool dry = m->arguments->dry_run;
    if (e->registered)
        return false;
    m->added += status == (dry ? 404 : 201);
    m->known += status == 200;
    e->registered = true;
    e->tries = 0;
    return e->override && !dry;
}

static bool is_newer(int status, const json_t *problem)
{
    const char *why = json_string_value(json_object_get(problem, "why"));
    return status == 409 && why && strcmp(why, "stale") == 0;
}

static void refuse(struct entry *e, int status, const json_t *problem)
{
    struct import *m = e->import;
    char before[64];
    snprintf(before, sizeof(before), "line %llu", e->line);
    http_say_problem(before, status, problem,
                     status == 401 && !m->arguments->token_file ? " (give --token-file)" : "");
    m->failed++;
    if (m->code < EXIT_REFUSED)
        m->code = EXIT_REFUSED;
}

static void on_reply(void *context, void *tag, int status, const json_t *body)
{
    struct import *m = context;
    struct entry *e = tag;
    bool good =
        status == 200 || status == 201 || status == 204 || (status == 404 && m->arguments->dry_run);
    if (good && count_registered(e, status)) {
        (void)send_entry(e);
        return;
    }
    if (!status || status == 503 || status == 429) {
        e->again = m->again;
        m->again = e;
        m->unanswered++;
        return;
    }
    if (is_newer(status, body) && !e->registered)
        m->newer++;
    else if (!good)
        refuse(e, status, body);
    entry_free(e);
    show_progress(m);
}

/* Sends what got no answer again, as often as that may be. */
static void finish(struct import *m)
{
    http_pool_finish(m->pool);
    while (m->again) {
        struct entry *e = m->again, *next;
        m->again = NULL;
        m->unanswered = 0;
        poll(NULL, 0, PAUSE_MS);
        for (; e; e = next) {
            next = e->again;
            if (e->tries < TRIES && !m->lost) {
                (void)send_entry(e);
                continue;
            }
            m->lost = true;
            fail(m, e->line, EXIT_NO_ANSWER, "the server does not answer");
            entry_free(e);
        }
        http_pool_finish(m->pool);
    }
}

static void import_line(struct import *m, const char *text, size_t n)
{
    m->lines++;
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    struct entry *e = n ? read_entry(m, text, n) : NULL;
    if (e)
        (void)send_entry(e);
    if (m->unanswered >= UNANSWERED_MAX)
        finish(m);
}

static void import_file(struct import *m, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while (!m->lost && (n = getline(&line, &room, file)) >= 0)
        import_line(m, line, (size_t)n);
    if (ferror(file))
        fail(m, m->lines, EXIT_USAGE, strerror(errno));
    free(line);
    finish(m);
    if (m->lost && !feof(file))
        fprintf(stderr, "discctl: gave up after line %llu\n", m->lines);
}

/* ---- the verb -------------------------------------------------------------------------- */

static void report(const struct import *m)
{
    bool dry = m->arguments->dry_run;
    if (m->arguments->json)
        printf("{\"%s\":%llu,\"known\":%llu,\"newer\":%llu,\"failed\":%llu}\n",
               dry ? "new" : "added", m->added, m->known, m->newer, m->failed);
    else
        printf("%s %llu, there already %llu, newer on the server %llu, failed %llu\n",
               dry ? "would add" : "added", m->added, m->known, m->newer, m->failed);
}

int verb_import(struct arguments *a)
{
    bool from_file = a->file && strcmp(a->file, "-") != 0;
    struct import m = {.arguments = a, .progress = isatty(STDERR_FILENO)};
    FILE *file = from_file ? fopen(a->file, "re") : stdin;
    if (!file) {
        fprintf(stderr, "discctl: %s: %s\n", a->file, strerror(errno));
        return EXIT_USAGE;
    }
    m.pool = http_pool_new(a, on_reply, &m, &m.code);
    if (m.pool) {
        m.code = EXIT_DONE;
        import_file(&m, file);
        report(&m);
        http_pool_free(m.pool);
    }
    if (from_file)
        fclose(file);
    return m.code;
}
