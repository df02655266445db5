/* import: registers what `export` wrote, line by line, some lines at a time, as fast as the
 * server takes it. What is there already as the line says is left alone: a lease is not renewed
 * for somebody who may be gone. What is newer on the server stays as it is there.
 *
 *     looked up -> registered -> overruled        (each where it is needed)
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_client.h"
#include "instance_line.h"

enum {
    PROGRESS_LINES = 1000,
    TRIES = 3,
    PAUSE_MS = 500,      /* before it is tried again */
    UNANSWERED_MAX = 64, /* so many are tried again before any other */
    RETRY_MAX_S = 60,
};

enum phase { LOOKS_UP, REGISTERS, OVERRULES };

struct import;

struct entry { /* one line on its way */
    struct import *import;
    unsigned long long line;
    char path[HTTP_PATH_MAX]; /* of the instance */
    json_t *body, *override;  /* override: NULL = none */
    enum phase phase;         /* what is under way */
    bool only_override;       /* its instance is still to come */
    int tries;
    struct entry *next; /* in a list of the import's */
};

struct import {
    struct arguments *arguments;
    struct http_pool *pool;
    struct entry *again;    /* that are to be sent again */
    struct entry *last;     /* overrides of instances to come: once the services are there */
    unsigned unanswered;    /* entries in `again` */
    int wait_ms;            /* before anything else is sent: the server said so */
    bool ownerless;         /* the server does not let us say whose an instance is: said */
    bool lost, unavailable; /* the server does not answer at all; says 503 whatever is tried */
    unsigned long long lines, added, known, newer, failed, overrides;
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
    e->only_override = instance_line_is_override(e->body);
    e->phase = e->only_override ? OVERRULES : LOOKS_UP;
    e->override = json_incref(json_object_get(e->body, "override"));
    json_object_del(e->body, "override");
    return e;
}

/* ---- sending --------------------------------------------------------------------------- */

/* Takes `e`. */
static void send_entry(struct entry *e)
{
    struct import *m = e->import;
    char path[HTTP_PATH_MAX + 16];
    size_t n = strcspn(e->path, "?");
    e->tries++;
    snprintf(path, sizeof(path), "%.*s%s%s", (int)n, e->path,
             e->phase == OVERRULES ? "/override" : "", e->path + n);
    const json_t *body = e->phase == REGISTERS ? e->body : e->override;
    bool looks = e->phase == LOOKS_UP;
    if (http_pool_send(m->pool, looks ? EVHTTP_REQ_GET : EVHTTP_REQ_PUT, path, looks ? NULL : body,
                       e))
        return;
    fail(m, e->line, EXIT_NO_ANSWER, "it could not be sent");
    entry_free(e);
}

static void show_progress(const struct import *m)
{
    unsigned long long done = m->added + m->known + m->newer + m->failed;
    if (m->progress && done % PROGRESS_LINES == 0)
        fprintf(stderr, "%llu instances ...\r", done);
}

static void done(struct entry *e)
{
    struct import *m = e->import;
    entry_free(e);
    show_progress(m);
}

static void go_on(struct entry *e, enum phase phase)
{
    e->phase = phase;
    e->tries = 0;
    send_entry(e);
}

/* ---- replies --------------------------------------------------------------------------- */

static void send_again(struct entry *e, int wait_ms)
{
    struct import *m = e->import;
    e->next = m->again;
    m->again = e;
    m->unanswered++;
    if (wait_ms > m->wait_ms)
        m->wait_ms = wait_ms;
}

static void give_up(struct entry *e)
{
    e->import->lost = true;
    fail(e->import, e->line, EXIT_NO_ANSWER, "the server does not answer");
    entry_free(e);
}

static int pause_of(const struct http_pool_answer *answer)
{
    int s = answer->retry_after_s;
    return s <= 0 ? PAUSE_MS : (s < RETRY_MAX_S ? s : RETRY_MAX_S) * 1000;
}

/* An answer that is none yet; true: `e` was taken. The server's rate is no failure. */
static bool is_put_off(struct entry *e, const struct http_pool_answer *answer)
{
    struct import *m = e->import;
    bool may = e->tries < TRIES && !m->lost;
    if (answer->status == 429) {
        e->tries--;
        send_again(e, pause_of(answer));
        return true;
    }
    if (!answer->status && !may)
        give_up(e);
    else if (!answer->status || (answer->status == 503 && may && !m->unavailable))
        send_again(e, pause_of(answer));
    else {
        if (e->phase != LOOKS_UP) /* to be read it may be fine */
            m->unavailable = answer->status == 503;
        return false;
    }
    return true;
}

static const char *text_of(const json_t *problem, const char *key)
{
    const char *text = json_string_value(json_object_get(problem, key));
    return text ? text : "";
}

static void refuse(struct entry *e, const struct http_pool_answer *answer)
{
    struct import *m = e->import;
    char before[64];
    snprintf(before, sizeof(before), "line %llu", e->line);
    http_say_problem(before, answer->status, answer->body,
                     answer->status == 401 && !m->arguments->token_file ? " (give --token-file)"
                                                                        : "");
    m->failed++;
    if (m->code < EXIT_REFUSED)
        m->code = EXIT_REFUSED;
    done(e);
}

static void on_looked_up(struct entry *e, const struct http_pool_answer *answer)
{
    struct import *m = e->import;
    bool there = answer->status == 200;
    if (m->arguments->dry_run) {
        m->known += there;
        m->added += !there;
        done(e);
    } else if (!there || !instance_line_is(e->body, answer->body)) {
        go_on(e, REGISTERS);
    } else {
        m->known++;
        bool overruled = json_equal(json_object_get(answer->body, "override"), e->override);
        if (!e->override || overruled)
            done(e);
        else
            go_on(e, OVERRULES);
    }
}

static void on_registered(struct entry *e, int status)
{
    struct import *m = e->import;
    m->added += status == 201;
    m->known += status == 200;
    if (e->override)
        go_on(e, OVERRULES);
    else
        done(e);
}

/* Only the admin may say whose an instance is; with an older server nobody. */
static bool does_without_owner(struct entry *e, const struct http_pool_answer *answer)
{
    struct import *m = e->import;
    const char *detail = text_of(answer->body, "detail");
    bool is_old = answer->status == 422 && strstr(detail, "leave it out");
    bool is_not_admin = answer->status == 403 && strstr(detail, "only the holder");
    if (e->phase != REGISTERS || (!is_old && !is_not_admin) || !strstr(detail, "\"owner\"") ||
        !json_object_get(e->body, "owner"))
        return false;
    if (is_not_admin && !m->ownerless) {
        m->ownerless = true;
        fprintf(stderr, "discctl: whose the instances are is left out: that needs the admin token "
                        "(give --token-file)\n");
    }
    json_object_del(e->body, "owner");
    go_on(e, REGISTERS);
    return true;
}

static void on_reply(void *context, void *tag, const struct http_pool_answer *answer)
{
    struct import *m = context;
    struct entry *e = tag;
    int status = answer->status;
    if (is_put_off(e, answer) || does_without_owner(e, answer))
        return;
    if (e->phase == LOOKS_UP && (status == 200 || status == 404)) {
        on_looked_up(e, answer);
    } else if (e->phase == REGISTERS && (status == 200 || status == 201)) {
        on_registered(e, status);
    } else if (e->phase == OVERRULES && status == 200) {
        m->overrides += e->only_override;
        done(e);
    } else if (e->phase == REGISTERS && status == 409 &&
               strcmp(text_of(answer->body, "why"), "stale") == 0) {
        m->newer++;
        done(e);
    } else {
        refuse(e, answer);
    }
}

/* ---- all lines ------------------------------------------------------------------------- */

static void send_all(struct import *m, struct entry *e)
{
    for (struct entry *next; e; e = next) {
        next = e->next;
        if (m->lost)
            give_up(e);
        else if (m->wait_ms) /* said meanwhile */
            send_again(e, 0);
        else
            send_entry(e);
    }
}

/* Waits for what is under way, and sends again what got no answer, as often as that may be. */
static void finish(struct import *m)
{
    http_pool_finish(m->pool);
    while (m->again) {
        struct entry *again = m->again;
        m->again = NULL;
        m->unanswered = 0;
        if (!m->lost)
            poll(NULL, 0, m->wait_ms);
        m->wait_ms = 0;
        send_all(m, again);
        http_pool_finish(m->pool);
    }
}

static void take_entry(struct import *m, struct entry *e)
{
    if (!e->only_override) {
        send_entry(e);
    } else if (m->arguments->dry_run) {
        m->overrides++;
        done(e);
    } else {
        e->next = m->last;
        m->last = e;
    }
}

static void import_line(struct import *m, const char *text, size_t n)
{
    m->lines++;
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    struct entry *e = n ? read_entry(m, text, n) : NULL;
    if (e)
        take_entry(m, e);
    if (m->unanswered >= UNANSWERED_MAX || m->wait_ms)
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
    send_all(m, m->last);
    finish(m);
    if (m->lost && !feof(file))
        fprintf(stderr, "discctl: gave up after line %llu\n", m->lines);
}

/* ---- the verb -------------------------------------------------------------------------- */

static void report(const struct import *m)
{
    bool dry = m->arguments->dry_run;
    if (m->arguments->json) {
        printf("{\"%s\":%llu,\"known\":%llu,\"newer\":%llu,\"failed\":%llu,\"overrides\":%llu}\n",
               dry ? "new" : "added", m->added, m->known, m->newer, m->failed, m->overrides);
        return;
    }
    printf("%s %llu, there already %llu, newer on the server %llu, failed %llu",
           dry ? "would add" : "added", m->added, m->known, m->newer, m->failed);
    if (m->overrides)
        printf(", overrides of instances to come %llu", m->overrides);
    putchar('\n');
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
