/* Reading the files that make up the configuration, and refusing those whose secrets
 * others could read. */
#ifndef DISC_SERVER_CONFIG_FILE_H
#define DISC_SERVER_CONFIG_FILE_H

#include <sys/types.h>

#include "server/config_draft.h"

struct file_bytes {
    char *bytes; /* terminated */
    size_t size;
};

/* Of at most `max` bytes. ERR_SYSTEM, ERR_VALUE, ERR_MEMORY with `why` (static, or
 * strerror's) filled. */
MUST_CHECK enum err file_read(const char *path, size_t max, struct file_bytes *out,
                              const char **why);
/* Likewise a file with secrets: it must belong to the effective user, to root, or to
 * `also` (the user to become; -1 = nobody), and be closed to everybody else. The fault
 * stands at the place in `main_file` that names the file. */
MUST_CHECK enum err file_read_secret(const struct file_ref *ref, const char *main_file, uid_t also,
                                     struct file_bytes *out, struct config_fault *fault);
void file_bytes_wipe(struct file_bytes *file); /* and frees */

/* The files that the draft names, into its config. */
MUST_CHECK enum err config_read_token(struct config_draft *draft, uid_t also,
                                      struct config_fault *fault);
MUST_CHECK enum err config_read_keys(struct config_draft *draft, uid_t also,
                                     struct config_fault *fault);

/* A context of the two files together. */
MUST_CHECK enum err config_read_tls(struct config_draft *draft, uid_t also,
                                    struct config_fault *fault);

MUST_CHECK enum err config_read_tsig(struct config_draft *draft, uid_t also,
                                     struct config_fault *fault);
MUST_CHECK enum err config_read_cookies(struct config_draft *draft, uid_t also,
                                        struct config_fault *fault);

/* Reads text as a file of TSIG keys, or of cookie secrets, into *out; as below. */
MUST_CHECK enum err config_parse_tsig(const char *file, const void *bytes, size_t size,
                                      struct dns_config *out, struct config_fault *fault);
MUST_CHECK enum err config_parse_cookies(const char *file, const void *bytes, size_t size,
                                         struct dns_config *out, struct config_fault *fault);

/* Reads text as a file of keys, into *out. ERR_* with *fault filled, never with a secret
 * in it; *out may be partly filled even then. */
MUST_CHECK enum err config_parse_keys(const char *file, const void *bytes, size_t size,
                                      struct reg_config *out, struct config_fault *fault);

/* RFC 3339 time or date, or Unix seconds (from 2001 on, so that a mere year is none);
 * milliseconds since 1970. */
bool config_date_parse(struct text t, uint64_t *out_ms);

#endif
