/* Prints what was measured, for people or as JSON. Called by main.c. */
#ifndef DISCBENCH_REPORT_H
#define DISCBENCH_REPORT_H

#include "modes.h"

void report_print(const struct options *o, const struct results *r);

#endif
