#include "table.h"

#include <libsmartcols.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { CELL_MAX = 512, PATH_MAX_SIZE = 256, ANY_COLUMNS_MAX = 32 };

static void append_text(char *out, size_t size, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s", text);
}

/* How many bytes of UTF-8 here are a character that steers: a control (C0, C1, DEL), a line
 * separator, or one that turns the direction of writing (Unicode TR 9, section 2). */
static size_t steering_bytes(const unsigned char *c)
{
    if (*c < 0x20 || *c == 0x7f)
        return 1;
    if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
        return 2;
    if (c[0] == 0xd8 && c[1] == 0x9c) /* U+061C */
        return 2;
    if (c[0] != 0xe2)
        return 0;
    bool marks = c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae));
    bool isolates = c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
    return marks || isolates ? 3 : 0;
}

/* What came over the network does not get to steer the terminal. */
static void make_printable(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        size_t n = steering_bytes(c);
        if (n)
            memset(c, '?', n);
    }
}

static void scalar_text(const json_t *value, char *out, size_t size)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        snprintf(out, size, "%s", json_string_value(value));
        make_printable(out);
        break;
    case JSON_INTEGER:
        snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL: snprintf(out, size, "%g", json_real_value(value)); break;
    case JSON_TRUE: snprintf(out, size, "yes"); break;
    case JSON_FALSE: snprintf(out, size, "no"); break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT: break;
    }
}

/* "key=value,..." */
static void object_text(const json_t *value, char *out, size_t size)
{
    const char *key, *comma = "";
    json_t *item;
    char cell[CELL_MAX];
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        append_text(out, size, comma);
        append_text(out, size, key);
        append_text(out, size, "=");
        table_text(item, cell, sizeof(cell));
        append_text(out, size, cell);
        comma = ",";
    }
    make_printable(out);
}

void table_text(const json_t *value, char *out, size_t size)
{
    size_t i;
    json_t *item;
    char cell[CELL_MAX];
    *out = 0;
    if (json_is_object(value)) {
        object_text(value, out, size);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            table_text(item, cell, sizeof(cell));
            append_text(out, size, i ? "," : "");
            append_text(out, size, cell);
        }
    } else if (value) {
        scalar_text(value, out, size);
    }
}

static bool is_used(const json_t *rows, const struct column *column)
{
    size_t i;
    json_t *row;
    char cell[CELL_MAX];
    json_array_foreach(rows, i, row)
    {
        column->cell(row, cell, sizeof(cell));
        if (*cell)
            return true;
    }
    return false;
}

static struct libscols_table *new_table(void)
{
    struct libscols_table *table = scols_new_table();
    if (table)
        scols_table_enable_nolinesep(table, 0);
    return table;
}

void table_print(const json_t *rows, const struct column *columns, size_t count)
{
    const struct column *used[ANY_COLUMNS_MAX];
    size_t width = 0, i;
    json_t *row;
    char cell[CELL_MAX];
    struct libscols_table *table = json_array_size(rows) ? new_table() : NULL;
    if (!table)
        return;
    for (i = 0; i < count && width < ANY_COLUMNS_MAX; i++) {
        if (is_used(rows, &columns[i]) && scols_table_new_column(table, columns[i].title, 0, 0))
            used[width++] = &columns[i];
    }
    json_array_foreach(rows, i, row)
    {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        for (size_t k = 0; line && k < width; k++) {
            used[k]->cell(row, cell, sizeof(cell));
            scols_line_set_data(line, k, cell);
        }
    }
    scols_print_table(table);
    scols_unref_table(table);
}

/* ---- anything ------------------------------------------------------------------ */

static bool holds_objects(const json_t *value)
{
    return json_is_object(json_array_get(value, 0));
}

/* Records, say: they are read one below the other. */
static bool holds_sentences(const json_t *value)
{
    const char *first = json_string_value(json_array_get(value, 0));
    return first && strchr(first, ' ');
}

/* The keys of all rows, in the order of their first appearance. */
static size_t collect_keys(const json_t *rows, const char *keys[ANY_COLUMNS_MAX])
{
    size_t count = 0, i, k;
    json_t *row, *item;
    const char *key;
    json_array_foreach(rows, i, row)
    {
        json_object_foreach(row, key, item)
        {
            for (k = 0; k < count && strcmp(keys[k], key) != 0; k++)
                ;
            if (k == count && count < ANY_COLUMNS_MAX)
                keys[count++] = key;
        }
    }
    return count;
}

static void print_rows(const char *title, const json_t *rows)
{
    const char *keys[ANY_COLUMNS_MAX];
    size_t count = collect_keys(rows, keys), i;
    json_t *row;
    char cell[CELL_MAX];
    struct libscols_table *table = new_table();
    if (!table)
        return;
    for (i = 0; i < count; i++)
        scols_table_new_column(table, keys[i], 0, 0);
    json_array_foreach(rows, i, row)
    {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        for (size_t k = 0; line && k < count; k++) {
            table_text(json_object_get(row, keys[k]), cell, sizeof(cell));
            scols_line_set_data(line, k, cell);
        }
    }
    printf("%s%s:\n", *title ? "\n" : "", *title ? title : "rows");
    scols_print_table(table);
    scols_unref_table(table);
}

static void print_scalars(struct libscols_table *table, const char *path, const json_t *value)
{
    const char *key;
    json_t *item;
    char cell[CELL_MAX], below[PATH_MAX_SIZE];
    if (holds_objects(value))
        return; /* a table of its own */
    if (holds_sentences(value)) {
        size_t i;
        json_array_foreach(value, i, item) print_scalars(table, i ? "" : path, item);
        return;
    }
    if (!json_is_object(value)) {
        table_text(value, cell, sizeof(cell));
        struct libscols_line *line = *cell ? scols_table_new_line(table, NULL) : NULL;
        if (line) {
            scols_line_set_data(line, 0, path);
            scols_line_set_data(line, 1, cell);
        }
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key);
        print_scalars(table, below, item);
    }
}

static void print_tables(const char *path, const json_t *value)
{
    const char *key;
    json_t *item;
    char below[PATH_MAX_SIZE];
    if (holds_objects(value))
        print_rows(path, value);
    if (!json_is_object(value))
        return;
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key);
        print_tables(below, item);
    }
}

void table_print_any(const json_t *value)
{
    struct libscols_table *table = new_table();
    if (!table)
        return;
    scols_table_enable_noheadings(table, 1);
    scols_table_new_column(table, "name", 0, 0);
    scols_table_new_column(table, "value", 0, 0);
    print_scalars(table, "", value);
    if (scols_table_get_nlines(table))
        scols_print_table(table);
    scols_unref_table(table);
    print_tables("", value);
}

void json_print(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
}
