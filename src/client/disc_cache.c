#include "disc_cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX = 8 << 20,
    NAME_BYTES_MAX = 200, /* of a file's name; the folders that there are take 255 */
};

/* CRC-32 of what came before and these bytes; begin with 0. */
static uint32_t crc_of(uint32_t before, const char *bytes, size_t size)
{
    static const uint32_t nibbles[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                         0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                         0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                         0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = ~before;
    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned char)bytes[i];
        crc = (crc >> 4) ^ nibbles[crc & 15];
        crc = (crc >> 4) ^ nibbles[crc & 15];
    }
    return ~crc;
}

/* ---- the name ---------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static void put_name(struct writer *w, const char *name)
{
    for (const char *at = name; *at; at++) {
        char c = lower(*at), text[4] = {c, 0};
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                     (c == '.' && at != name);
        if (!plain)
            snprintf(text, sizeof(text), "%%%02X", (unsigned char)c);
        disc_put(w, text);
    }
}

static bool put_file(struct writer *w, const char *ns, const char *service)
{
    put_name(w, service);
    disc_put(w, "@");
    put_name(w, ns);
    disc_put(w, ".disc");
    return !w->full && w->n <= NAME_BYTES_MAX;
}

bool disc_cache_has_name(const char *ns, const char *service)
{
    struct writer w = {0};
    return put_file(&w, ns, service);
}

char *disc_cache_path(const char *folder, const char *ns, const char *service)
{
    struct writer w = {0};
    char *path;
    if (!put_file(&w, ns, service))
        return NULL;
    return asprintf(&path, "%s/%s", folder, w.s) < 0 ? NULL : path;
}

/* The beginning of the first line. */
static void put_head(struct writer *w, const char *ns, const char *service)
{
    disc_put(w, "disc-list 1");
    disc_put_param(w, "ns", ns);
    disc_put_param(w, "svc", service);
    for (size_t i = 0; i < w->n; i++)
        w->s[i] = lower(w->s[i]);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* All of it, with a NUL behind; NULL: no such file of ours, or not of a sensible size. */
static char *read_all(int fd, size_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size < 1 ||
        st.st_size > FILE_MAX)
        return NULL;
    char *bytes = malloc((size_t)st.st_size + 1);
    *size = 0;
    while (bytes && *size < (size_t)st.st_size) {
        ssize_t n = read(fd, bytes + *size, (size_t)st.st_size - *size);
        if (n <= 0) {
            free(bytes);
            return NULL;
        }
        *size += (size_t)n;
    }
    if (bytes)
        bytes[*size] = 0;
    return bytes;
}

static char *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    char *bytes = read_all(fd, size);
    close(fd);
    return bytes;
}

/* The first line, as this service's file must have it; NULL: it has not. Returns where the
 * lines begin. */
static const char *check_head(const char *bytes, size_t size, const char *ns, const char *service,
                              struct cache_head *head, size_t *count)
{
    struct writer w = {0};
    int covered = 0, used = 0;
    uint64_t body;
    uint32_t crc;
    put_head(&w, ns, service);
    if (w.full || size < w.n || memcmp(bytes, w.s, w.n) != 0)
        return NULL;
    if (sscanf(bytes + w.n,
               " time=%20" SCNu64 " index=%20" SCNu64 " n=%20zu size=%20" SCNu64 "%n crc=%8" SCNx32
               "%n",
               &head->time_s, &head->index, count, &body, &covered, &crc, &used) != 5 ||
        bytes[w.n + (size_t)used] != '\n')
        return NULL;
    const char *lines = bytes + w.n + used + 1;
    size_t left = size - (size_t)(lines - bytes);
    uint32_t right = crc_of(crc_of(0, bytes, w.n + (size_t)covered), lines, left);
    return left == body && right == crc ? lines : NULL;
}

static bool read_lines(struct disc *d, const char *lines, size_t count, struct change *change)
{
    for (; *lines; count--) {
        size_t n = strcspn(lines, "\n");
        if (count == 0 || *lines != '=' || lines[n] != '\n' ||
            disc_change_read(change, lines, n, disc_random_to(d, UINT64_MAX)) != LINE_READ)
            return false;
        lines += n + 1;
    }
    return count == 0;
}

bool disc_cache_read(struct disc *d, const char *path, const char *ns, const char *service,
                     struct change *change, struct cache_head *head)
{
    size_t size, count;
    char *bytes = read_file(path, &size);
    const char *lines = bytes ? check_head(bytes, size, ns, service, head, &count) : NULL;
    bool good = lines && count <= LIST_MAX && read_lines(d, lines, count, change);
    if (!good)
        disc_change_clear(change);
    free(bytes);
    return good;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* The lines; NULL: no memory. */
static char *format_lines(const struct list *list, size_t *size)
{
    size_t n = 1;
    for (size_t i = 0; i < list->count; i++)
        n += strlen(list->entries[i]->line) + 2;
    char *lines = malloc(n), *at = lines;
    for (size_t i = 0; lines && i < list->count; i++) {
        *at++ = '=';
        at = stpcpy(at, list->entries[i]->line);
        *at++ = '\n';
    }
    *size = (size_t)(at - lines);
    return lines;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Beside the old one, then in its place. */
static bool replace(const char *path, const struct writer *head, const char *lines, size_t size)
{
    char *beside;
    if (asprintf(&beside, "%s.XXXXXX", path) < 0)
        return false;
    int fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
    bool done = fd >= 0 && write_all(fd, head->s, head->n) && write_all(fd, lines, size);
    if (fd >= 0) {
        done = close(fd) == 0 && done && rename(beside, path) == 0;
        if (!done)
            (void)unlink(beside);
    }
    free(beside);
    return done;
}

bool disc_cache_write(const char *path, const char *ns, const char *service,
                      const struct list *list, const struct cache_head *head)
{
    struct writer w = {0};
    char crc[16];
    size_t size;
    char *lines = format_lines(list, &size);
    if (!lines)
        return false;
    put_head(&w, ns, service);
    disc_put_number(&w, "time", head->time_s);
    disc_put_number(&w, "index", head->index);
    disc_put_number(&w, "n", list->count);
    disc_put_number(&w, "size", size);
    snprintf(crc, sizeof(crc), "%08" PRIx32, crc_of(crc_of(0, w.s, w.n), lines, size));
    disc_put_param(&w, "crc", crc);
    disc_put(&w, "\n");
    bool done = !w.full && replace(path, &w, lines, size);
    free(lines);
    return done;
}
