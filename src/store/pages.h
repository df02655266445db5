/* Is the file a sound LMDB file? LMDB trusts what it finds: a page number beyond the end
 * is a SIGBUS, a wrong offset overwrites memory. So before LMDB gets the file, all that it
 * would follow is followed here with every step checked: both meta pages, each page of
 * both trees (head, offsets, order of keys, page counts), and the lists of free pages.
 *
 * The form is that of LMDB 0.9, data version 1, in the machine's own word size and byte
 * order, as LMDB writes it. Used by check.c and by tests. */
#ifndef DISC_STORE_PAGES_H
#define DISC_STORE_PAGES_H

#include "base/text.h"
#include "store/store.h"

/* Each entry of the main tree in order; slices of the mapped file. */
typedef void pages_visit(void *context, struct text key, struct text value);

/* ERR_SYNTAX with what is wrong in `fault` · ERR_SYSTEM, ERR_MEMORY likewise. A read error
 * of the disk ends in SIGBUS: not to be called by a process that must live. */
MUST_CHECK enum err pages_check(int fd, pages_visit *visit, void *context,
                                char fault[static STORE_FAULT_TEXT]);

#endif
