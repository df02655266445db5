/* What the others tell of deeds, with the time, to the audit log. */
#include "server/core.h"

void server_on_deed(void *context, const struct registry_deed *deed)
{
    struct server *s = context;
    audit_deed(s->audit, deed, control_now(s->control));
}

void server_on_denied(void *context, const struct principal *who, struct text ns,
                      struct text service)
{
    struct server *s = context;
    audit_denied(s->audit, who, ns, service, control_now(s->control));
}

void server_on_http_deed(void *context, const struct http_deed *deed)
{
    struct server *s = context;
    audit_http(s->audit, deed, control_now(s->control));
}

void server_note_keys(struct server *s, struct key_sets *fresh)
{
    struct keys_change change;
    for (unsigned kind = 0; kind < KEY_KINDS; kind++)
        if (key_sets_change(&s->key_sets, fresh, (enum key_kind)kind, &change))
            audit_keys(s->audit, &change, control_now(s->control));
    key_sets_deinit(&s->key_sets);
    s->key_sets = *fresh;
    *fresh = (struct key_sets){0};
}
