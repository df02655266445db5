/* What a command line leaves to the environment, to defaults, and to the secret's file. */
#include "discctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

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

static bool load_secret(struct arguments *a, const char *where)
{
    char text[256];
    const char *fault = read_private(a->secret_file, text, sizeof(text));
    if (!fault && !decode_base64(text, a->secret, sizeof(a->secret), &a->secret_size))
        fault = "it does not hold a secret of at most 64 bytes in base64";
    if (!fault && a->secret_size < 16)
        fault = "the secret has less than 16 bytes";
    explicit_bzero(text, sizeof(text));
    if (fault)
        fprintf(stderr, "%s: %s: %s\n", where, a->secret_file, fault);
    return !fault;
}

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static void note_remote(void *context, const char *server)
{
    char host[256], *out = context;
    host_of(server, host, sizeof(host));
    if (!host_is_loopback(host))
        snprintf(out, sizeof(host), "%s", host);
}

/* Which DNS to ask is another server's to say when that of this machine is asked. */
static bool may_wait(const struct arguments *a, const char *where)
{
    char remote[256] = "";
    if (a->wait_s <= 0 || a->http || *from_environment("DISC_HTTP", ""))
        return true;
    arguments_servers(a, note_remote, remote);
    if (*remote)
        fprintf(stderr, "%s: --wait asks the server's HTTP API: give --http https://%s:PORT, too\n",
                where, remote);
    return !*remote;
}

bool arguments_complete(struct arguments *a, const char *where)
{
    if (!a->servers.count) {
        const char *servers = from_environment("DISC_SERVER", "127.0.0.1:5310");
        if (strlen(servers) >= sizeof(a->servers.text)) {
            fprintf(stderr, "%s: DISC_SERVER is too long\n", where);
            return false;
        }
        memcpy(a->servers.text, servers, strlen(servers) + 1);
        a->servers.count = 1;
    }
    if (!may_wait(a, where))
        return false;
    if (!a->http)
        a->http = from_environment("DISC_HTTP", "http://127.0.0.1:5380");
    return !a->secret_file || load_secret(a, where);
}
