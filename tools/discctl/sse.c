#include "sse.h"

#include <stdlib.h>
#include <string.h>

void sse_init(struct sse *s)
{
    *s = (struct sse){0};
}

void sse_deinit(struct sse *s)
{
    free(s->line);
    free(s->data);
    sse_init(s);
}

void sse_restart(struct sse *s)
{
    s->line_size = s->data_size = 0;
    s->after_cr = s->has_data = false;
    s->event[0] = 0;
}

/* Keeps a NUL behind what was added. */
static bool append(char **to, size_t *size, size_t *room, const char *bytes, size_t n)
{
    if (*size + n + 1 > SSE_EVENT_MAX)
        return false;
    if (*size + n + 1 > *room) {
        size_t more = (*size + n + 1) * 2;
        char *grown = realloc(*to, more);
        if (!grown)
            return false;
        *to = grown;
        *room = more;
    }
    memcpy(*to + *size, bytes, n);
    *size += n;
    (*to)[*size] = 0;
    return true;
}

static void take_text(char *out, size_t max, const char *value)
{
    if (strlen(value) <= max)
        strcpy(out, value);
}

static bool take_field(struct sse *s, const char *name, const char *value)
{
    if (strcmp(name, "event") == 0) {
        take_text(s->event, SSE_NAME_MAX, value);
    } else if (strcmp(name, "id") == 0) {
        take_text(s->last_id, SSE_ID_MAX, value);
    } else if (strcmp(name, "data") == 0) {
        if (s->has_data && !append(&s->data, &s->data_size, &s->data_room, "\n", 1))
            return false;
        s->has_data = true;
        return append(&s->data, &s->data_size, &s->data_room, value, strlen(value));
    }
    return true;
}

/* An empty line ends the event. */
static bool end_event(struct sse *s,
                      bool (*event)(void *context, const char *name, const char *data),
                      void *context)
{
    bool more = !s->has_data || event(context, s->event[0] ? s->event : "message", s->data);
    s->data_size = 0;
    s->has_data = false;
    s->event[0] = 0;
    return more;
}

static bool end_line(struct sse *s,
                     bool (*event)(void *context, const char *name, const char *data),
                     void *context)
{
    size_t n = s->line_size;
    s->line_size = 0;
    if (n == 0)
        return end_event(s, event, context);
    char *colon = memchr(s->line, ':', n), *value = s->line + n;
    if (colon == s->line) /* a comment */
        return true;
    if (colon) {
        *colon = 0;
        value = colon + 1;
        value += *value == ' ';
    }
    return take_field(s, s->line, value);
}

bool sse_feed(struct sse *s, const char *bytes, size_t n,
              bool (*event)(void *context, const char *name, const char *data), void *context)
{
    for (size_t i = 0; i < n;) {
        if (s->after_cr && bytes[i] == '\n') {
            s->after_cr = false;
            i++;
            continue;
        }
        s->after_cr = false;
        size_t start = i;
        while (i < n && bytes[i] != '\n' && bytes[i] != '\r')
            i++;
        if (!append(&s->line, &s->line_size, &s->line_room, bytes + start, i - start))
            return false;
        if (i == n)
            break;
        s->after_cr = bytes[i++] == '\r';
        if (!end_line(s, event, context))
            return false;
    }
    return true;
}
