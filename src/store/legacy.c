#include "store/legacy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/fault.h"

#define FILE_STATE "state"
#define HEADER "discd state 1"

static enum err parse_line(struct text line, struct store_meta *out)
{
    struct text word = text_cut(&line, ' ');
    uint64_t number;
    enum err err = text_number(line, UINT32_MAX, &number);
    if (err)
        return err;
    if (text_is(word, TEXT("boots")))
        out->boots = (uint32_t)number;
    else if (text_is(word, TEXT("serial_ceiling")))
        out->serial_ceiling = (uint32_t)number;
    else
        return ERR_SYNTAX;
    return ERR_OK;
}

static enum err parse(struct text text, struct store_meta *out)
{
    if (!text_is(text_cut(&text, '\n'), TEXT(HEADER)))
        return ERR_SYNTAX;
    while (text.n) {
        enum err err = parse_line(text_cut(&text, '\n'), out);
        if (err)
            return err;
    }
    return ERR_OK;
}

enum err legacy_read(const struct folder *f, bool *found, struct store_meta *meta,
                     char fault[static STORE_FAULT_TEXT])
{
    char text[512];
    *found = false;
    int fd = openat(f->dir, FILE_STATE, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    int problem = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return fault_say(fault, problem == EACCES ? ERR_OWNER : ERR_SYSTEM,
                         "%s/" FILE_STATE ": cannot be read: %s; say: chown -R %u '%s'", f->path,
                         strerror(problem), (unsigned)geteuid(), f->path);
    if (parse((struct text){text, (size_t)n}, meta))
        return fault_say(fault, ERR_SYNTAX,
                         "%s/" FILE_STATE " is not a state file of discd; move it away (zone "
                         "serials then start from the current time), or choose another data_dir",
                         f->path);
    *found = true;
    return ERR_OK;
}

void legacy_remove(const struct folder *f)
{
    if (unlinkat(f->dir, FILE_STATE, 0) && errno != ENOENT)
        log_warn("%s/" FILE_STATE ": cannot be removed: %s", f->path, strerror(errno));
}
