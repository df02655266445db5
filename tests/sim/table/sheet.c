#include "sim/table/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sheet_deinit(struct sheet *s)
{
    free(s->figures);
}

void sheet_begin(struct fleet *f, enum column column, struct fleet_plan plan, unsigned run)
{
    plan.column = column;
    plan.capacity = plan.capacity ? plan.capacity : plan.hosts;
    plan.lease_s = plan.lease_s ? plan.lease_s : 30;
    plan.seed = ((uint64_t)run + 1) * 0x9e3779b97f4a7c15u + plan.capacity;
    fleet_start(f, &plan);
}

void sheet_end(struct sheet *s, struct fleet *f)
{
    s->hours += (double)f->now_ms / 3600000;
    s->runs++;
    fleet_stop(f);
}

/* ---- figures ---------------------------------------------------------------------- */

void sheet_set(struct sheet *s, enum column column, double value, const char *name, ...)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 64;
        s->figures = realloc(s->figures, s->capacity * sizeof *s->figures);
        if (!s->figures)
            abort();
    }
    struct figure *figure = &s->figures[s->count++];
    figure->column = column;
    figure->value = value;
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(figure->name, sizeof figure->name, name, arguments);
    va_end(arguments);
}

bool sheet_get(const struct sheet *s, enum column column, const char *name, double *value)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->figures[i].column != column || strcmp(s->figures[i].name, name) != 0)
            continue;
        *value = s->figures[i].value;
        return true;
    }
    return false;
}

/* ---- lines ------------------------------------------------------------------------ */

void line_init(struct line *line, const char *label, ...)
{
    *line = (struct line){.cells = {"-", "-", "-"}};
    va_list arguments;
    va_start(arguments, label);
    vsnprintf(line->label, sizeof line->label, label, arguments);
    va_end(arguments);
}

void line_cell(struct line *line, enum column column, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    vsnprintf(line->cells[column], sizeof line->cells[column], text, arguments);
    va_end(arguments);
}

void line_print(const struct line *line)
{
    printf("  %-40s  %-27s  %-27s  %s\n", line->label, line->cells[COLUMN_EUREKA],
           line->cells[COLUMN_GO], line->cells[COLUMN_DISC]);
    fflush(stdout);
}

void sheet_title(const char *title, const char *unit)
{
    printf("\n%s\n", title);
    printf("  %-40s  %-27s  %-27s  %s\n", unit, column_name(COLUMN_EUREKA), column_name(COLUMN_GO),
           column_name(COLUMN_DISC));
}
