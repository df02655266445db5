/* An instance as the clients of other registries see it, whoever registered it.
 * Used inside http/ only. */
#ifndef DISC_HTTP_FOREIGN_VIEW_H
#define DISC_HTTP_FOREIGN_VIEW_H

#include <jansson.h>

#include "registry/registry.h"

enum { FOREIGN_PLACES_DIGEST = 17 };

/* Read once; valid until the registry's next change. */
struct foreign_view {
    struct record record;
    struct instance_state state;
    json_t *origin; /* NULL = the record says all */
};

void foreign_view_init(struct foreign_view *view, const struct instance *i);
void foreign_view_deinit(struct foreign_view *view);

/* As the client wrote it, else as the record has it. Valid as long as the view. */
struct text foreign_view_appid(const struct foreign_view *view);
struct text foreign_view_hostname(const struct foreign_view *view);
struct text foreign_view_zone(const struct foreign_view *view);

/* ns since 1970. dirty: the version of the client's data, as it said, else when it changed;
 * latest: when consumers last saw a change. */
int64_t foreign_view_dirty(const struct foreign_view *view);
int64_t foreign_view_latest(const struct foreign_view *view);

/* 1 or 2, with the operator's word before its own. */
unsigned foreign_view_status(const struct foreign_view *view);

/* A new object, its keys as both dialects have them; `bili`: with those of bilibili's alone.
 * NULL when memory lacks. */
json_t *foreign_view_json(const struct foreign_view *view, bool bili);

/* Of places_json(). False when memory lacks. */
bool foreign_places_digest(const json_t *places, char out[static FOREIGN_PLACES_DIGEST]);

#endif
