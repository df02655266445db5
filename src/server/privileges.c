#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

enum err account_find(const char *name, struct account *out)
{
    const struct passwd *entry = getpwnam(name);
    if (!entry)
        return ERR_NOT_FOUND;
    *out = (struct account){entry->pw_uid, entry->pw_gid, name};
    return ERR_OK;
}

enum err privileges_drop(const struct account *account)
{
    if (initgroups(account->name, account->gid) || setgid(account->gid) || setuid(account->uid)) {
        log_error("cannot become user '%s': %s", account->name, strerror(errno));
        return ERR_SYSTEM;
    }
    if (account->uid != 0 && setuid(0) == 0) {
        log_error("became user '%s', but root could be had back: refusing to serve", account->name);
        return ERR_SYSTEM;
    }
    return ERR_OK;
}

void privileges_hide_memory(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0);
}
