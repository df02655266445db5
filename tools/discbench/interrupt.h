/* Ctrl-C and its like: they end what is measured, not the program, which still has to report and to
 * take its instances away. The signals wait until the loops ask for them. Called by main.c, flow.c
 * and crowd.c. */
#ifndef DISCBENCH_INTERRUPT_H
#define DISCBENCH_INTERRUPT_H

/* From now on SIGINT, SIGTERM and SIGHUP only wait, except where the caller of this program ignores
 * them (nohup). */
void interrupt_hold(void);

/* One that came, with which it no longer waits; 0 = none. A system call: not for each request. */
int interrupt_take(void);

#endif
