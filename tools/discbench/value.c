#include "value.h"

#include <stdio.h>
#include <stdlib.h>

bool value_number(const char *name, const char *text, double low, double high, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end != text && !*end && *out >= low && *out <= high)
        return true;
    fprintf(stderr, "discbench: --%s wants a number from %g to %g, not '%s'\n", name, low, high,
            text);
    return false;
}

bool value_count(const char *name, const char *text, uint32_t high, uint32_t *out)
{
    double value;
    if (!value_number(name, text, 1, high, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}
