/* Which instances of a service are asked for: ?status= &live= &where=KEY:VALUE ...
 * Used inside http/ only. */
#ifndef DISC_HTTP_FILTER_H
#define DISC_HTTP_FILTER_H

#include "http/uri.h"
#include "registry/registry.h"

enum { FILTER_PAIRS_MAX = 4 };

struct filter {
    bool status_set, live_set;
    enum status status; /* in force */
    bool live;
    unsigned count;
    /* All must match: "zone" "region" "version" "cluster" "tag", or a metadata key. */
    struct filter_pair {
        char key[METADATA_KEY_MAX + 1], value[METADATA_VALUE_MAX + 1];
    } pairs[FILTER_PAIRS_MAX];
};

/* What is wrong, or NULL. Copies what it keeps. */
const char *filter_parse(const struct uri_query *query, struct filter *out);

bool filter_matches(const struct filter *f, const struct instance *i, struct moment now);

#endif
