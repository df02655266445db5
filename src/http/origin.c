#include "http/origin.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "http/name.h"

enum { DIGEST_CHARS = 9 /* '-' and 8 hexadecimal digits */ };

/* ---- names ----------------------------------------------------------------------- */

static bool is_label_as_it_is(struct text t)
{
    for (size_t n = 0; n < t.n; n++)
        if (t.s[n] != ascii_lower(t.s[n]))
            return false;
    return text_is_label(t, INSTANCE_ID_MAX);
}

/* Host names are long and differ at their beginning; dots become hyphens as other characters
 * do. */
size_t origin_label(struct text hostname, char out[static INSTANCE_ID_MAX + 1])
{
    char label[63];

    if (is_label_as_it_is(hostname)) {
        memcpy(out, hostname.s, hostname.n);
        out[hostname.n] = '\0';
        return hostname.n;
    }
    size_t n = text_to_label(hostname, label);
    if (n > INSTANCE_ID_MAX - DIGEST_CHARS)
        n = INSTANCE_ID_MAX - DIGEST_CHARS;
    uint64_t digest = hash_digest(hostname.n ? hostname.s : "", hostname.n);
    return (size_t)snprintf(out, INSTANCE_ID_MAX + 1, "%.*s%s%08x", (int)n, label, n ? "-" : "",
                            (unsigned)(digest >> 32));
}

struct text origin_locality(struct text given, char out[static 64])
{
    size_t n = text_to_label(given, out);

    if (n > SHORT_LABEL_MAX)
        n = SHORT_LABEL_MAX;
    while (n && out[n - 1] == '-')
        n--;
    return (struct text){out, n};
}

struct text origin_version(struct text given, char out[static VERSION_MAX + 1])
{
    size_t n = given.n < VERSION_MAX ? given.n : VERSION_MAX;

    for (size_t i = 0; i < n; i++)
        out[i] = given.s[i] >= 0x20 && given.s[i] <= 0x7e ? given.s[i] : '-';
    return (struct text){out, n};
}

/* ---- in the metadata ------------------------------------------------------------- */

enum err origin_write(const json_t *origin, struct origin_room *room, struct record *record)
{
    if (json_object_size(origin) == 0)
        return ERR_OK;
    room->text = json_dumps(origin, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!room->text)
        return ERR_MEMORY;
    struct text rest = text_of(room->text);
    for (unsigned piece = 0; rest.n; piece++) {
        if (piece == ORIGIN_PIECES || record->metadata_count == METADATA_MAX)
            return ERR_SPACE;
        snprintf(room->keys[piece], ORIGIN_KEY, "%c%02u", METADATA_HIDDEN, piece % 100);
        size_t n = rest.n < METADATA_VALUE_MAX ? rest.n : METADATA_VALUE_MAX;
        record->metadata[record->metadata_count++] =
            (struct pair){text_of(room->keys[piece]), {rest.s, n}};
        rest = (struct text){rest.s + n, rest.n - n};
    }
    return ERR_OK;
}

void origin_room_deinit(struct origin_room *room)
{
    free(room->text);
    room->text = NULL;
}

json_t *origin_read(const struct record *record)
{
    char text[METADATA_BYTES_MAX];
    size_t used = 0;

    for (unsigned n = 0; n < record->metadata_count; n++) {
        struct pair pair = record->metadata[n];
        if (!metadata_is_hidden(pair.key) || used + pair.value.n > sizeof(text))
            continue;
        if (pair.value.n)
            memcpy(text + used, pair.value.s, pair.value.n);
        used += pair.value.n;
    }
    json_t *json = used ? json_loadb(text, used, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}
