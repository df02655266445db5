#include "base/err.h"

static const char *const texts[] = {
    [ERR_OK] = "fine",
    [ERR_MEMORY] = "out of memory",
    [ERR_SYNTAX] = "not in the required form",
    [ERR_VALUE] = "value not allowed",
    [ERR_SPACE] = "does not fit",
    [ERR_NOT_FOUND] = "not found",
    [ERR_EXISTS] = "exists already",
    [ERR_OWNER] = "belongs to somebody else",
    [ERR_STALE] = "older than what is stored",
    [ERR_DIGEST] = "digests differ",
    [ERR_FULL] = "quota reached",
    [ERR_BUSY] = "busy",
    [ERR_READONLY] = "read-only",
    [ERR_SYSTEM] = "system call failed",
};
_Static_assert(ARRAY_COUNT(texts) == ERR_COUNT, "each error has a text");

const char *err_text(enum err err)
{
    return (unsigned)err < ERR_COUNT ? texts[err] : "unknown error";
}
