#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store/fault.h"

static enum err not_ours(const struct folder *f, const char *name, const struct stat *st,
                         char fault[static STORE_FAULT_TEXT])
{
    return fault_say(
        fault, ERR_OWNER, "%s/%s belongs to uid %u, discd runs as uid %u; say: chown -R %u '%s'",
        f->path, name, (unsigned)st->st_uid, (unsigned)geteuid(), (unsigned)geteuid(), f->path);
}

/* What a failed system call on `name` means. */
static enum err refused(const struct folder *f, const char *name, int problem,
                        char fault[static STORE_FAULT_TEXT])
{
    if (problem == EACCES || problem == EPERM)
        return fault_say(
            fault, ERR_OWNER,
            "data_dir %s/%s: %s for uid %u; say: chown -R %u '%s' && chmod -R u+rwX '%s'", f->path,
            name, strerror(problem), (unsigned)geteuid(), (unsigned)geteuid(), f->path, f->path);
    if (problem == ENOSPC || problem == EDQUOT)
        return fault_say(fault, ERR_FULL, "%s/%s: %s; make room there, or choose another data_dir",
                         f->path, name, strerror(problem));
    return fault_say(fault, ERR_SYSTEM, "data_dir %s/%s: %s; choose another data_dir", f->path,
                     name, strerror(problem));
}

enum err folder_owns(const struct folder *f, const char *name, char fault[static STORE_FAULT_TEXT])
{
    struct stat st;
    if (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return refused(f, name, errno, fault);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return fault_say(fault, ERR_SYNTAX, "%s/%s is no ordinary file; move it away", f->path,
                         name);
    return geteuid() && st.st_uid != geteuid() ? not_ours(f, name, &st, fault) : ERR_OK;
}

/* Only what is ours by all appearances is given away: the folder may be another user's, who
 * must not get a file from elsewhere by a link of that name. */
static bool is_plain(const struct stat *st)
{
    return S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_nlink == 1);
}

static int give(const struct folder *f, const char *name)
{
    struct stat st;
    int fd = openat(f->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    errno = EMLINK;
    int failed = fstat(fd, &st) || !is_plain(&st) || fchown(fd, f->uid, f->gid);
    int problem = errno;
    close(fd);
    errno = problem;
    return failed ? -1 : 0;
}

void folder_hand_over(const struct folder *f, const char *name)
{
    if (f->uid != (uid_t)-1 && !f->readonly && give(f, name))
        log_warn("%s/%s: cannot give it to uid %u: %s", f->path, name, (unsigned)f->uid,
                 strerror(errno));
}

/* Without it a power cut may take the new folder, and all that was put into it. */
static void sync_parent(const struct folder *f)
{
    int parent = openat(f->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0 || fsync(parent))
        log_warn("data_dir %s: cannot sync the folder it lies in: %s", f->path, strerror(errno));
    if (parent >= 0)
        close(parent);
}

static enum err enter(struct folder *f, char fault[static STORE_FAULT_TEXT])
{
    struct stat st;
    struct statvfs fs;
    bool made = mkdir(f->path, 0700) == 0;
    if (!made && (errno == EACCES || errno == EPERM))
        return fault_say(
            fault, ERR_OWNER,
            "data_dir %s cannot be made by uid %u: make it, and say: chown %u '%s'; or "
            "choose another data_dir",
            f->path, (unsigned)geteuid(), (unsigned)geteuid(), f->path);
    if (!made && errno != EEXIST)
        return refused(f, "", errno, fault);
    f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0 || fstat(f->dir, &st) || fstatvfs(f->dir, &fs))
        return refused(f, "", errno, fault);
    f->readonly = fs.f_flag & ST_RDONLY;
    if (geteuid() && st.st_uid != geteuid())
        return not_ours(f, "", &st, fault);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        log_warn("data_dir %s: others than its owner may write there; say: chmod 700 '%s'", f->path,
                 f->path);
    if (!made && f->uid != (uid_t)-1 && st.st_uid != f->uid)
        log_warn("data_dir %s belongs to uid %u, not to %u: what fails to be written will not be "
                 "tried again; say: chown -R %u '%s'",
                 f->path, (unsigned)st.st_uid, (unsigned)f->uid, (unsigned)f->uid, f->path);
    if (made) {
        folder_hand_over(f, ".");
        sync_parent(f);
    }
    return ERR_OK;
}

/* On a read-only file system the lock may be missing; nobody writes there then, and the
 * folder itself does as well. */
static int lock_open(const struct folder *f)
{
    if (!f->readonly)
        return openat(f->dir, FILE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int fd = openat(f->dir, FILE_LOCK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 && errno == ENOENT ? openat(f->dir, ".", O_RDONLY | O_CLOEXEC) : fd;
}

enum err folder_open(struct folder *f, const struct store_options *options,
                     char fault[static STORE_FAULT_TEXT])
{
    *f = (struct folder){.path = strdup(options->dir),
                         .dir = -1,
                         .lock = -1,
                         .uid = options->uid,
                         .gid = options->gid};
    if (!f->path)
        return fault_say(fault, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    enum err err = enter(f, fault);
    if (err)
        return err;
    f->lock = lock_open(f);
    if (f->lock < 0)
        return refused(f, FILE_LOCK, errno, fault);
    if (flock(f->lock, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno != EWOULDBLOCK)
        return refused(f, FILE_LOCK, errno, fault);
    return fault_say(fault, ERR_BUSY,
                     "data_dir %s is in use by another discd; stop it, or give this one a data_dir "
                     "of its own",
                     f->path);
}

void folder_close(struct folder *f)
{
    if (f->lock >= 0)
        close(f->lock);
    if (f->dir >= 0)
        close(f->dir);
    free(f->path);
}
