/* The table of keys for people: discd --help-config, and what a bad value was expected
 * to be. */
#include "server/config_table.h"

#include <string.h>

#include "server/config_draft.h"
#include "server/config_values.h"

#define WIDTH 92

const struct config_key *config_key_find(const char *path)
{
    for (size_t i = 0; i < config_key_count(); i++)
        if (strcmp(config_key_at(i)->path, path) == 0)
            return config_key_at(i);
    return NULL;
}

static void join_words(const char *const *words, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; words[i] && at < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        at += (size_t)snprintf(out + at, size - at, "%s%s", before, words[i]);
    }
}

const char *config_key_form(const struct config_key *key, char *out, size_t size)
{
    if (key->words)
        join_words(key->words, out, size);
    else if (key->form)
        snprintf(out, size, "%s", key->form);
    else
        snprintf(out, size, "a number%s from %llu to %llu",
                 key->take == take_seconds ? " of seconds" : "", (unsigned long long)key->min,
                 (unsigned long long)key->max);
    return out;
}

/* Words of `text`, indented, broken at WIDTH. */
static void print_folded(FILE *to, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column && column + 1 + n > WIDTH) {
            fputc('\n', to);
            column = 0;
        }
        column += (size_t)fprintf(to, "%s%.*s", column ? " " : "    ", (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

static void print_key(FILE *to, const struct config_key *key)
{
    char form[200];
    const char *colon = strchr(key->path, ':');
    fprintf(to, "%s\n", colon ? colon + 1 : key->path);
    print_folded(to, key->help);
    if (key->take == take_section)
        return;
    print_folded(to, config_key_form(key, form, sizeof form));
    if (key->required)
        print_folded(to, "required");
    else if (key->fallback) {
        fputs("    default: ", to);
        fprintf(to, "%s\n", key->fallback);
    }
}

/* The file that a key stands in by its path's prefix; "" = discd.yaml. */
static const char *file_of(const struct config_key *key)
{
    static const char *const files[][2] = {
        {"KEYS:", "registration.keys"}, {"TSIG:", "dns.keys"}, {"COOKIES:", "dns.cookie_secrets"}};
    for (size_t i = 0; i < ARRAY_COUNT(files); i++)
        if (strncmp(key->path, files[i][0], strlen(files[i][0])) == 0)
            return files[i][1];
    return "";
}

void config_help(FILE *to)
{
    const char *file = "";
    fputs("Keys of discd.yaml. x.y is y in the section x, x[] each entry of a list, GLOB any\n"
          "pattern. Times are in seconds. File names are relative to the file's folder.\n\n",
          to);
    for (size_t i = 0; i < config_key_count(); i++) {
        const char *next = file_of(config_key_at(i));
        if (strcmp(next, file) != 0)
            fprintf(to, "\nKeys of the file that %s names:\n\n", next);
        file = next;
        print_key(to, config_key_at(i));
    }
}
