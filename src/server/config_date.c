/* Points in time as a configuration writes them (RFC 3339). */
#include "server/config_file.h"

#define UNIX_MIN 1000000000ull   /* 2001; below, a number is rather a mistyped date */
#define UNIX_MAX 253402300799ull /* the end of 9999 */

/* Exactly `digits` of them, at most `max`; moves on. */
static bool take_digits(struct text *t, size_t digits, uint64_t min, uint64_t max, uint64_t *out)
{
    if (t->n < digits || text_number((struct text){t->s, digits}, max, out) || *out < min)
        return false;
    *t = (struct text){t->s + digits, t->n - digits};
    return true;
}

static bool take_char(struct text *t, char c)
{
    if (!t->n || ascii_lower(t->s[0]) != ascii_lower(c))
        return false;
    *t = (struct text){t->s + 1, t->n - 1};
    return true;
}

static bool is_leap(uint64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint64_t days_in(uint64_t year, uint64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static bool take_day(struct text *t, int64_t *seconds)
{
    uint64_t year, month, day, days = 0;
    if (!take_digits(t, 4, 1970, 9999, &year) || !take_char(t, '-') ||
        !take_digits(t, 2, 1, 12, &month) || !take_char(t, '-') ||
        !take_digits(t, 2, 1, days_in(year, month), &day))
        return false;
    for (uint64_t y = 1970; y < year; y++)
        days += 365 + is_leap(y);
    for (uint64_t m = 1; m < month; m++)
        days += days_in(year, m);
    *seconds = (int64_t)((days + day - 1) * 86400);
    return true;
}

/* "12:00:00", with a fraction that is dropped. */
static bool take_time(struct text *t, int64_t *seconds)
{
    uint64_t h, m, s, digit;
    if (!take_digits(t, 2, 0, 23, &h) || !take_char(t, ':') || !take_digits(t, 2, 0, 59, &m) ||
        !take_char(t, ':') || !take_digits(t, 2, 0, 59, &s))
        return false;
    if (take_char(t, '.')) {
        if (!take_digits(t, 1, 0, 9, &digit))
            return false;
        while (take_digits(t, 1, 0, 9, &digit))
            ;
    }
    *seconds += (int64_t)(h * 3600 + m * 60 + s);
    return true;
}

/* "Z", "+02:00" */
static bool take_zone_offset(struct text *t, int64_t *seconds)
{
    uint64_t h, m;
    if (take_char(t, 'Z'))
        return true;
    int sign = take_char(t, '+') ? -1 : take_char(t, '-') ? 1 : 0;
    if (!sign || !take_digits(t, 2, 0, 23, &h) || !take_char(t, ':') ||
        !take_digits(t, 2, 0, 59, &m))
        return false;
    *seconds += sign * (int64_t)(h * 3600 + m * 60);
    return true;
}

bool config_date_parse(struct text t, uint64_t *out_ms)
{
    int64_t seconds;
    uint64_t number;
    if (text_number(t, UNIX_MAX, &number) == ERR_OK) {
        *out_ms = number * 1000;
        return number >= UNIX_MIN;
    }
    if (!take_day(&t, &seconds))
        return false;
    if (t.n && (!(take_char(&t, 'T') || take_char(&t, ' ')) || !take_time(&t, &seconds) ||
                !take_zone_offset(&t, &seconds)))
        return false;
    if (t.n || seconds <= 0)
        return false;
    *out_ms = (uint64_t)seconds * 1000;
    return true;
}
