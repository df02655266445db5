/* Messages written as hexadecimal text with blanks. Include after cmocka. */
#ifndef DISC_TESTS_DNS_HEX_H
#define DISC_TESTS_DNS_HEX_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

/* "(xx*n)" repeats a byte. Returns the size. */
UNUSED static size_t hex(const char *text, uint8_t *out, size_t room)
{
    size_t n = 0;
    while (*text) {
        unsigned byte, times = 1;
        int used = 0;
        if (*text == ' ') {
            text++;
            continue;
        }
        if (*text == '(')
            assert_int_equal(sscanf(text, "(%2x*%u)%n", &byte, &times, &used), 2);
        else
            assert_int_equal(sscanf(text, "%2x%n", &byte, &used), 1);
        assert_true(used > 0);
        text += used;
        assert_true(n + times <= room);
        memset(out + n, (int)byte, times);
        n += times;
    }
    return n;
}

#endif
