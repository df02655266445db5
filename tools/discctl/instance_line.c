#include "instance_line.h"

#include <stddef.h>
#include <stdint.h>

enum { MEMBERS_MAX = 16 };

static void drop(json_t *object, const char *const names[MEMBERS_MAX])
{
    for (size_t i = 0; i < MEMBERS_MAX && names[i]; i++)
        json_object_del(object, names[i]);
}

void instance_line_make(json_t *line)
{
    static const char *const momentary[MEMBERS_MAX] = {
        "live",  "stale",      "expires_in_ms", "registered_ms", "up_ms",
        "index", "renewed_ms", "dirty_ms",      "latest_ms",     "said"};
    const char *key;
    json_t *value;
    /* Where an override hides it. */
    json_object_foreach(json_object_get(line, "said"), key, value)
    {
        json_object_set(line, key, value);
    }
    drop(line, momentary);
}

bool instance_line_is(const json_t *line, const json_t *shown)
{
    static const char *const others[MEMBERS_MAX] = {"namespace", "service", "owner", "override"};
    json_t *a = json_copy((json_t *)(uintptr_t)line), *b = json_deep_copy(shown);
    instance_line_make(b);
    drop(a, others);
    drop(b, others);
    bool same = a && b && json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

json_t *instance_line_override(const json_t *row)
{
    json_t *line = json_object();
    json_object_set(line, "namespace", json_object_get(row, "namespace"));
    json_object_set(line, "service", json_object_get(row, "service"));
    json_object_set(line, "id", json_object_get(row, "instance"));
    json_object_set_new(line, "registered", json_false());
    json_object_set(line, "override", json_object_get(row, "override"));
    return line;
}

bool instance_line_is_override(const json_t *line)
{
    return json_is_false(json_object_get(line, "registered"));
}
