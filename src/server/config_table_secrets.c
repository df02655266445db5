/* The table's part of the files with secrets, which discd.yaml names. */
#include "server/config_rows.h"

static const char *const algorithms[] = {"hmac-sha1",   "hmac-sha224", "hmac-sha256",
                                         "hmac-sha384", "hmac-sha512", NULL};

/* clang-format off */
static const struct config_key rows[] = {
    {.path = "KEYS:keys", .take = take_keys, .required = true, .what = "a list of keys",
     .form = "a list of keys", .help = "The keys."},
    {.path = "KEYS:keys[].id", .take = take_key_id, .required = true, .what = "a key id",
     .form = "1 to 32 of a-z 0-9 . _ -", .help = "What a sender writes as key=."},
    {.path = "KEYS:keys[].secret", .take = take_secret, .required = true, .what = "a secret",
     .form = "16 to 64 bytes in base64",
     .help = "32 random bytes are right: head -c 32 /dev/urandom | base64"},
    {.path = "KEYS:keys[].next", .take = take_next_secret, .what = "a secret",
     .form = "16 to 64 bytes in base64",
     .help = "Accepted too, so that senders can change over one by one."},
    {.path = "KEYS:keys[].not_before", .take = take_date, IN(reg_key, not_before_ms),
     .what = "a time", .form = "e.g. 2030-01-31, 2030-01-31T12:00:00Z, or Unix seconds",
     .help = "The key is refused before."},
    {.path = "KEYS:keys[].not_after", .take = take_date, IN(reg_key, not_after_ms),
     .what = "a time", .form = "e.g. 2030-01-31, 2030-01-31T12:00:00Z, or Unix seconds",
     .help = "The key is refused after. A day without time is its first moment (UTC)."},
    {.path = "KEYS:keys[].permanent", .take = take_bool, IN(reg_key, permanent),
     .words = TRUTHS, .what = "a truth value", .fallback = "false",
     .help = "May register instances that never expire (lease=static)."},
    {.path = "KEYS:keys[].quota", .take = take_number, IN(reg_key, quota),
     .max = 100 * MILLIONS, .what = "a number of instances", .fallback = "0",
     .help = "Instances it may hold; 0 = no limit."},
    {.path = "KEYS:keys[].grants", .take = take_grants, .what = "a grant",
     .form = "a list of grants", .fallback = "[]",
     .help = "What it may do; any one grant suffices. None = nothing."},
    {.path = "KEYS:keys[].grants[].verbs", .take = take_verbs, .min = 1, .what = "a verb",
     .form = "a list of reg, ren, upd, del, get", .entry = "reg, ren, upd, del or get",
     .fallback = "[reg, ren, upd, del, get]",
     .help = "The requests it may make."},
    {.path = "KEYS:keys[].grants[].services", .take = take_service_globs,
     IN(reg_grant, services), .min = 1, .required = true,
     .what = "a pattern NAMESPACE/SERVICE", .form = GLOBS, .entry = GLOB,
     .help = "The services it may touch."},
    {.path = "KEYS:keys[].grants[].advertise", .take = take_advertise, .what = "a network",
     .form = "a list of networks", .entry = "an address, or e.g. 10.0.0.0/8", .fallback = "[]",
     .help = "Addresses it may register beside the sender's own."},
    {.path = "TSIG:keys", .take = take_tsig_keys, .required = true, .what = "a list of keys",
     .form = "a list of keys", .help = "The keys."},
    {.path = "TSIG:keys[].name", .take = take_key_name, IN(dns_key, name), .required = true,
     .what = "a key name", .form = "a domain name, e.g. deploy.disc.local",
     .help = "Both sides must call the key by the same name."},
    {.path = "TSIG:keys[].algorithm", .take = take_word, IN(dns_key, algorithm),
     .words = algorithms, .what = "an algorithm", .fallback = "hmac-sha256",
     .help = "Both sides must use the same."},
    {.path = "TSIG:keys[].secret", .take = take_tsig_secret, .required = true,
     .what = "a secret", .form = "16 to 512 bytes in base64",
     .help = "32 random bytes are right: head -c 32 /dev/urandom | base64"},
    {.path = "COOKIES:secrets", .take = take_cookie_secrets, .min = 1, .required = true,
     .what = "a secret", .form = "a list of 1 to 3 secrets", .entry = "32 hexadecimal digits",
     .help = "The first makes cookies, all are accepted: put a new one in front, on all servers, "
             "and remove the old one an hour later. head -c 16 /dev/urandom | xxd -p"},
};
/* clang-format on */

const struct config_rows config_rows_secrets = {rows, ARRAY_COUNT(rows)};
