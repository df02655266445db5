#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

void interrupt_hold(void)
{
    sigset_t held;
    sigemptyset(&held);
    for (unsigned i = 0; i < SIGNALS; i++) {
        struct sigaction is;
        if (sigaction(signals[i], NULL, &is) == 0 && is.sa_handler != SIG_IGN)
            sigaddset(&held, signals[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &held, NULL);
}

int interrupt_take(void)
{
    const struct timespec at_once = {0};
    sigset_t any;
    sigemptyset(&any);
    for (unsigned i = 0; i < SIGNALS; i++)
        sigaddset(&any, signals[i]);
    int found = sigtimedwait(&any, NULL, &at_once);
    return found > 0 ? found : 0;
}
