#include "sim/table/samples.h"

#include <stdlib.h>

void samples_add(struct samples *s, double value)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 64;
        s->values = realloc(s->values, s->capacity * sizeof *s->values);
        if (!s->values)
            abort();
    }
    s->values[s->count++] = value;
    s->sorted = false;
}

void samples_deinit(struct samples *s)
{
    free(s->values);
    *s = (struct samples){0};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(struct samples *s)
{
    if (!s->sorted && s->count)
        qsort(s->values, s->count, sizeof *s->values, compare);
    s->sorted = true;
}

double samples_percentile(struct samples *s, double percent)
{
    if (!s->count)
        return 0;
    sort(s);
    size_t rank = (size_t)(percent / 100 * (double)s->count + 0.999999);
    return s->values[rank == 0 ? 0 : rank > s->count ? s->count - 1 : rank - 1];
}

double samples_max(struct samples *s)
{
    return samples_percentile(s, 100);
}

double samples_min(struct samples *s)
{
    return samples_percentile(s, 0);
}

double samples_mean(const struct samples *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->count; i++)
        sum += s->values[i];
    return s->count ? sum / (double)s->count : 0;
}
