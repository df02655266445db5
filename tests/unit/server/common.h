/* What the server's tests share: cmocka, loopback endpoints, a folder to write in. */
#ifndef DISC_TESTS_SERVER_COMMON_H
#define DISC_TESTS_SERVER_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"

#define PATIENCE_MS 10000 /* nothing here takes that long, unless it never comes */

UNUSED static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(text), &a), ERR_OK);
    return a;
}

UNUSED static struct endpoint endpoint_of(const char *text)
{
    struct endpoint e;
    assert_int_equal(endpoint_parse(text_of(text), &e), ERR_OK);
    return e;
}

/* cmocka setup and teardown: *state is a folder that nobody else has. */
UNUSED static int folder_make(void **state)
{
    char *path = strdup("/tmp/disc-unit-XXXXXX");
    *state = path;
    return path && mkdtemp(path) ? 0 : -1;
}

UNUSED static int folder_remove(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    int status = system(command);
    free(*state);
    return status;
}

#endif
