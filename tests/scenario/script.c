#include "scenario/script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void script_read(struct script *s, const char *path)
{
    *s = (struct script){.path = path};
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (!file)
        script_fail(s, "cannot be read");
    while ((n = getline(&line, &room, file)) >= 0) {
        while (n && isspace((unsigned char)line[n - 1]))
            line[--n] = '\0';
        s->lines = realloc(s->lines, (s->count + 1) * sizeof(*s->lines));
        s->lines[s->count++] = strdup(line + strspn(line, " \t"));
    }
    free(line);
    fclose(file);
}

void script_free(struct script *s)
{
    for (unsigned i = 0; i < s->count; i++)
        free(s->lines[i]);
    for (unsigned i = 0; i < s->variable_count; i++)
        free(s->variables[i].value);
    free(s->lines);
}

void script_fail(const struct script *s, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "%s:%u: ", s->path, s->at + 1);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (s->at < s->count)
        fprintf(stderr, "\n    at: %s", s->lines[s->at]);
    fputc('\n', stderr);
    _Exit(1); /* no leak report behind the failure */
}

static struct variable *find(const struct script *s, const char *name, size_t n)
{
    for (unsigned i = 0; i < s->variable_count; i++)
        if (strlen(s->variables[i].name) == n && memcmp(s->variables[i].name, name, n) == 0)
            return (struct variable *)(uintptr_t)&s->variables[i];
    return NULL;
}

void script_set(struct script *s, const char *name, const char *value, size_t n)
{
    struct variable *v = find(s, name, strlen(name));
    if (!v) {
        if (s->variable_count == VARIABLES_MAX || strlen(name) >= sizeof(v->name))
            script_fail(s, "too many variables, or too long a name: %s", name);
        v = &s->variables[s->variable_count++];
        strcpy(v->name, name);
        v->value = NULL;
    }
    free(v->value);
    v->value = strndup(value, n);
}

const char *script_get(const struct script *s, const char *name)
{
    const struct variable *v = find(s, name, strlen(name));
    return v ? v->value : NULL;
}

static size_t name_length(const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || at[n] == '_')
        n++;
    return n;
}

void script_expand(const struct script *s, const char *line, char out[static LINE_MAX_BYTES])
{
    size_t used = 0;
    while (*line) {
        const char *from = line;
        size_t n = 1, name = *line == '$' ? name_length(line + 1) : 0;
        line++;
        if (name) {
            const struct variable *v = find(s, line, name);
            if (!v)
                script_fail(s, "$%.*s was not set", (int)name, line);
            from = v->value;
            n = strlen(from);
            line += name;
        }
        if (used + n >= LINE_MAX_BYTES)
            script_fail(s, "the line is too long");
        memcpy(out + used, from, n);
        used += n;
    }
    out[used] = '\0';
}

void script_words(const struct script *s, const char *line, struct words *out)
{
    char *rest = NULL;
    out->count = 0;
    snprintf(out->buffer, sizeof(out->buffer), "%s", line);
    for (char *w = strtok_r(out->buffer, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (out->count == WORDS_MAX)
            script_fail(s, "too many words");
        out->word[out->count++] = w;
    }
}

const char *script_rest(const char *line, unsigned n)
{
    for (; n; n--) {
        line += strcspn(line, " \t");
        line += strspn(line, " \t");
    }
    return line;
}

uint64_t script_number(const struct script *s, const char *word, uint64_t max)
{
    uint64_t value;
    if (!word || text_number(text_of(word), max, &value))
        script_fail(s, "found \"%s\", expected a number up to %llu", word ? word : "",
                    (unsigned long long)max);
    return value;
}

uint64_t script_duration(const struct script *s, const char *word)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    size_t digits = word ? strspn(word, "0123456789") : 0;
    for (unsigned i = 0; digits && i < ARRAY_COUNT(units); i++)
        if (strcmp(word + digits, units[i].unit) == 0)
            return strtoull(word, NULL, 10) * units[i].ms;
    script_fail(s, "found \"%s\", expected a duration like 500ms, 30s, 2h", word ? word : "");
}

const char *script_value(const char *word, const char *key)
{
    size_t n = strlen(key);
    return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

bool script_matches(const char *text, const char *pattern)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
