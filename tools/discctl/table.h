/* JSON as text for people: tables with libsmartcols. Used by the verbs that read. */
#ifndef DISCCTL_TABLE_H
#define DISCCTL_TABLE_H

#include <jansson.h>
#include <stddef.h>

/* A column: the title, and the text of an object's cell. */
struct column {
    const char *title;
    void (*cell)(const json_t *object, char *out, size_t size);
};

/* A cell function: the object's member as it is. */
#define TABLE_CELL(name, key)                                                                      \
    static void name(const json_t *object, char *out, size_t size)                                 \
    {                                                                                              \
        table_text(json_object_get(object, key), out, size);                                       \
    }

/* One row for each object of the array. Columns that are empty in every row are left
 * out, and nothing is printed of an array without rows. */
void table_print(const json_t *rows, const struct column *columns, size_t count);

/* Whatever it is: scalars as "path  value" lines (texts with blanks of an array one below the
 * other, nothing for what is empty), arrays of objects as tables. */
void table_print_any(const json_t *value);

/* A scalar as text, an array of scalars with commas; "" for what is missing. */
void table_text(const json_t *value, char *out, size_t size);

/* As indented JSON, for programs. */
void json_print(const json_t *value);

#endif
