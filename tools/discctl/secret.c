/* What a command line leaves to the environment and to defaults, and the secret. */
#include "discctl.h"

#include <stdlib.h>
#include <string.h>

#include "../shared/secret_file.h"
#include "host.h"

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
    return !a->secret_file || secret_file_read(a->secret_file, where, a->secret, &a->secret_size);
}
