#include "sim/table/promises.h"

#include <stdio.h>
#include <string.h>

struct bound {
    const char *figure;
    enum column column;
    double low, high;
};

#define DISC(figure, low, high)                                                                    \
    {                                                                                              \
        figure, COLUMN_DISC, low, high                                                             \
    }
#define EUREKA(figure, low, high)                                                                  \
    {                                                                                              \
        figure, COLUMN_EUREKA, low, high                                                           \
    }
#define GO(figure, low, high)                                                                      \
    {                                                                                              \
        figure, COLUMN_GO, low, high                                                               \
    }

static const struct bound bounds[] = {
    /* A crash is seen within the lease, however small or large the fleet. */
    DISC("crash.h1.max", 20, 31),
    DISC("crash.h2.max", 20, 31),
    DISC("crash.h3.max", 20, 31),
    DISC("crash.h5.max", 20, 31),
    DISC("crash.h10.max", 20, 31),
    DISC("crash.h50.max", 20, 31),
    DISC("crash.dense.max", 20, 31),
    DISC("crash.h1.never", 0, 0),
    DISC("crash.h2.never", 0, 0),
    DISC("crash.h3.never", 0, 0),
    DISC("crash.h5.never", 0, 0),
    DISC("crash.h10.never", 0, 0),
    DISC("crash.h50.never", 0, 0),
    DISC("crash.dense.never", 0, 0),
    DISC("crash.short1.max", 3, 6),
    DISC("crash.short2.max", 3, 6),
    DISC("crash.short3.max", 3, 6),
    DISC("crash.short5.max", 3, 6),
    DISC("crash.short10.max", 3, 6),
    DISC("crash.short50.max", 3, 6),
    DISC("crash.short1.never", 0, 0),
    DISC("crash.short2.never", 0, 0),
    DISC("crash.short3.never", 0, 0),
    DISC("crash.short5.never", 0, 0),
    DISC("crash.short10.never", 0, 0),
    DISC("crash.short50.never", 0, 0),
    EUREKA("crash.h1.never", 100, 100),
    EUREKA("crash.h2.never", 100, 100),
    EUREKA("crash.h3.never", 100, 100),
    EUREKA("crash.h10.never", 0, 0),
    EUREKA("crash.h10.p50", 150, 240),
    EUREKA("crash.h50.p50", 150, 240),
    GO("crash.h1.never", 100, 100),
    GO("crash.h2.never", 100, 100),
    GO("crash.h10.never", 0, 0),
    GO("crash.h10.p50", 60, 150),
    GO("crash.h50.p50", 60, 150),
    GO("crash.dense.never", 100, 100),
    /* Who lives is not withdrawn because the network was gone. */
    DISC("cut.20.max", 0, 0),
    DISC("cut.30.max", 0, 0),
    DISC("cut.60.max", 0, 0),
    DISC("cut.100.max", 0, 0),
    DISC("cut.rack.max", 0, 0),
    DISC("cut.20.closed", 1, 1),
    DISC("cut.100.closed", 1, 1),
    EUREKA("cut.10.max", 0, 0),
    EUREKA("cut.30.max", 0, 0),
    EUREKA("cut.100.max", 0, 0),
    GO("cut.10.mean", 0.5, 10),
    GO("cut.60.max", 0, 0),
    GO("cut.100.max", 0, 0),
    /* Nor because some datagrams are lost. */
    DISC("loss.5.rate", 0, 0),
    DISC("loss.10.rate", 0, 0),
    /* A lease outlasts 11 or 12 tries: at 30 % all are lost once in some thousand hours. */
    DISC("loss.30.rate", 0, 0.0015),
    DISC("loss.50.rate", 0, 0.2),
    DISC("loss.loop60.5.rate", 0, 0.001),
    DISC("loss.loop60.10.rate", 0, 0.01),
    /* Who is dead goes, however many they are. */
    DISC("half.demoted.share", 1, 1),
    DISC("half.demoted.max", 20, 31),
    DISC("half.removed.min", 900, 931),
    DISC("half.removed.max", 900, 931),
    DISC("half.never", 0, 0),
    EUREKA("half.never", 100, 100),
    GO("half.removed.min", 3500, 3900),
    DISC("scale.closed", 0, 0),
    DISC("scale.delay.max", 20, 31),
    DISC("scale.never", 0, 0),
    DISC("rolling.dead.max", 1, 4),
    DISC("rolling.clean.max", 15, 31),
    DISC("rolling.never", 0, 0),
    DISC("rolling.closed", 0, 0),
    EUREKA("rolling.never", 100, 100),
    GO("rolling.clean.max", 3000, 4500),
    /* A restart costs nobody their place. */
    DISC("restart.5.0.missing", 0, 0),
    DISC("restart.60.0.missing", 0, 0),
    DISC("restart.600.0.missing", 0, 0),
    DISC("restart.5.0.false", 0, 0),
    DISC("restart.60.0.false", 0, 0),
    DISC("restart.600.0.false", 0, 0),
    DISC("restart.5.10.false", 0, 0),
    DISC("restart.60.10.false", 0, 0),
    DISC("restart.600.10.false", 0, 0),
    DISC("restart.60.60.false", 0, 0),
    DISC("restart.600.60.false", 0, 0),
    DISC("restart.5.10.removal", 15, 31),
    DISC("restart.60.10.removal", 15, 31),
    DISC("restart.600.10.removal", 15, 31),
    DISC("restart.60.60.removal", 900, 931),
    DISC("restart.600.60.removal", 900, 931),
    EUREKA("restart.60.0.missing", 299, 301),
    GO("restart.60.0.missing", 20, 31),
    /* What is no trouble does not move the guard. */
    DISC("calm.plain.moves", 0, 0),
    DISC("calm.plain.brownouts", 0, 0),
    DISC("calm.plain.withdrawn", 0, 0),
    DISC("calm.half.moves", 0, 0),
    DISC("calm.half.brownouts", 0, 0),
    DISC("calm.half.withdrawn", 0, 0),
    DISC("calm.halves.moves", 0, 0),
    DISC("calm.halves.brownouts", 0, 0),
    DISC("calm.halves.withdrawn", 0, 0),
    DISC("calm.loop.moves", 0, 0),
    DISC("calm.loop.brownouts", 0, 0),
    DISC("calm.loop.withdrawn", 0, 0),
    DISC("calm.once.moves", 0, 0),
    DISC("calm.once.brownouts", 0, 0),
    DISC("calm.agent4.moves", 0, 0),
    DISC("calm.pods10.moves", 0, 0),
    DISC("calm.pods4.moves", 0, 2),
    DISC("calm.pods10.withdrawn", 0, 0),
    DISC("calm.pods4.withdrawn", 0, 0),
    /* The way there and the next turn; no timer. */
    DISC("goodbye.max", 0, 50),
};

static bool is_of_row(const char *figure, const char *row)
{
    size_t n = strlen(row);
    return strncmp(figure, row, n) == 0 && figure[n] == '.';
}

bool promises_hold(const struct sheet *s, const char *row)
{
    unsigned faults = 0, looked = 0;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const struct bound *b = &bounds[i];
        double value;
        if (row && !is_of_row(b->figure, row))
            continue;
        looked++;
        if (!sheet_get(s, b->column, b->figure, &value)) {
            fprintf(stderr, "%s of %s: not in the table\n", b->figure, column_name(b->column));
            faults++;
        } else if (value < b->low - 1e-9 || value > b->high + 1e-9) {
            fprintf(stderr, "%s of %s: %g, not %g to %g\n", b->figure, column_name(b->column),
                    value, b->low, b->high);
            faults++;
        }
    }
    fprintf(stderr, "%u of %u figures as they must be\n", looked - faults, looked);
    return !faults;
}
