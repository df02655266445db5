/* export: all instances with what overrules them, and the overrides that wait for an instance,
 * one JSON object a line, as `import` takes them. Page by page: the lines of one page at a time are
 * in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http_client.h"
#include "instance_line.h"
#include "listing.h"

struct export
{
    struct arguments *arguments;
    FILE *out;
    unsigned long long instances, services, overrides; /* overrides: of instances to come */
    const json_t *service;                             /* whose instances come now */
};

static int write_line(struct export *e, const json_t *line)
{
    bool good = json_dumpf(line, e->out, JSON_COMPACT) == 0 && putc('\n', e->out) != EOF;
    return good ? EXIT_DONE : EXIT_NO_ANSWER;
}

static int write_instance(struct export *e, const json_t *instance)
{
    json_t *line = json_object();
    json_object_set(line, "namespace", json_object_get(e->service, "namespace"));
    json_object_set(line, "service", json_object_get(e->service, "name"));
    json_object_update(line, (json_t *)(uintptr_t)instance);
    instance_line_make(line);
    int code = write_line(e, line);
    json_decref(line);
    e->instances++;
    return code;
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

/* Those of instances that are there went with them. */
static int write_overrides(void *context, const json_t *page)
{
    struct export *e = context;
    size_t i;
    json_t *row;
    int code = EXIT_DONE;
    json_array_foreach(json_object_get(page, "overrides"), i, row)
    {
        const char *ns = json_string_value(json_object_get(row, "namespace"));
        bool wanted = !e->arguments->ns || (ns && strcasecmp(ns, e->arguments->ns) == 0);
        if (!wanted || json_is_true(json_object_get(row, "registered")))
            continue;
        json_t *line = instance_line_override(row);
        code = write_line(e, line);
        json_decref(line);
        e->overrides++;
        if (code != EXIT_DONE)
            break;
    }
    return code;
}

/* A backup of nothing at all may be a slip of the pen. */
static int write_all(struct export *e)
{
    const struct arguments *a = e->arguments;
    char path[HTTP_PATH_MAX] = "/v1/services";
    if (!http_query_add(path, "ns", a->ns))
        return EXIT_USAGE;
    int code = listing_each(a, path, 0, write_services, e);
    if (code == EXIT_DONE && a->ns && !e->services)
        code = listing_namespace(a);
    if (code == EXIT_DONE)
        code = listing_each(a, "/v1/overrides", LISTING_MAY_BE_GONE, write_overrides, e);
    return code;
}

/* The file comes into being as a whole, or not at all. */
static int write_file(struct export *e, const char *path)
{
    char part[4096];
    int n = snprintf(part, sizeof(part), "%s.part", path);
    errno = ENAMETOOLONG; /* where nothing is opened */
    e->out = n > 0 && (size_t)n < sizeof(part) ? fopen(part, "we") : NULL;
    if (!e->out) {
        fprintf(stderr, "discctl: %s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    int code = write_all(e);
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
    e->out = stdout;
    int code = write_all(e);
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
    if (code == EXIT_DONE && to_file) {
        printf("exported %llu instances of %llu services", e.instances, e.services);
        if (e.overrides)
            printf(" and %llu overrides of instances that are not registered", e.overrides);
        printf(" to %s\n", a->file);
    }
    return code;
}
