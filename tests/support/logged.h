/* What a test makes discd log. */
#ifndef DISC_TESTS_SUPPORT_LOGGED_H
#define DISC_TESTS_SUPPORT_LOGGED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"

static struct {
    int file, real_stderr;
} logged_to;

/* cmocka setup and teardown. */
UNUSED static int capture_begin(void **state UNUSED)
{
    logged_to.file = memfd_create("log", MFD_CLOEXEC);
    logged_to.real_stderr = dup(STDERR_FILENO);
    return logged_to.file >= 0 && dup2(logged_to.file, STDERR_FILENO) == STDERR_FILENO ? 0 : -1;
}

UNUSED static int capture_end(void **state UNUSED)
{
    dup2(logged_to.real_stderr, STDERR_FILENO);
    close(logged_to.real_stderr);
    close(logged_to.file);
    return 0;
}

/* Since the last call; good until the next. */
UNUSED static const char *logged(void)
{
    static char text[8192];
    ssize_t n = pread(logged_to.file, text, sizeof(text) - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(ftruncate(logged_to.file, 0), 0);
    assert_int_equal(lseek(logged_to.file, 0, SEEK_SET), 0);
    return text;
}

#endif
