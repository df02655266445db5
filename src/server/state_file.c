#include "server/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define FILE_NAME "state"
#define FILE_NEW "state.new"
#define FILE_LOCK "lock"
#define HEADER "discd state 1"

struct state_file {
    int dir; /* -1 = memory only */
    int lock;
    struct state_values values;
};

static enum err write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return ERR_SYSTEM;
        bytes += done;
        n -= (size_t)done;
    }
    return ERR_OK;
}

/* Write aside, sync, rename, sync the folder: after a crash there is the old file or the
 * new one, never a part. */
static enum err store(const struct state_file *state)
{
    char text[128];
    int n = snprintf(text, sizeof text, HEADER "\nboots %u\nserial_ceiling %u\n",
                     state->values.boots, state->values.serial_ceiling);
    int fd = openat(state->dir, FILE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum err err = fd < 0 ? ERR_SYSTEM : write_all(fd, text, (size_t)n);
    if (!err && fsync(fd))
        err = ERR_SYSTEM;
    if (fd >= 0 && close(fd) && !err)
        err = ERR_SYSTEM;
    if (!err && (renameat(state->dir, FILE_NEW, state->dir, FILE_NAME) || fsync(state->dir)))
        err = ERR_SYSTEM;
    if (err)
        log_error("data_dir: cannot store the state: %s", strerror(errno));
    return err;
}

static enum err parse_line(struct text line, struct state_values *out)
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

static enum err parse(struct text text, struct state_values *out)
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

static enum err load(struct state_file *state, const char *dir)
{
    char text[512];
    int fd = openat(state->dir, FILE_NAME, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    int problem = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        log_error("%s/" FILE_NAME ": cannot read: %s", dir, strerror(problem));
        return ERR_SYSTEM;
    }
    if (parse((struct text){text, (size_t)n}, &state->values)) {
        log_error("%s/" FILE_NAME ": not a state file of discd; move it away (zone serials then "
                  "start from the current time) or choose another data_dir",
                  dir);
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

static enum err open_folder(struct state_file *state, const char *dir, uid_t uid, gid_t gid)
{
    bool made = mkdir(dir, 0700) == 0;
    if (!made && errno != EEXIST) {
        log_error("data_dir %s: cannot be made: %s", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    state->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->dir < 0 || (made && uid != (uid_t)-1 && fchown(state->dir, uid, gid))) {
        log_error("data_dir %s: %s", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    state->lock = openat(state->dir, FILE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock < 0) {
        log_error("data_dir %s: cannot write there: %s", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    if (flock(state->lock, LOCK_EX | LOCK_NB)) {
        log_error("data_dir %s is in use by another discd; stop it, or give this one a data_dir "
                  "of its own",
                  dir);
        return ERR_BUSY;
    }
    return ERR_OK;
}

/* What root made, the user that serves must be able to replace. */
static void hand_over(const struct state_file *state, uid_t uid, gid_t gid)
{
    if (uid == (uid_t)-1)
        return;
    if (fchownat(state->dir, FILE_NAME, uid, gid, 0) || fchown(state->lock, uid, gid))
        log_warn("data_dir: cannot give the state file to the user: %s", strerror(errno));
}

enum err state_file_open(const char *dir, uid_t uid, gid_t gid, struct state_file **out,
                         struct state_values *values)
{
    struct state_file *state = calloc(1, sizeof *state);
    if (!state)
        return ERR_MEMORY;
    state->dir = state->lock = -1;
    enum err err = ERR_OK;
    if (dir[0]) {
        err = open_folder(state, dir, uid, gid);
        if (!err)
            err = load(state, dir);
        state->values.boots++;
        if (!err)
            err = store(state);
        if (!err)
            hand_over(state, uid, gid);
    }
    if (err) {
        state_file_close(state);
        return err;
    }
    *values = state->values;
    *out = state;
    return ERR_OK;
}

enum err state_file_raise(struct state_file *state, uint32_t serial_ceiling)
{
    uint32_t before = state->values.serial_ceiling;
    state->values.serial_ceiling = serial_ceiling;
    enum err err = state->dir < 0 ? ERR_OK : store(state);
    if (err)
        state->values.serial_ceiling = before;
    return err;
}

void state_file_close(struct state_file *state)
{
    if (!state)
        return;
    if (state->lock >= 0)
        close(state->lock);
    if (state->dir >= 0)
        close(state->dir);
    free(state);
}
