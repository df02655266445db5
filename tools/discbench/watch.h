/* discbench watch: many subscribers of a running discd, registrations at a rate, and how long
 * each takes to reach them all. Called by main.c. */
#ifndef DISCBENCH_WATCH_H
#define DISCBENCH_WATCH_H

/* `argv[0]` is "watch"; returns the exit status. */
int watch_main(int argc, char **argv);

#endif
