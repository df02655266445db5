#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (c == '-' || c == '_') /* the form for URLs */
        return c == '-' ? 62 : 63;
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Blanks around it are fine, inside not. */
static bool decode_base64(const char *text, unsigned char *out, size_t room, size_t *size)
{
    unsigned bits = 0, value = 0;
    size_t n = strcspn(text += strspn(text, " \t\r\n"), " \t\r\n=");
    *size = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = base64_value(text[i]);
        if (digit < 0)
            return false;
        value = (value << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (*size == room)
            return false;
        out[(*size)++] = (unsigned char)(value >> bits);
    }
    return n % 4 != 1 && strspn(text + n, " \t\r\n=") == strlen(text + n);
}

/* Reads a small file that nobody else may read. */
static const char *read_private(const char *path, char *out, size_t room)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    const char *fault = NULL;
    ssize_t n = 0;
    if (fstat(fd, &s) != 0)
        fault = strerror(errno);
    else if (S_ISREG(s.st_mode) && (s.st_mode & 077))
        fault = "others can read it; chmod 600 first";
    else if ((n = read(fd, out, room - 1)) < 0)
        fault = strerror(errno);
    out[n > 0 ? n : 0] = 0;
    close(fd);
    return fault;
}

bool secret_file_read(const char *path, const char *where, unsigned char out[SECRET_MAX],
                      size_t *size)
{
    char text[256];
    const char *fault = read_private(path, text, sizeof(text));
    if (!fault && !decode_base64(text, out, SECRET_MAX, size))
        fault = "it does not hold a secret of at most 64 bytes in base64";
    if (!fault && *size < SECRET_MIN)
        fault = "the secret has less than 16 bytes";
    explicit_bzero(text, sizeof(text));
    if (fault)
        fprintf(stderr, "%s: %s: %s\n", where, path, fault);
    return !fault;
}
