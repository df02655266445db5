/* export: all instances with what overrules them, one JSON object a line, as `import` takes
 * them. Page by page: the lines of one page at a time are in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_client.h"
#include "listing.h"

struct export
{
    struct arguments *arguments;
    FILE *out;
    unsigned long long instances, services;
    const json_t *service; /* whose instances come now */
};

/* What an instance says of itself, where an override hides it. */
static void restore_word(json_t *instance)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(instance, "said"), key, value)
    {
        json_object_set(instance, key, value);
    }
    json_object_del(instance, "said");
}

/* What describes this moment and this server only. */
static void drop_moment(json_t *instance)
{
    static const char *const momentary[] = {"live",  "stale",      "expires_in_ms", "registered_ms",
                                            "up_ms", "renewed_ms", "dirty_ms",      "latest_ms",
                                            "owner", "index"};
    for (size_t i = 0; i < sizeof(momentary) / sizeof(momentary[0]); i++)
        json_object_del(instance, momentary[i]);
}

static int write_instance(struct export *e, const json_t *instance)
{
    json_t *line = json_object();
    json_object_set(line, "namespace", json_object_get(e->service, "namespace"));
    json_object_set(line, "service", json_object_get(e->service, "name"));
    json_object_update(line, (json_t *)(uintptr_t)instance);
    restore_word(line);
    drop_moment(line);
    bool good = json_dumpf(line, e->out, JSON_COMPACT) == 0 && putc('\n', e->out) != EOF;
    json_decref(line);
    e->instances++;
    return good ? EXIT_DONE : EXIT_NO_ANSWER;
}

static int write_instances(void *context, const json_t *page)
{
    struct export *e = context;
    size_t i;
    json_t *instance;
    int code = EXIT_DONE;
    json_array_foreach(json_object_get(page, "instances"), i, instance)
    {
        if ((code = write_instance(e, instance)) != EXIT_DONE)
            break;
    }
    return code;
}

static int write_services(void *context, const json_t *page)
{
    struct export *e = context;
    size_t i;
    json_t *service;
    int code = EXIT_DONE;
    json_array_foreach(json_object_get(page, "services"), i, service)
    {
        char path[HTTP_PATH_MAX] = "/v1/services";
        const char *name = json_string_value(json_object_get(service, "name"));
        const char *ns = json_string_value(json_object_get(service, "namespace"));
        e->service = service;
        e->services++;
        if (!name || !http_path_add(path, name) || !http_query_add(path, "ns", ns))
            return EXIT_REFUSED;
        code = listing_each(e->arguments, path, LISTING_MAY_BE_GONE, write_instances, e);
        if (code != EXIT_DONE)
            break;
    }
    return code;
}

/* The file comes into being as a whole, or not at all. */
static int write_file(struct export *e, const char *path)
{
    char part[4096];
    int n = snprintf(part, sizeof(part), "%s.part", path);
    e->out = n > 0 && (size_t)n < sizeof(part) ? fopen(part, "we") : NULL;
    if (!e->out) {
        fprintf(stderr, "discctl: %s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    char list[HTTP_PATH_MAX] = "/v1/services";
    int code = http_query_add(list, "ns", e->arguments->ns)
                   ? listing_each(e->arguments, list, 0, write_services, e)
                   : EXIT_USAGE;
    bool written = !ferror(e->out) && fflush(e->out) == 0 && fsync(fileno(e->out)) == 0;
    if (fclose(e->out) != 0 || !written || (code == EXIT_DONE && rename(part, path) != 0)) {
        fprintf(stderr, "discctl: %s: %s\n", path, strerror(errno));
        code = EXIT_NO_ANSWER;
    }
    if (code != EXIT_DONE)
        unlink(part);
    return code;
}

static int write_stdout(struct export *e)
{
    char list[HTTP_PATH_MAX] = "/v1/services";
    e->out = stdout;
    int code = http_query_add(list, "ns", e->arguments->ns)
                   ? listing_each(e->arguments, list, 0, write_services, e)
                   : EXIT_USAGE;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "discctl: cannot write: %s\n", strerror(errno));
        code = EXIT_NO_ANSWER;
    }
    return code;
}

int verb_export(struct arguments *a)
{
    struct export e = {.arguments = a};
    bool to_file = a->file && strcmp(a->file, "-") != 0;
    int code = to_file ? write_file(&e, a->file) : write_stdout(&e);
    if (code == EXIT_DONE && to_file)
        printf("exported %llu instances of %llu services to %s\n", e.instances, e.services,
               a->file);
    return code;
}
