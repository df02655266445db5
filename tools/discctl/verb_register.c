#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "discctl.h"
#include "dns_wait.h"

struct request {
    const struct arguments *arguments;
    const char *verb, *done; /* "reg", "registered" */
    int code;                /* the worst so far */
    char instance[64];       /* that was registered; "" = none */
};

static int code_of(enum disc_result result)
{
    switch (result) {
    case DISC_OK: return EXIT_DONE;
    case DISC_REFUSED: return EXIT_REFUSED;
    case DISC_NO_ANSWER:
    case DISC_UNRESOLVED:
    case DISC_SYSTEM:
    case DISC_MEMORY: return EXIT_NO_ANSWER;
    case DISC_INVALID:
    case DISC_TOO_BIG:
    case DISC_UNSUPPORTED:
    case DISC_NO_INSTANCE: break;
    }
    return EXIT_USAGE;
}

static void print_json(const char *server, enum disc_result result, const struct disc_reply *reply)
{
    json_t *o = json_pack("{s:s, s:b}", "server", server, "ok", result == DISC_OK);
    if (result == DISC_REFUSED) {
        json_object_set_new(o, "code", json_integer(reply->code));
        json_object_set_new(o, "why", json_string(reply->why));
        json_object_set_new(o, "text", json_string(disc_refusal_text(reply->code, reply->why)));
    } else if (result != DISC_OK) {
        json_object_set_new(o, "text", json_string(disc_result_text(result)));
    }
    if (*reply->instance)
        json_object_set_new(o, "instance", json_string(reply->instance));
    if (*reply->address)
        json_object_set_new(o, "address", json_string(reply->address));
    if (reply->lease_s)
        json_object_set_new(o, "lease", json_integer(reply->lease_s));
    if (reply->renew_ms)
        json_object_set_new(o, "renew_ms", json_integer(reply->renew_ms));
    if (reply->rev)
        json_object_set_new(o, "rev", json_integer((json_int_t)reply->rev));
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static void print_done(const struct request *r, const char *server, const struct disc_reply *reply)
{
    const struct arguments *a = r->arguments;
    const char *instance = *reply->instance ? reply->instance : a->instance ? a->instance : "";
    printf("%s %s%s%s at %s", r->done, a->service ? a->service : a->group, *instance ? "/" : "",
           instance, server);
    if (*reply->address)
        printf(": address %s", reply->address);
    if (reply->lease_s)
        printf(", lease %u s", reply->lease_s);
    if (reply->renew_ms)
        printf(", renew within %.1f s", reply->renew_ms / 1000.0);
    putchar('\n');
}

static void print_failure(const char *server, enum disc_result result,
                          const struct disc_reply *reply)
{
    char field[64];
    if (result == DISC_REFUSED) {
        bool named = disc_reply_param(reply, "f", field, sizeof(field));
        fprintf(stderr, "discctl: %s refused: %d %s%s%s%s: %s\n", server, reply->code, reply->why,
                named ? " (" : "", named ? field : "", named ? ")" : "",
                disc_refusal_text(reply->code, reply->why));
    } else if (result == DISC_NO_ANSWER) {
        fprintf(stderr,
                "discctl: no answer from %s: does discd run there, and may this host talk "
                "to it (registration.sources)? --server names another\n",
                server);
    } else if (result == DISC_INVALID) {
        fprintf(stderr, "discctl: an option makes no sense: look at --server HOST:PORT, --subnet "
                        "(this host needs an address inside) and --meta (keys: a-z 0-9 . _ -)\n");
    } else {
        fprintf(stderr, "discctl: %s: %s\n", server, disc_result_text(result));
    }
}

static void ask(void *context, const char *server)
{
    struct request *r = context;
    struct disc_options options;
    struct disc_spec spec;
    struct disc_reply reply;
    arguments_options(r->arguments, &options);
    arguments_spec(r->arguments, &spec);
    enum disc_result result =
        disc_call(&options, server, r->verb, &spec, arguments_timeout(r->arguments, 3), &reply);
    if (r->arguments->json)
        print_json(server, result, &reply);
    else if (result == DISC_OK)
        print_done(r, server, &reply);
    if (result != DISC_OK)
        print_failure(server, result, &reply);
    else if (*reply.instance)
        snprintf(r->instance, sizeof(r->instance), "%s", reply.instance);
    if (code_of(result) > r->code)
        r->code = code_of(result);
}

static int ask_all(const struct arguments *a, const char *verb, const char *done)
{
    struct request r = {.arguments = a, .verb = verb, .done = done};
    arguments_servers(a, ask, &r);
    if (r.code == EXIT_DONE && a->wait_s > 0 && *r.instance)
        r.code = dns_wait(a, r.instance);
    return r.code;
}

int verb_register(struct arguments *a)
{
    return ask_all(a, "reg", "registered");
}

int verb_renew(struct arguments *a)
{
    return ask_all(a, "ren", "renewed");
}

int verb_deregister(struct arguments *a)
{
    return ask_all(a, "del", "deregistered");
}
