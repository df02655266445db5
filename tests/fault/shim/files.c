/* Files, mappings, threads and processes. */
#include "fault/shim/shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Logs, pipes and event counters do not fail for lack of room. */
static bool is_data(int fd)
{
    struct stat st;
    return fd > STDERR_FILENO && syscall(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_durable(int fd)
{
    return (syscall(SYS_fcntl, fd, F_GETFL) & (O_DSYNC | O_SYNC)) != 0;
}

static bool write_begins(int fd)
{
    if (!is_data(fd))
        return true;
    if (judge(FAULT_WRITE) == FAIL)
        return false;
    record(FAULT_WRITE_BEGIN, fd, is_durable(fd), 0, NULL, 0);
    return true;
}

static ssize_t write_ends(int fd, ssize_t result)
{
    int error = errno;
    if (is_data(fd))
        record(FAULT_WRITE_END, fd, is_durable(fd), result, NULL, 0);
    errno = error;
    return result;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT(write);
    return write_begins(fd) ? write_ends(fd, next(fd, bytes, n)) : -1;
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    NEXT(pwrite);
    return write_begins(fd) ? write_ends(fd, next(fd, bytes, n, at)) : -1;
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    NEXT(pwrite64);
    return write_begins(fd) ? write_ends(fd, next(fd, bytes, n, at)) : -1;
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    NEXT(pwritev);
    return write_begins(fd) ? write_ends(fd, next(fd, parts, n, at)) : -1;
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at)
{
    NEXT(pwritev64);
    return write_begins(fd) ? write_ends(fd, next(fd, parts, n, at)) : -1;
}

/* True: `*result` is what the caller gets. */
static bool sync_is_decided(int fd, int *result)
{
    enum verdict verdict = judge(FAULT_SYNC);
    *result = verdict == FAIL ? -1 : 0;
    if (verdict != HIDE)
        record(FAULT_SYNC_BEGIN, fd, false, 0, NULL, 0);
    if (verdict == FAIL) {
        int error = errno;
        record(FAULT_SYNC_END, fd, false, -1, NULL, 0);
        errno = error;
    }
    return verdict != PASS;
}

static int sync_ends(int fd, int result)
{
    int error = errno;
    record(FAULT_SYNC_END, fd, false, result, NULL, 0);
    errno = error;
    return result;
}

EXPORT int fdatasync(int fd)
{
    NEXT(fdatasync);
    int result;
    return sync_is_decided(fd, &result) ? result : sync_ends(fd, next(fd));
}

EXPORT int fsync(int fd)
{
    NEXT(fsync);
    int result;
    return sync_is_decided(fd, &result) ? result : sync_ends(fd, next(fd));
}

EXPORT int msync(void *at, size_t n, int flags)
{
    NEXT(msync);
    int result;
    return sync_is_decided(-1, &result) ? result : sync_ends(-1, next(at, n, flags));
}

EXPORT int ftruncate(int fd, off_t size)
{
    NEXT(ftruncate);
    return judge(FAULT_TRUNCATE) == FAIL ? -1 : next(fd, size);
}

EXPORT int ftruncate64(int fd, off64_t size)
{
    NEXT(ftruncate64);
    return judge(FAULT_TRUNCATE) == FAIL ? -1 : next(fd, size);
}

EXPORT void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    NEXT(mmap);
    return judge(FAULT_MMAP) == FAIL ? MAP_FAILED : next(at, n, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset)
{
    NEXT(mmap64);
    return judge(FAULT_MMAP) == FAIL ? MAP_FAILED : next(at, n, protection, flags, fd, offset);
}

static mode_t mode_of(int flags, va_list more)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPEN(name, in_folder, pass_folder)                                                         \
    EXPORT int name(in_folder const char *path, int flags, ...)                                    \
    {                                                                                              \
        NEXT(name);                                                                                \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return judge(FAULT_OPEN) == FAIL ? -1 : next(pass_folder path, flags, mode);               \
    }
#define WITH_FOLDER int dir,
#define PASS_FOLDER dir,
OPEN(open, , )
OPEN(open64, , )
OPEN(openat, WITH_FOLDER, PASS_FOLDER)
OPEN(openat64, WITH_FOLDER, PASS_FOLDER)

EXPORT FILE *fopen(const char *path, const char *mode)
{
    NEXT(fopen);
    return judge(FAULT_OPEN) == FAIL ? NULL : next(path, mode);
}

EXPORT DIR *opendir(const char *path)
{
    NEXT(opendir);
    return judge(FAULT_OPEN) == FAIL ? NULL : next(path);
}

/* ---- processes ------------------------------------------------------------------------- */

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context)
{
    NEXT(pthread_create);
    return judge(FAULT_THREAD) == FAIL ? errno : next(thread, attributes, run, context);
}

/* The address sanitizer asks this in each thread that starts, and stops at once when libc
 * has no memory for the answer. */
EXPORT int pthread_getattr_np(pthread_t thread, pthread_attr_t *out)
{
    NEXT(pthread_getattr_np);
    judge_nothing(true);
    int result = next(thread, out);
    judge_nothing(false);
    return result;
}

EXPORT pid_t fork(void)
{
    NEXT(fork);
    return judge(FAULT_FORK) == FAIL ? -1 : next();
}
