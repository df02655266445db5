/* discd --init: a folder to start from, with secrets that nobody else has. */
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_SIZE 32 /* bytes */
#define SECRET_TEXT sodium_base64_ENCODED_LEN(SECRET_SIZE, sodium_base64_VARIANT_ORIGINAL)

static const char main_text[] =
    "# Configuration of discd. `discd --help-config` explains every key, `discd -t -c FILE`\n"
    "# checks the file, SIGHUP makes a running discd read it again.\n"
    "data_dir: data\n"
    "\n"
    "zones:\n"
    "  - name: disc.local\n"
    "    namespace: default\n"
    "    file: disc.local.zone\n"
    "#   services:                 # by pattern of the name; the last match wins\n"
    "#     \"pay-*\": {floor: \"50%\"}  # keep what fell silent rather than fewer than half\n"
    "#   transfer: [{key: admin}]  # secondaries: dig AXFR, zone transfers of BIND, NSD, Knot\n"
    "#   notify: [{to: 192.0.2.7, key: admin}]\n"
    "#   update: [{key: admin}]    # nsupdate\n"
    "\n"
    "dns:\n"
    "  listen: [\"127.0.0.1:5300\", \"[::1]:5300\"]\n"
    "  keys: tsig.yaml             # of transfer, notify and update\n"
    "\n"
    "# To take registrations from other machines, add an address of this one to `listen`.\n"
    "registration:\n"
    "  listen: [\"127.0.0.1:5310\", \"[::1]:5310\"]\n"
    "  sources:                    # first match wins; what matches nothing is denied\n"
    "    - {from: 127.0.0.0/8, auth: open}\n"
    "    - {from: \"::1\", auth: open}\n"
    "    - {from: 10.0.0.0/8, auth: key}\n"
    "    - {from: 172.16.0.0/12, auth: key}\n"
    "    - {from: 192.168.0.0/16, auth: key}\n"
    "    - {from: \"fc00::/7\", auth: key}\n"
    "  keys: keys.yaml\n"
    "\n"
    "# When more than 15 % of the hosts fall silent at once, what they registered is kept for\n"
    "# `hold` seconds, behind the live ones.\n"
    "# guard: {threshold: 85, hold: 900}\n"
    "\n"
    "http:\n"
    "  listen: [\"127.0.0.1:5380\", \"[::1]:5380\"]\n"
    "  token_file: admin.token\n";

static const char zone_text[] =
    "; Static records of disc.local. Services need none: they appear when they register.\n"
    "$TTL 3600\n"
    "@       IN SOA  ns.disc.local. hostmaster.disc.local. ( 1 60 10 86400 2 )\n"
    "        IN NS   ns.disc.local.\n"
    "; The address under which resolvers reach this server.\n"
    "ns      IN A    127.0.0.1\n";

static const char keys_format[] =
    "# Who may register over the network. A sender of `key: admin` signs with the secret.\n"
    "keys:\n"
    "  - id: admin\n"
    "    secret: %s\n"
    "    permanent: true           # may register instances that never expire\n"
    "    grants:\n"
    "      - verbs: [reg, ren, upd, del, get]\n"
    "        services: [\"*/*\"]     # namespace/service\n"
    "        advertise: [0.0.0.0/0, \"::/0\"]\n"
    "# A key for one team's services, with addresses of its own machines only:\n"
    "#  - id: deploy\n"
    "#    secret: ...             # head -c 32 /dev/urandom | base64\n"
    "#    grants: [{services: [\"default/web-*\"]}]\n"
    "#    quota: 1000\n";

static const char tsig_format[] =
    "# Keys of zone transfers, NOTIFY and UPDATE (TSIG). What a key may do stands in discd.yaml.\n"
    "# For dig, nsupdate and secondaries: -y hmac-sha256:admin:SECRET\n"
    "keys:\n"
    "  - name: admin\n"
    "    algorithm: hmac-sha256\n"
    "    secret: %s\n";

struct init_file {
    const char *name;
    mode_t mode;
    const char *text;
    bool made;
};

/* ---- files ------------------------------------------------------------------------- */

static enum err write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left;) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno != EINTR)
            return ERR_SYSTEM;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return fsync(fd) ? ERR_SYSTEM : ERR_OK;
}

static enum err complain(const char *dir, const char *name)
{
    enum err err = errno == EEXIST ? ERR_EXISTS : ERR_SYSTEM;
    fprintf(stderr, "discd: %s/%s: %s\n", dir, name,
            err == ERR_EXISTS ? "is there already; nothing was written" : strerror(errno));
    return err;
}

static enum err make_file(int folder, struct init_file *f)
{
    int fd = openat(folder, f->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, f->mode);
    if (fd < 0)
        return ERR_SYSTEM;
    f->made = true;
    enum err err = write_all(fd, f->text);
    int saved = errno;
    if (close(fd) && !err) {
        err = ERR_SYSTEM;
        saved = errno;
    }
    errno = saved;
    return err;
}

/* All or none. */
static enum err make_files(const char *dir, int folder, struct init_file *files, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && !err; i++)
        if (make_file(folder, &files[i]))
            err = complain(dir, files[i].name);
    for (size_t i = 0; i < count && err; i++)
        if (files[i].made)
            unlinkat(folder, files[i].name, 0);
    return err;
}

static enum err open_folder(const char *dir, int *folder)
{
    if (mkdir(dir, 0755) && errno != EEXIST) {
        fprintf(stderr, "discd: %s: cannot be made: %s\n", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    *folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder >= 0)
        return ERR_OK;
    fprintf(stderr, "discd: %s: %s\n", dir, strerror(errno));
    return ERR_SYSTEM;
}

/* ---- secrets ----------------------------------------------------------------------- */

static enum err make_secret(char out[static SECRET_TEXT], int variant)
{
    uint8_t bytes[SECRET_SIZE];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        fputs("discd: no source of random numbers\n", stderr);
        return ERR_SYSTEM;
    }
    sodium_bin2base64(out, SECRET_TEXT, bytes, sizeof bytes, variant);
    sodium_memzero(bytes, sizeof bytes);
    return ERR_OK;
}

static void say_next(const char *dir)
{
    fprintf(stderr,
            "Wrote to %s:\n"
            "  discd.yaml        the configuration\n"
            "  disc.local.zone   static names of the zone\n"
            "  admin.token       the token of the HTTP API (keep it secret)\n"
            "  keys.yaml         the key `admin` for registrations (keep it secret)\n"
            "  tsig.yaml         the key `admin` for zone transfers and UPDATE (keep it secret)\n"
            "\n"
            "Next:\n"
            "  discd -t -c %s/discd.yaml    checks it\n"
            "  discd -c %s/discd.yaml       serves\n"
            "If discd is to run as another user, give the folder to that user:\n"
            "  chown -R USER %s\n",
            dir, dir, dir, dir);
}

/* What only this installation has. */
struct secrets {
    char token[SECRET_TEXT + 1];
    char keys[sizeof keys_format + SECRET_TEXT];
    char tsig[sizeof tsig_format + SECRET_TEXT];
};

static enum err write_folder(const char *dir, const struct secrets *s)
{
    struct init_file files[] = {
        {"discd.yaml", 0644, main_text, false}, {"disc.local.zone", 0644, zone_text, false},
        {"admin.token", 0600, s->token, false}, {"keys.yaml", 0600, s->keys, false},
        {"tsig.yaml", 0600, s->tsig, false},
    };
    int folder;
    enum err err = open_folder(dir, &folder);
    if (err)
        return err;
    err = make_files(dir, folder, files, ARRAY_COUNT(files));
    close(folder);
    if (!err)
        say_next(dir);
    return err;
}

/* A file of one secret. */
static enum err make_text(char *out, size_t size, const char *format)
{
    char secret[SECRET_TEXT];
    enum err err = make_secret(secret, sodium_base64_VARIANT_ORIGINAL);
    if (!err)
        snprintf(out, size, format, secret);
    sodium_memzero(secret, sizeof secret);
    return err;
}

enum err config_init(const char *dir)
{
    struct secrets s;
    enum err err = make_secret(s.token, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (!err)
        err = make_text(s.keys, sizeof s.keys, keys_format);
    if (!err)
        err = make_text(s.tsig, sizeof s.tsig, tsig_format);
    if (!err) {
        strcat(s.token, "\n");
        err = write_folder(dir, &s);
    }
    sodium_memzero(&s, sizeof s);
    return err;
}
