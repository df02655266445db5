/* The last services that were forgotten, for whoever follows the list of services: the
 * registry's own feed drops them as soon as DNS has seen them go.
 * Used inside http/ only. */
#ifndef DISC_HTTP_GONE_H
#define DISC_HTTP_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { GONE_MAX = 1024 };

struct gone_service {
    uint64_t index;
    char *text; /* namespace, NUL, name, NUL */
};

/* Zeroed at first. */
struct gone {
    struct gone_service last[GONE_MAX]; /* a ring, by index */
    size_t count, at;                   /* at: where the next one goes */
    uint64_t floor;                     /* who has seen less may have missed one */
};

/* `index` grows from call to call. When memory lacks the floor rises. */
void gone_note(struct gone *g, struct text ns, struct text service, uint64_t index);

/* The oldest with an index above `since`; false when there is none. Texts are valid until
 * the next gone_note. */
bool gone_after(const struct gone *g, uint64_t since, uint64_t *index, struct text *ns,
                struct text *service);

void gone_deinit(struct gone *g);

#endif
