/* overrides: what operators set for instances, of those that are there and those that are not. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http_client.h"
#include "listing.h"
#include "table.h"

TABLE_CELL(cell_namespace, "namespace")
TABLE_CELL(cell_service, "service")
TABLE_CELL(cell_instance, "instance")

static void cell_registered(const json_t *row, char *out, size_t size)
{
    snprintf(out, size, "%s", json_is_true(json_object_get(row, "registered")) ? "yes" : "no");
}

/* "drain weight=10" */
static void cell_override(const json_t *row, char *out, size_t size)
{
    const char *key;
    json_t *value;
    *out = 0;
    json_object_foreach(json_object_get(row, "override"), key, value)
    {
        char text[64];
        size_t used = strlen(out);
        table_text(value, text, sizeof(text));
        bool plain = json_is_true(value);
        snprintf(out + used, size - used, "%s%s%s%s", used ? " " : "", key, plain ? "" : "=",
                 plain ? "" : text);
    }
}

static const struct column columns[] = {
    {"NAMESPACE", cell_namespace},   {"SERVICE", cell_service},   {"INSTANCE", cell_instance},
    {"REGISTERED", cell_registered}, {"OVERRIDE", cell_override},
};

static void keep_namespace(json_t *rows, const char *ns)
{
    for (size_t i = json_array_size(rows); ns && i-- > 0;) {
        const char *of = json_string_value(json_object_get(json_array_get(rows, i), "namespace"));
        if (!of || strcasecmp(of, ns) != 0)
            json_array_remove(rows, i);
    }
}

int verb_overrides(struct arguments *a)
{
    json_t *whole = NULL;
    int code = listing_whole(a, "/v1/overrides", "overrides", &whole);
    json_t *rows = json_object_get(whole, "overrides");
    keep_namespace(rows, a->ns);
    bool none = !json_array_size(rows);
    if (code == EXIT_DONE && none && a->ns)
        code = listing_namespace(a);
    if (code == EXIT_DONE && a->json) {
        json_print(whole);
    } else if (code == EXIT_DONE) {
        table_print(rows, columns, sizeof(columns) / sizeof(columns[0]));
        if (none)
            puts("nothing is overruled");
    }
    json_decref(whole);
    return code;
}
