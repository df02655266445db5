/* The certificate and the key of the HTTP API. */
#include <stdlib.h>

#include "base/log.h"
#include "server/config_fault.h"
#include "server/config_file.h"
#include "server/tls.h"

enum { CERTIFICATE_MAX = 1 << 20 };

static enum err read_certificate(struct config_draft *draft, struct config_fault *fault)
{
    const struct file_ref *ref = &draft->tls_certificate;
    char wrong[TLS_TEXT_MAX] = "out of memory";
    struct file_bytes file;
    const char *why;

    enum err err = file_read(ref->path, CERTIFICATE_MAX, &file, &why);
    if (err)
        return fault_write(fault, err, draft->config.path, ref->line, ref->column,
                           "cannot read %.200s: %s", ref->path, why);
    err = tls_context_new(file.bytes, file.size, &draft->config.http_tls, wrong);
    file_bytes_wipe(&file);
    return err ? fault_write(fault, err, draft->config.path, ref->line, ref->column,
                             "cannot use %.200s: %s", ref->path, wrong)
               : ERR_OK;
}

static enum err read_key(struct config_draft *draft, uid_t also, struct config_fault *fault)
{
    const struct file_ref *ref = &draft->tls_key;
    char wrong[TLS_TEXT_MAX] = "out of memory";
    struct file_bytes file;

    enum err err = file_read_secret(ref, draft->config.path, also, &file, fault);
    if (err)
        return err;
    err = tls_context_take_key(draft->config.http_tls, file.bytes, file.size, wrong);
    file_bytes_wipe(&file);
    return err ? fault_write(fault, err, draft->config.path, ref->line, ref->column,
                             "cannot use %.200s: %s", ref->path, wrong)
               : ERR_OK;
}

enum err config_read_tls(struct config_draft *draft, uid_t also, struct config_fault *fault)
{
    if (!draft->tls_certificate.path)
        return ERR_OK;
    enum err err = read_certificate(draft, fault);
    return err ? err : read_key(draft, also, fault);
}

void config_warn_of_tls(const struct config *config, uint64_t wall_ms)
{
    char words[TLS_TEXT_MAX];

    if (config->http_tls && tls_is_dated(config->http_tls, (int64_t)(wall_ms / 1000), words))
        log_warn("http.tls: %s", words);
}
