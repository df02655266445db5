#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

void check_init(struct check *check, const struct arguments *a, uint64_t now_ms)
{
    *check = (struct check){
        .command = a->check,
        .interval_ms = (uint64_t)(a->interval_s * 1000),
        .timeout_ms = (uint64_t)arguments_timeout(a, 3),
        .fall = a->fall,
        .rise = a->rise,
        .healthy = !a->check, /* down until it has passed */
        .next_ms = now_ms,
    };
}

/* In the child; a process group of its own, so that a timeout reaches all of it. */
static _Noreturn void become(const char *command)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && nothing >= 0; fd++)
        dup2(nothing, fd);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static bool take_result(struct check *check, bool passed)
{
    if (passed == check->healthy) {
        check->streak = 0;
        return false;
    }
    if (++check->streak < (passed ? check->rise : check->fall))
        return false;
    check->healthy = passed;
    check->streak = 0;
    return true;
}

static void start(struct check *check, uint64_t now_ms)
{
    check->next_ms = now_ms + check->interval_ms;
    check->deadline_ms = now_ms + check->timeout_ms;
    pid_t pid = fork();
    if (pid == 0)
        become(check->command);
    if (pid > 0) {
        setpgid(pid, pid); /* also here: whoever comes first */
        check->pid = pid;
    }
}

static void kill_check(struct check *check)
{
    kill(-check->pid, SIGKILL);
    waitpid(check->pid, NULL, 0);
    check->pid = 0;
}

bool check_step(struct check *check, uint64_t now_ms)
{
    int status;
    bool changed = false;
    if (!check->command)
        return false;
    if (check->pid && waitpid(check->pid, &status, WNOHANG) == check->pid) {
        check->pid = 0;
        changed = take_result(check, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    } else if (check->pid && now_ms >= check->deadline_ms) {
        kill_check(check);
        changed = take_result(check, false);
    }
    if (!check->pid && now_ms >= check->next_ms) {
        start(check, now_ms);
        if (!check->pid) /* no process to be had: nobody knows, which is no pass */
            changed = take_result(check, false) || changed;
    }
    return changed;
}

int check_wait_ms(const struct check *check, uint64_t now_ms)
{
    uint64_t due = check->pid ? check->deadline_ms : check->next_ms;
    if (!check->command)
        return -1;
    return due <= now_ms ? 0 : (int)(due - now_ms);
}

void check_stop(struct check *check)
{
    if (check->pid)
        kill_check(check);
}
