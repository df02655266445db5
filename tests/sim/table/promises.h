/* What the table must show, whoever runs it: disc's promises, and what is known of the
 * others. All times are virtual, so the same seeds give the same figures anywhere. */
#ifndef DISC_TESTS_SIM_TABLE_PROMISES_H
#define DISC_TESTS_SIM_TABLE_PROMISES_H

#include "sim/table/sheet.h"

/* Says each figure that is out of its bounds, and each that is missing, on stderr; true
 * when there is none. `row` = only of this row ("crash"), NULL = of all. */
bool promises_hold(const struct sheet *s, const char *row);

#endif
