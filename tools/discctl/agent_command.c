#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

/* In the child. A successful exec closes the pipe; a failed one writes errno to it. */
static _Noreturn void become(char **words, int report)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execvp(words[0], words);
    int fault = errno;
    (void)!write(report, &fault, sizeof(fault));
    _exit(127);
}

pid_t command_start(char **words, int *code)
{
    int ends[2], fault = 0;
    *code = 126;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0)
        become(words, ends[1]);
    close(ends[1]);
    if (pid < 0)
        fault = errno;
    else if (read(ends[0], &fault, sizeof(fault)) == (ssize_t)sizeof(fault))
        waitpid(pid, NULL, 0);
    close(ends[0]);
    if (!fault)
        return pid;
    fprintf(stderr, "discctl agent: %s: %s\n", words[0], strerror(fault));
    *code = fault == ENOENT ? 127 : 126;
    return 0;
}

int command_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
