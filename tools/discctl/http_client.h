/* Requests to the server's HTTP API, blocking. Used by the verbs that read, and by those
 * that steer the server.
 */
#ifndef DISCCTL_HTTP_CLIENT_H
#define DISCCTL_HTTP_CLIENT_H

#include <event2/http.h>
#include <jansson.h>

#include "discctl.h"

/* Asks for `path` ("/v1/status?..."). Returns the exit code; EXIT_DONE with the JSON of a
 * 200 in `*out` (a new reference), else what went wrong was said on stderr. */
int http_get(const struct arguments *a, const char *path, json_t **out);

/* The same without a word on stderr. */
int http_get_quietly(const struct arguments *a, const char *path, json_t **out);

/* As http_get, but EXIT_DONE with NULL in `*out` where the path is not there (404). */
int http_get_if_there(const struct arguments *a, const char *path, json_t **out);

/* The same with a body, as POST, PUT or PATCH; it may be NULL as DELETE. Takes the reference.
 * 200, 201 and 204 are good; `*out` is NULL where there was no body. Waits for `patience_s`
 * unless another timeout was given. */
int http_send(const struct arguments *a, enum evhttp_cmd_type method, const char *path,
              json_t *body, int patience_s, json_t **out);

/* ---- paths ----------------------------------------------------------------------- */

enum { HTTP_PATH_MAX = 4096 };

/* Appends "/segment", percent-encoded. False: too long, said so. */
bool http_path_add(char path[static HTTP_PATH_MAX], const char *segment);
/* Appends "?key=value" or "&key=value"; nothing for a value of NULL. */
bool http_query_add(char path[static HTTP_PATH_MAX], const char *key, const char *value);

/* What the server said, on stderr: "REFUSED: 404 Not Found: ..." behind "discctl: ". */
void http_say_problem(const char *before, int status, const json_t *problem, const char *hint);

/* ---- a reply that goes on -------------------------------------------------------- */

struct http_listener {
    void *context;
    bool (*open)(void *context); /* it has begun, with 200 */
    /* More of it; false ends the stream. */
    bool (*data)(void *context, const char *bytes, size_t n);
};

enum { HTTP_SILENCE_S = 45 }; /* the server says something every 15 seconds */

/* Asks for an event stream and hands on what comes. EXIT_DONE: `open` or `data` ended it;
 * EXIT_NO_ANSWER: it could not be had, or broke off (said when `!quiet`); else refused. */
int http_stream(const struct arguments *a, const char *path, const char *last_id,
                const struct http_listener *listener, bool quiet);

/* ---- many requests at once --------------------------------------------------------- */

/* Keeps up to HTTP_POOL_WIDTH requests under way, each on a connection of its own that is
 * used again. */
enum { HTTP_POOL_WIDTH = 16 };

struct http_pool;

struct http_pool_answer {
    int status;         /* 0 = no answer */
    int retry_after_s;  /* Retry-After (RFC 9110 section 10.2.3); 0 = not said */
    const json_t *body; /* lent; NULL = none, or no JSON */
};

/* Called for each reply in the order in which they come. May call http_pool_send. */
typedef void http_pool_reply(void *context, void *tag, const struct http_pool_answer *answer);

/* NULL: said so, *code says as what. */
struct http_pool *http_pool_new(const struct arguments *a, http_pool_reply *reply, void *context,
                                int *code);
void http_pool_free(struct http_pool *p); /* accepts NULL */
/* Waits until there is room. `body` (may be NULL) is lent. False: memory lacked. */
bool http_pool_send(struct http_pool *p, enum evhttp_cmd_type method, const char *path,
                    const json_t *body, void *tag);
/* Waits until all are replied to. */
void http_pool_finish(struct http_pool *p);

#endif
