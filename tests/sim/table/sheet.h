/* The table while it is being filled: lines for people, figures for the check.
 *
 * A row of the table (rows.h) runs its scenario under each set of rules, sets figures by
 * name, writes the cells of its lines and prints them. */
#ifndef DISC_TESTS_SIM_TABLE_SHEET_H
#define DISC_TESTS_SIM_TABLE_SHEET_H

#include "sim/table/fleet.h"
#include "sim/table/samples.h"

struct figure {
    char name[48]; /* "crash.h10.max" */
    enum column column;
    double value;
};

struct sheet {
    unsigned seeds;
    struct figure *figures;
    size_t count, capacity;
    double hours;  /* of virtual time */
    unsigned runs; /* fleets that ran */
};

struct line {
    char label[52];
    char cells[COLUMN_COUNT][40];
};

void sheet_deinit(struct sheet *s);

/* A fleet of this column, the run-th of a row; the same numbers give the same fleet. Of
 * the plan: hosts, capacity (0 = hosts), zones, lease_s (0 = 30). */
void sheet_begin(struct fleet *f, enum column column, struct fleet_plan plan, unsigned run);
void sheet_end(struct sheet *s, struct fleet *f); /* stops it and counts its time */

void sheet_set(struct sheet *s, enum column column, double value, const char *name, ...)
    __attribute__((format(printf, 4, 5)));
/* False: no such figure. */
bool sheet_get(const struct sheet *s, enum column column, const char *name, double *value);

void line_init(struct line *line, const char *label, ...) __attribute__((format(printf, 2, 3)));
void line_cell(struct line *line, enum column column, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
void line_print(const struct line *line);
void sheet_title(const char *title, const char *unit);

#endif
