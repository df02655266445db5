/* A batch as its maker and its committer see it: changes one after the other in blocks
 * of memory. Room is made before it is needed, so that adding a change cannot fail.
 * Used inside store/ only. */
#ifndef DISC_STORE_BATCH_H
#define DISC_STORE_BATCH_H

#include "base/bytes.h"
#include "store/store.h"

/* What one change takes besides key and value. */
enum { BATCH_CHANGE_OVERHEAD = 4 };

struct store_batch *batch_new(void);

/* Makes sure that changes of so many bytes in sum, overhead included, will fit. */
MUST_CHECK enum err batch_reserve(struct store_batch *b, size_t bytes);
bool batch_has_room(const struct store_batch *b, size_t bytes);

/* A change: batch_begin, write the value to `w` (nothing = the key is removed),
 * batch_end. The room was reserved; a value that does not fit is left out, see the
 * writer's flag. `number` is the change's. */
void batch_begin(struct store_batch *b, enum store_table table, struct text key, struct writer *w);
void batch_end(struct store_batch *b, const struct writer *w, uint64_t number);

struct batch_change {
    enum store_table table;
    struct text key, value; /* value.s NULL = removed */
};

/* Goes through a batch: begins with a zeroed place; false at the end. */
struct batch_place {
    const struct block *block;
    size_t at;
    bool begun;
};
bool batch_next(const struct store_batch *b, struct batch_place *place, struct batch_change *out);

#endif
