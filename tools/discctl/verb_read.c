#include <stdlib.h>
#include <string.h>

#include "http_client.h"
#include "listing.h"
#include "table.h"
#include "words.h"

/* ---- list ---------------------------------------------------------------------- */

TABLE_CELL(cell_namespace, "namespace")
TABLE_CELL(cell_name, "name")
TABLE_CELL(cell_instances, "instances")
TABLE_CELL(cell_live, "live")
TABLE_CELL(cell_index, "index")

/* Empty when there is none, so that the column shows when it matters. */
static void cell_stale(const json_t *row, char *out, size_t size)
{
    json_int_t n = json_integer_value(json_object_get(row, "stale"));
    *out = 0;
    if (n)
        snprintf(out, size, "%" JSON_INTEGER_FORMAT, n);
}

static const struct column service_columns[] = {
    {"NAMESPACE", cell_namespace}, {"SERVICE", cell_name}, {"INSTANCES", cell_instances},
    {"LIVE", cell_live},           {"STALE", cell_stale},  {"INDEX", cell_index},
};

/* The list as JSON or as a table; `none` is said where it is empty. */
static int print_list(struct arguments *a, const char *path, const char *name,
                      const struct column *columns, size_t column_count, const char *none)
{
    json_t *whole = NULL;
    int code = listing_whole(a, path, name, &whole);
    const json_t *all = json_object_get(whole, name);
    if (code == EXIT_DONE && a->ns && !json_array_size(all))
        code = listing_namespace(a);
    if (code == EXIT_DONE && a->json) {
        json_print(whole);
    } else if (code == EXIT_DONE) {
        table_print(all, columns, column_count);
        if (!json_array_size(all))
            printf("%s\n", none);
    }
    json_decref(whole);
    return code;
}

int verb_list(struct arguments *a)
{
    char path[HTTP_PATH_MAX] = "/v1/services";
    if (!http_query_add(path, "ns", a->ns) || !http_query_add(path, "q", a->match))
        return EXIT_USAGE;
    return print_list(a, path, "services", service_columns,
                      sizeof(service_columns) / sizeof(service_columns[0]), "no services");
}

/* ---- show ---------------------------------------------------------------------- */

TABLE_CELL(cell_id, "id")
TABLE_CELL(cell_weight, "weight")
TABLE_CELL(cell_priority, "priority")
TABLE_CELL(cell_addresses, "addresses")
TABLE_CELL(cell_version, "version")
TABLE_CELL(cell_zone, "zone")
TABLE_CELL(cell_region, "region")
TABLE_CELL(cell_cluster, "cluster")
TABLE_CELL(cell_tags, "tags")
TABLE_CELL(cell_owner, "owner")

/* What begins with '~' is of APIs of other registries, for themselves. */
static void cell_metadata(const json_t *row, char *out, size_t size)
{
    json_t *shown = json_copy(json_object_get(row, "metadata")), *value;
    const char *key;
    void *next;
    json_object_foreach_safe(shown, next, key, value)
    {
        if (*key == '~')
            json_object_del(shown, key);
    }
    *out = 0;
    if (shown)
        table_text(shown, out, size);
    json_decref(shown);
}

static void cell_status(const json_t *row, char *out, size_t size)
{
    table_text(json_object_get(row, "status"), out, size);
    if (json_is_true(json_object_get(row, "stale")) && strlen(out) + 9 < size)
        strcat(out, " (stale)");
}

static void cell_ports(const json_t *row, char *out, size_t size)
{
    size_t i;
    json_t *port;
    *out = 0;
    json_array_foreach(json_object_get(row, "ports"), i, port)
    {
        char number[32], name[32], protocol[16];
        table_text(json_object_get(port, "number"), number, sizeof(number));
        table_text(json_object_get(port, "name"), name, sizeof(name));
        table_text(json_object_get(port, "protocol"), protocol, sizeof(protocol));
        bool tcp = !*protocol || strcmp(protocol, "tcp") == 0;
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s%s%s%s%s", i ? "," : "", name, *name ? ":" : "",
                 number, tcp ? "" : "/", tcp ? "" : protocol);
    }
}

static void cell_expires(const json_t *row, char *out, size_t size)
{
    const json_t *left = json_object_get(row, "expires_in_ms");
    *out = 0;
    if (json_is_integer(left))
        snprintf(out, size, "%.1fs", (double)json_integer_value(left) / 1000);
}

static const struct column instance_columns[] = {
    {"INSTANCE", cell_id},       {"STATUS", cell_status},   {"LIVE", cell_live},
    {"PRIO", cell_priority},     {"WEIGHT", cell_weight},   {"ADDRESS", cell_addresses},
    {"PORT", cell_ports},        {"VERSION", cell_version}, {"ZONE", cell_zone},
    {"REGION", cell_region},     {"CLUSTER", cell_cluster}, {"TAGS", cell_tags},
    {"METADATA", cell_metadata}, {"EXPIRES", cell_expires}, {"OWNER", cell_owner},
};

static void print_service(const json_t *service)
{
    char name[256], ns[64], index[32];
    const json_t *instances = json_object_get(service, "instances");
    table_text(json_object_get(service, "name"), name, sizeof(name));
    table_text(json_object_get(service, "namespace"), ns, sizeof(ns));
    table_text(json_object_get(service, "index"), index, sizeof(index));
    size_t count = json_array_size(instances);
    printf("%s in namespace %s, %zu instance%s, change index %s\n", name, ns, count,
           count == 1 ? "" : "s", index);
    if (json_integer_value(json_object_get(service, "stale")))
        printf("%" JSON_INTEGER_FORMAT " of them stale: their leases ran out, but they are kept "
               "(see discctl guard)\n",
               json_integer_value(json_object_get(service, "stale")));
    table_print(instances, instance_columns,
                sizeof(instance_columns) / sizeof(instance_columns[0]));
}

static bool make_show_path(const struct arguments *a, char path[static HTTP_PATH_MAX])
{
    strcpy(path, "/v1/services");
    bool good = http_path_add(path, a->service) && http_query_add(path, "ns", a->ns) &&
                http_query_add(path, "status", a->status) &&
                http_query_add(path, "live", a->live ? "true" : NULL);
    for (unsigned i = 0; good && i < a->where_count; i++)
        good = http_query_add(path, "where", a->where[i]);
    return good;
}

int verb_show(struct arguments *a)
{
    char path[HTTP_PATH_MAX];
    json_t *service = NULL;
    if (!make_show_path(a, path))
        return EXIT_USAGE;
    int code = listing_whole(a, path, "instances", &service);
    if (code != EXIT_DONE)
        return code;
    if (a->json)
        json_print(service);
    else
        print_service(service);
    json_decref(service);
    return EXIT_DONE;
}

/* ---- records ------------------------------------------------------------------- */

TABLE_CELL(cell_ttl, "ttl")
TABLE_CELL(cell_type, "type")
TABLE_CELL(cell_data, "data")
TABLE_CELL(cell_key, "key")

static const struct column record_columns[] = {
    {"NAME", cell_name}, {"TTL", cell_ttl}, {"TYPE", cell_type},
    {"DATA", cell_data}, {"KEY", cell_key}, {"EXPIRES", cell_expires},
};

int verb_records(struct arguments *a)
{
    return print_list(a, "/v1/records", "records", record_columns,
                      sizeof(record_columns) / sizeof(record_columns[0]), "no plain records");
}

/* ---- explain, status ------------------------------------------------------------- */

static int print_answer(struct arguments *a, const char *path)
{
    json_t *answer = NULL;
    int code = http_get(a, path, &answer);
    if (code != EXIT_DONE)
        return code;
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (a->json)
        json_print(answer);
    else if (error)
        fprintf(stderr, "discctl: %s\n", error);
    else
        table_print_any(answer);
    json_decref(answer);
    return error ? EXIT_REFUSED : EXIT_DONE;
}

int verb_explain(struct arguments *a)
{
    char path[HTTP_PATH_MAX] = "/v1/explain";
    if (!http_query_add(path, "name", a->name) || !http_query_add(path, "type", a->type) ||
        !http_query_add(path, "client", a->client))
        return EXIT_USAGE;
    return print_answer(a, path);
}

int verb_status(struct arguments *a)
{
    json_t *status = NULL;
    int code = http_get(a, "/v1/status", &status);
    if (code != EXIT_DONE)
        return code;
    if (a->json) {
        json_print(status);
    } else {
        words_for_status(status);
        table_print_any(status);
    }
    json_decref(status);
    return EXIT_DONE;
}
