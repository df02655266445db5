/* How far counts are from what is expected of them. */
#ifndef DISC_TESTS_UNIT_DNS_CHI_SQUARE_H
#define DISC_TESTS_UNIT_DNS_CHI_SQUARE_H

/* Of `n` draws, `seen` of each of `count` kinds, whose shares add up to 1. */
static inline double chi_square(const unsigned *seen, const double *share, unsigned count,
                                unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < count; i++) {
        double expected = share[i] * n, off = seen[i] - expected;
        sum += off * off / expected;
    }
    return sum;
}

#endif
