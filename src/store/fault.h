/* Words for the operator. Used inside store/ only. */
#ifndef DISC_STORE_FAULT_H
#define DISC_STORE_FAULT_H

#include "base/attr.h"
#include "store/store.h"

/* Writes the text, cut to the room, and returns `err`. */
enum err fault_say(char fault[static STORE_FAULT_TEXT], enum err err, const char *format, ...)
    PRINTF(3, 4);

#endif
