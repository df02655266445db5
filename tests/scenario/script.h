/* The text of a scenario: lines, words, variables, and how a failure is told. */
#ifndef DISC_TESTS_SCENARIO_SCRIPT_H
#define DISC_TESTS_SCENARIO_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum { WORDS_MAX = 48, VARIABLES_MAX = 48, LINE_MAX_BYTES = 4096 };

struct variable {
    char name[40];
    char *value;
};

struct script {
    const char *path;
    char **lines;
    unsigned count;
    unsigned at; /* index of the line that is carried out */
    struct variable variables[VARIABLES_MAX];
    unsigned variable_count;
};

struct words { /* of one line, cut at blanks */
    char *word[WORDS_MAX];
    unsigned count;
    char buffer[LINE_MAX_BYTES];
};

/* Reads the whole file; ends the program when it cannot. */
void script_read(struct script *s, const char *path);
void script_free(struct script *s);

/* Prints "file:line: ..." and ends the program with 1. */
_Noreturn void script_fail(const struct script *s, const char *format, ...) PRINTF(2, 3);

void script_set(struct script *s, const char *name, const char *value, size_t n);
const char *script_get(const struct script *s, const char *name); /* NULL = unset */

/* Replaces $name by its value; an unset name is a failure. */
void script_expand(const struct script *s, const char *line, char out[static LINE_MAX_BYTES]);

void script_words(const struct script *s, const char *line, struct words *out);
/* What stands behind the first `n` words of a line. */
const char *script_rest(const char *line, unsigned n);

uint64_t script_number(const struct script *s, const char *word, uint64_t max);
/* "500ms", "30s", "5m", "2h" in milliseconds. */
uint64_t script_duration(const struct script *s, const char *word);
/* The value of "key=value" when the word is one, else NULL. */
const char *script_value(const char *word, const char *key);

/* '*' is any text, all else stands for itself. */
bool script_matches(const char *text, const char *pattern);

#endif
