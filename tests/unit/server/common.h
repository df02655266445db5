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
#include "support/folder.h"

#define PATIENCE_MS 60000 /* nothing here takes that long, unless it never comes */

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

#endif
