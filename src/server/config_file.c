#include "server/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config_fault.h"
#include "server/yaml_tree.h"

#define TOKEN_MIN 16 /* characters: 80 bits even in base 32 */
#define TOKEN_MAX 512

void file_bytes_wipe(struct file_bytes *file)
{
    if (file->bytes)
        sodium_memzero(file->bytes, file->size);
    free(file->bytes);
    *file = (struct file_bytes){NULL, 0};
}

static enum err open_regular(const char *path, int *fd, struct stat *st, const char **why)
{
    /* Non-blocking: a FIFO in the file's place must not hold the start up. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 || fstat(*fd, st)) {
        *why = strerror(errno);
    } else if (!S_ISREG(st->st_mode)) {
        *why = "not a file";
    } else {
        return ERR_OK;
    }
    if (*fd >= 0)
        close(*fd);
    return ERR_SYSTEM;
}

static enum err read_all(int fd, size_t max, struct file_bytes *out, const char **why)
{
    size_t n = 0;
    ssize_t got = 1;
    char *bytes = malloc(max + 2);
    *why = "out of memory";
    if (!bytes)
        return ERR_MEMORY;
    while (n <= max && (got = read(fd, bytes + n, max + 1 - n)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        n += (size_t)got;
    }
    *out = (struct file_bytes){bytes, n};
    if (got >= 0 && n <= max) {
        bytes[n] = '\0';
        return ERR_OK;
    }
    *why = got < 0 ? strerror(errno) : "too large";
    file_bytes_wipe(out);
    return got < 0 ? ERR_SYSTEM : ERR_VALUE;
}

enum err file_read(const char *path, size_t max, struct file_bytes *out, const char **why)
{
    struct stat st;
    int fd;
    enum err err = open_regular(path, &fd, &st, why);
    if (err)
        return err;
    err = read_all(fd, max, out, why);
    close(fd);
    return err;
}

/* What to do about a file that is not private; false = it is. */
static bool is_open_to_others(const char *path, const struct stat *st, uid_t also, char *out,
                              size_t size)
{
    uid_t me = geteuid();
    if (st->st_uid != me && st->st_uid != 0 && st->st_uid != also) {
        snprintf(out, size, "%.150s belongs to user %u, expected %u or root: run chown %u %.150s",
                 path, (unsigned)st->st_uid, (unsigned)me, (unsigned)me, path);
        return true;
    }
    if (st->st_mode & (S_IRWXG | S_IRWXO)) {
        snprintf(out, size,
                 "%.150s is open to others (mode %04o), expected 0600: run chmod 600 %.150s", path,
                 (unsigned)st->st_mode & 07777, path);
        return true;
    }
    return false;
}

enum err file_read_secret(const struct file_ref *ref, const char *main_file, uid_t also,
                          struct file_bytes *out, struct config_fault *fault)
{
    struct stat st;
    int fd;
    char advice[400];
    const char *why;
    enum err err = open_regular(ref->path, &fd, &st, &why);
    if (!err && is_open_to_others(ref->path, &st, also, advice, sizeof advice)) {
        close(fd);
        return fault_write(fault, ERR_VALUE, main_file, ref->line, ref->column, "%s", advice);
    }
    if (!err) {
        err = read_all(fd, YAML_BYTES_MAX, out, &why);
        close(fd);
    }
    if (err)
        return fault_write(fault, err, main_file, ref->line, ref->column, "cannot read %.200s: %s",
                           ref->path, why);
    return ERR_OK;
}

/* ---- the token ------------------------------------------------------------------------- */

static struct text first_line(const struct file_bytes *file)
{
    struct text rest = {file->bytes, file->size};
    struct text line = text_cut(&rest, '\n');
    if (line.n && line.s[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* Without blanks, since it travels as a word in a header. */
static const char *token_fault(struct text token)
{
    for (size_t i = 0; i < token.n; i++)
        if (token.s[i] <= 0x20 || token.s[i] >= 0x7f)
            return "a blank or unprintable character in the token, expected letters and digits";
    if (token.n < TOKEN_MIN)
        return "the token is too short, expected at least 16 characters in the first line";
    return token.n > TOKEN_MAX ? "the token is too long, expected at most 512 characters" : NULL;
}

enum err config_read_token(struct config_draft *draft, uid_t also, struct config_fault *fault)
{
    struct file_bytes file;
    if (!draft->token_file.path)
        return ERR_OK;
    enum err err = file_read_secret(&draft->token_file, draft->config.path, also, &file, fault);
    if (err)
        return err;
    struct text token = first_line(&file);
    const char *wrong = token_fault(token);
    if (wrong)
        err = fault_write(fault, ERR_VALUE, draft->token_file.path, 1, 0, "%s", wrong);
    else if (!(draft->config.http.token = strndup(token.s, token.n)))
        err = fault_write(fault, ERR_MEMORY, draft->token_file.path, 0, 0, "out of memory");
    file_bytes_wipe(&file);
    return err;
}
