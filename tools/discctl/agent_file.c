#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

enum { WORDS_MAX = 128 };

/* Takes the next word off the line, in place; '...' and "..." keep blanks. */
static char *take_word(char **at)
{
    char *from = *at + strspn(*at, " \t\r\n"), *to = from, *word = from, quote = 0;
    if (!*from)
        return NULL;
    for (; *from && (quote || !strchr(" \t\r\n", *from)); from++) {
        if (quote ? *from == quote : *from == '\'' || *from == '"')
            quote = quote ? 0 : *from;
        else
            *to++ = *from;
    }
    *at = *from ? from + 1 : from;
    *to = 0;
    return quote ? NULL : word;
}

static const char *misplaced(const struct arguments *a)
{
    if (a->servers.count || a->key_id || a->json || a->timeout_s > 0 || a->subnet)
        return "--server, --key, --secret-file, --subnet, --timeout and --json belong on the "
               "agent's command line";
    return NULL;
}

/* The entry's arguments out of its line. False: said so. */
static bool read_line(struct entry *entry, const char *where)
{
    char *words[WORDS_MAX], *at = entry->line;
    int count = 0;
    while (count < WORDS_MAX && (words[count] = take_word(&at)))
        count++;
    if (count == WORDS_MAX || *at) {
        fprintf(stderr, "%s: too many words, or a quote without its end\n", where);
        return false;
    }
    arguments_init(&entry->arguments);
    if (!arguments_read(&entry->arguments, VERB_REGISTER, where, count, words, NULL))
        return false;
    const char *fault = misplaced(&entry->arguments);
    if (fault)
        fprintf(stderr, "%s: %s\n", where, fault);
    return !fault;
}

/* A fresh entry at the end; NULL when memory lacks. */
static struct entry *append(struct entries *entries)
{
    struct entry *items = realloc(entries->items, (entries->count + 1) * sizeof(*items));
    if (!items)
        return NULL;
    entries->items = items;
    items[entries->count] = (struct entry){0};
    return &items[entries->count++];
}

static bool add_line(struct entries *entries, const char *line, const char *where)
{
    const char *start = line + strspn(line, " \t\r\n");
    if (!*start || *start == '#')
        return true;
    struct entry *entry = append(entries);
    if (!entry || !(entry->line = strdup(line))) {
        fprintf(stderr, "%s: out of memory\n", where);
        return false;
    }
    return read_line(entry, where);
}

static bool load_file(struct entries *entries, const char *path)
{
    char *line = NULL, where[512];
    size_t room = 0, number = 0;
    FILE *file = fopen(path, "re");
    bool ok = file != NULL;
    if (!file)
        fprintf(stderr, "discctl agent: %s: %s\n", path, strerror(errno));
    while (ok && getline(&line, &room, file) >= 0) {
        snprintf(where, sizeof(where), "%s:%zu", path, ++number);
        ok = add_line(entries, line, where);
    }
    free(line);
    if (file)
        fclose(file);
    if (ok && !entries->count)
        fprintf(stderr, "discctl agent: %s holds no registration\n", path);
    return ok && entries->count;
}

bool entries_load(struct entries *entries, const struct arguments *a)
{
    *entries = (struct entries){0};
    if (a->file)
        return load_file(entries, a->file);
    struct entry *entry = append(entries);
    if (entry)
        entry->arguments = *a;
    return entry != NULL;
}

void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->items[i].line);
    free(entries->items);
    *entries = (struct entries){0};
}
