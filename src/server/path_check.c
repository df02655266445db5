#include "server/path_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

enum err path_check(const char *key, const char *path, bool file)
{
    const char *end = strrchr(path, '/');
    char *folder = end && end > path ? strndup(path, (size_t)(end - path)) : NULL;
    struct stat st;
    int error = folder && stat(folder, &st) ? errno : 0;
    if (!error && folder && !S_ISDIR(st.st_mode))
        error = ENOTDIR;
    if (!error && file && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        error = EISDIR;
    free(folder);
    if (error)
        log_error("%s: %s cannot be there: %s", key, path, strerror(error));
    return error ? ERR_SYSTEM : ERR_OK;
}
