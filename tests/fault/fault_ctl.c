/* Steers libfault.so from a script, through the file that both map:
 *
 *     fault_ctl FILE new                        nothing armed, no rules
 *     fault_ctl FILE arm | disarm | reset
 *     fault_ctl FILE fail FAMILY ERROR [FIRST [LAST]]   LAST: FIRST; "-" = from FIRST on
 *     fault_ctl FILE delay FAMILY MILLISECONDS
 *     fault_ctl FILE hide sync
 *     fault_ctl FILE clear FAMILY
 *     fault_ctl FILE show                       calls and failures by family, and where
 *     fault_ctl FILE events                     their order, one a line
 *
 * FIRST and LAST count calls since `arm`, from 1. Exit status: 0, 1 no such file, 2 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"

static int usage(void)
{
    fputs("usage: fault_ctl FILE new|arm|disarm|reset|show|events\n"
          "       fault_ctl FILE fail FAMILY ERROR [FIRST [LAST|-]]\n"
          "       fault_ctl FILE delay FAMILY MILLISECONDS | hide sync | clear FAMILY\n",
          stderr);
    return 2;
}

static int show(struct fault_page *p)
{
    for (int i = 0; i < FAULT_FAMILIES; i++)
        printf("%-9s %8llu calls %6llu touched\n", fault_family_name((enum fault_family)i),
               (unsigned long long)atomic_load(&p->calls[i]),
               (unsigned long long)atomic_load(&p->injected[i]));
    if (p->where[0])
        printf("first failure in: %s\n", p->where);
    return 0;
}

static int show_events(struct fault_page *p)
{
    static const char *const names[] = {"-",           "sync begins", "sync ended", "write begins",
                                        "write ended", "received",    "sent"};
    unsigned n = atomic_load(&p->event_count);
    for (unsigned i = 0; i < n && i < FAULT_EVENTS; i++) {
        const struct fault_event *e = &p->events[i];
        printf("%u thread %u fd %d %s%s %lld %s\n", i + 1, e->thread, e->fd,
               names[atomic_load(&e->kind)], e->durable ? " (durable)" : "", (long long)e->result,
               e->text);
    }
    return 0;
}

static int one_word(struct fault_page *p, const char *verb)
{
    if (strcmp(verb, "arm") == 0 || strcmp(verb, "disarm") == 0)
        atomic_store(&p->armed, verb[0] == 'a');
    else if (strcmp(verb, "reset") == 0)
        fault_reset(p);
    else if (strcmp(verb, "show") == 0)
        return show(p);
    else if (strcmp(verb, "events") == 0)
        return show_events(p);
    else if (strcmp(verb, "new") != 0)
        return usage();
    return 0;
}

static int rule(struct fault_page *p, int count, char **words)
{
    enum fault_family family = fault_family_of(words[1]);
    if (family == FAULT_FAMILIES)
        return usage();
    if (strcmp(words[0], "clear") == 0) {
        fault_set(p, family, FAULT_NONE, 0, 0, 0);
    } else if (strcmp(words[0], "hide") == 0 && family == FAULT_SYNC) {
        fault_set(p, family, FAULT_HIDE, 0, 1, UINT64_MAX);
    } else if (strcmp(words[0], "delay") == 0 && count == 3) {
        fault_set_delay(p, family, strtoull(words[2], NULL, 10) * 1000);
    } else if (strcmp(words[0], "fail") == 0 && count >= 3 && fault_error_of(words[2])) {
        uint64_t first = count > 3 ? strtoull(words[3], NULL, 10) : 1, last = first;
        if (count > 4)
            last = strcmp(words[4], "-") == 0 ? UINT64_MAX : strtoull(words[4], NULL, 10);
        fault_set(p, family, FAULT_FAIL, fault_error_of(words[2]), first, last);
    } else {
        return usage();
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return usage();
    bool fresh = strcmp(argv[2], "new") == 0;
    struct fault_page *p = fresh ? fault_page_new(argv[1]) : fault_page_open(argv[1]);
    if (!p)
        return 1;
    int status = argc == 3 ? one_word(p, argv[2]) : rule(p, argc - 2, argv + 2);
    fault_page_close(p);
    return status;
}
