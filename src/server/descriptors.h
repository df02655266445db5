/* How many files and connections this process may have open. */
#ifndef DISC_SERVER_DESCRIPTORS_H
#define DISC_SERVER_DESCRIPTORS_H

#include <stdint.h>

/* Takes all that the system allows (the hard limit); says in the log when that is less than
 * `wanted` connections need. */
void descriptors_raise(uint64_t wanted);

#endif
