/* For tests of what a process may not survive, or what it cannot take back: in a child. To be
 * included behind cmocka.h. */
#ifndef DISC_TESTS_SUPPORT_CHILD_H
#define DISC_TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"

/* What `run` returned there; -1 where it died. Its log is in `log` then. */
UNUSED static int in_child(bool (*run)(size_t bytes), size_t bytes, char *log, size_t room)
{
    FILE *said = tmpfile();
    int status = 0;
    assert_non_null(said);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fileno(said), STDERR_FILENO);
        _exit(run(bytes) ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    rewind(said);
    log[fread(log, 1, room - 1, said)] = 0;
    fclose(said);
    return WIFEXITED(status) && WEXITSTATUS(status) <= 1 ? WEXITSTATUS(status) : -1;
}

/* So many bytes of addresses more than it has now. */
UNUSED static bool limit_addresses(size_t bytes)
{
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    bool read = f && fscanf(f, "%llu", &pages) == 1;
    if (f)
        fclose(f);
    rlim_t most = (rlim_t)pages * (size_t)sysconf(_SC_PAGESIZE) + bytes;
    return read && setrlimit(RLIMIT_AS, &(struct rlimit){most, most}) == 0;
}

#endif
