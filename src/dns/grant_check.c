#include "dns/grant_check.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum {
    APEX_MAX = 253, /* text of a name, RFC 1035 section 2.3.4 */
    TOKEN_MAX = 256,
    WARNINGS_MAX = 5, /* lines about one zone */
};

/* How far a name can be behind the glob's first tokens: before the apex begins (at 0), or in
 * it with so many bytes less one behind. */
struct reach {
    bool at[1 + APEX_MAX + 1];
    size_t end;
};

/* Where the token of one character that begins here ends. */
static const char *token_end(const char *glob)
{
    if (*glob == '\\' && glob[1])
        return glob + 2;
    if (*glob != '[')
        return glob + 1;
    const char *at = glob + 1;
    if (*at == '!' || *at == '^')
        at++;
    const char *close = *at ? strchr(at + 1, ']') : NULL;
    return close ? close + 1 : glob + 1;
}

static void step(struct reach *r, const char *token, struct text apex)
{
    bool next[ARRAY_COUNT(r->at)] = {[0] = r->at[0]};
    if (r->at[0] && text_matches(TEXT("."), token))
        next[1] = true;
    for (size_t i = 1; i < r->end; i++)
        if (r->at[i] && text_matches((struct text){apex.s + i - 1, 1}, token))
            next[i + 1] = true;
    memcpy(r->at, next, sizeof(next));
}

/* A star goes over as much as it likes. */
static void stride(struct reach *r)
{
    bool reached = false;
    for (size_t i = 0; i <= r->end; i++)
        reached = r->at[i] |= reached;
}

bool grant_can_match(const char *glob, struct text apex)
{
    struct reach r = {.at = {true, true}, .end = 1 + apex.n};
    if (apex.n > APEX_MAX)
        return true;
    while (*glob) {
        char token[TOKEN_MAX];
        const char *end = token_end(glob);
        if ((size_t)(end - glob) >= sizeof(token))
            return true;
        memcpy(token, glob, (size_t)(end - glob));
        token[end - glob] = '\0';
        if (*glob == '*')
            stride(&r);
        else
            step(&r, token, apex);
        glob = end;
    }
    return r.at[r.end];
}

void grant_warn(const struct dns_zone_config *zone)
{
    char apex[APEX_MAX + 2];
    size_t n = 0;
    unsigned warnings = 0;
    for (; zone->name[n] && n <= APEX_MAX; n++)
        apex[n] = ascii_lower(zone->name[n]);
    if (n > 1 && apex[n - 1] == '.')
        n--;
    if (n == 1 && apex[0] == '.')
        return; /* all names are the root's */
    for (size_t g = 0; g < zone->grant_count; g++)
        for (char **glob = zone->grants[g].names; glob && *glob; glob++)
            if (!grant_can_match(*glob, (struct text){apex, n}) && warnings++ < WARNINGS_MAX)
                log_warn("update by key %s: \"%s\" matches no name of %.*s: names are full names "
                         "without final dot",
                         zone->grants[g].key, *glob, (int)n, apex);
}
