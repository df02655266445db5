#include "words.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

static void add(char out[static WORDS_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(char out[static WORDS_MAX], const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;
    va_start(args, format);
    vsnprintf(out + used, WORDS_MAX - used, format, args);
    va_end(args);
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static bool text_is(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, wanted) == 0;
}

/* Adds the value in a form that is fit for a terminal. */
static void add_value(char out[static WORDS_MAX], const char *before, const json_t *object,
                      const char *key)
{
    char value[300];
    table_text(json_object_get(object, key), value, sizeof(value));
    if (*value)
        add(out, "%s%s", before, value);
}

/* ---- the guard ------------------------------------------------------------------- */

const char *words_for_guard(const json_t *guard, char out[static WORDS_MAX])
{
    bool by_hand = !text_is(guard, "mode", "auto"), on = is_true(guard, "on");
    *out = 0;
    add(out, "%s%s",
        text_is(guard, "mode", "off") ? "off"
        : on                          ? "on"
                                      : "watching",
        by_hand ? ", set by hand" : "");
    if (on)
        add_value(out, ", since ", guard, "since");
    add(out, ": %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " hosts are late",
        number(guard, "late_hosts"), number(guard, "hosts"));
    if (json_object_get(guard, "late_hosts_max") && !by_hand && !on)
        add(out, " (it goes on above %" JSON_INTEGER_FORMAT ")", number(guard, "late_hosts_max"));
    add(out, "; what falls silent is %s",
        on ? "kept as stale, behind the live instances" : "evicted");
    if (number(guard, "zones_on"))
        add(out, "; zones whose guard is on: %" JSON_INTEGER_FORMAT " (see discctl guard)",
            number(guard, "zones_on"));
    if (is_true(guard, "brownout"))
        add(out, "; brownout: so many renewals are lost that leases last three times as long");
    return out;
}

/* ---- the store ------------------------------------------------------------------- */

static void describe_disk(const json_t *store, char out[static WORDS_MAX])
{
    if (text_is(store, "state", "failing"))
        add(out, "FAILING, tried again and again: what is not on disk is not acknowledged");
    else if (text_is(store, "state", "readonly"))
        add(out, "READ-ONLY: what is new is refused, renewals, goodbyes and DNS go on");
    else
        add(out, "on disk");
    add_value(out, ", in ", store, "path");
    add(out, ": %" JSON_INTEGER_FORMAT " entries", number(store, "entries"));
    if (number(store, "commits"))
        add(out, ", a commit takes %.1f ms (%.1f at most)",
            (double)number(store, "commit_us_mean") / 1000,
            json_number_value(json_object_get(store, "commit_ms_max")));
    if (number(store, "held_replies"))
        add(out, ", %" JSON_INTEGER_FORMAT " replies wait for it", number(store, "held_replies"));
    if (number(store, "damaged"))
        add(out, ", %" JSON_INTEGER_FORMAT " damaged entries were left out at the start",
            number(store, "damaged"));
    add_value(out, "; ", store, "error");
}

static const char *describe_store(const json_t *store, char out[static WORDS_MAX])
{
    *out = 0;
    if (text_is(store, "mode", "disk"))
        describe_disk(store, out);
    else
        add(out, "in memory only (data_dir is empty): a restart forgets what is registered");
    return out;
}

void words_for_status(json_t *status)
{
    char words[WORDS_MAX];
    const json_t *guard = json_object_get(status, "guard");
    const json_t *store = json_object_get(status, "store");
    if (json_is_object(guard))
        json_object_set_new(status, "guard", json_string(words_for_guard(guard, words)));
    if (json_is_object(store))
        json_object_set_new(status, "store", json_string(describe_store(store, words)));
}
