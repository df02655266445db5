/* A zone file for a configuration, out of a text. Include after cmocka. */
#ifndef DISC_TESTS_DNS_ZONE_TEXT_H
#define DISC_TESTS_DNS_ZONE_TEXT_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"

/* Its path, the caller's. `*fd`, behind it, is to be closed when the file was read; NULL: it
 * stays open until the test's end. */
UNUSED static char *zone_text(const char *records, int *fd)
{
    char path[64];
    int file = memfd_create("zone", MFD_CLOEXEC);
    assert_int_equal(write(file, records, strlen(records)), (ssize_t)strlen(records));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (fd)
        *fd = file;
    return strdup(path);
}

#endif
