/* A folder for a unit test to write in. */
#ifndef DISC_TESTS_SUPPORT_FOLDER_H
#define DISC_TESTS_SUPPORT_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

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
