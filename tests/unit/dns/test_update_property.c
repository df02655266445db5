/* Random updates against a model of sets: what is refused and what the zone holds then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "unit/dns/updating.h"

enum { SERVICES = 2, INSTANCES = 3, VALUES = 2, STEPS = 6000 };

/* What may be there, each thing by its number. */
struct member { /* the name I.S.z */
    bool srv[VALUES], a[VALUES], txt[VALUES], mx;
};

struct model {
    struct member members[SERVICES][INSTANCES];
    bool instance[SERVICES][INSTANCES];
    bool known[SERVICES];
};

struct draft {
    struct model after;
    struct member added[SERVICES][INSTANCES];
    char lines[4000];
};

static void say(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct draft *d, const char *format, ...)
{
    size_t used = strlen(d->lines);
    va_list args;
    va_start(args, format);
    vsnprintf(d->lines + used, sizeof(d->lines) - used, format, args);
    va_end(args);
}

/* ---- changes, in the words of the message and in the model --------------------------------- */

static void add_one(struct draft *d, unsigned s, unsigned i, unsigned kind, unsigned v)
{
    struct member *m = &d->after.members[s][i], *added = &d->added[s][i];
    switch (kind) {
    case 0:
        say(d, "add s%u.z. 5 SRV 0 0 8%u i%u.s%u.z.\n", s, v, i, s);
        m->srv[v] = added->srv[v] = true;
        break;
    case 1:
        say(d, "add i%u.s%u.z. 5 A 10.0.0.%u\n", i, s, v + 1);
        m->a[v] = added->a[v] = true;
        break;
    case 2:
        say(d, "add i%u.s%u.z. 5 TXT \"k%u=v\"\n", i, s, v);
        m->txt[v] = added->txt[v] = true;
        break;
    default: say(d, "add i%u.s%u.z. 5 MX 1 x.\n", i, s); m->mx = added->mx = true;
    }
}

static void delete_one(struct draft *d, unsigned s, unsigned i, unsigned kind, unsigned v)
{
    struct member *m = &d->after.members[s][i], *added = &d->added[s][i];
    switch (kind) {
    case 0:
        say(d, "del s%u.z. SRV 0 0 8%u i%u.s%u.z.\n", s, v, i, s);
        m->srv[v] = added->srv[v] = false;
        break;
    case 1:
        say(d, "del i%u.s%u.z. A 10.0.0.%u\n", i, s, v + 1);
        m->a[v] = added->a[v] = false;
        break;
    case 2:
        say(d, "del i%u.s%u.z. TXT \"k%u=v\"\n", i, s, v);
        m->txt[v] = added->txt[v] = false;
        break;
    default: say(d, "del i%u.s%u.z. MX\n", i, s); m->mx = added->mx = false;
    }
}

static void delete_set(struct draft *d, unsigned s, unsigned i, unsigned kind)
{
    static const char *const types[] = {" A", " TXT", ""};
    struct member *m = &d->after.members[s][i], *added = &d->added[s][i];
    if (kind == 3) {
        say(d, "del s%u.z.%s\n", s, i % 2 ? "" : " SRV");
        for (unsigned n = 0; n < INSTANCES; n++) {
            memset(d->after.members[s][n].srv, 0, sizeof(m->srv));
            memset(d->added[s][n].srv, 0, sizeof(m->srv));
        }
        return;
    }
    say(d, "del i%u.s%u.z.%s\n", i, s, types[kind]);
    if (kind != 1)
        memset(m->a, 0, sizeof(m->a)), memset(added->a, 0, sizeof(m->a));
    if (kind != 0)
        memset(m->txt, 0, sizeof(m->txt)), memset(added->txt, 0, sizeof(m->txt));
    if (kind == 2)
        m->mx = added->mx = false;
}

static void any_change(struct draft *d, struct rand *r)
{
    unsigned s = rand_below(r, SERVICES), i = rand_below(r, INSTANCES), v = rand_below(r, VALUES);
    static const unsigned kinds[] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 3};
    unsigned kind = kinds[rand_below(r, ARRAY_COUNT(kinds))];
    switch (rand_below(r, 8)) {
    case 0:
    case 1:
    case 2: delete_one(d, s, i, kind, v); break;
    case 3: delete_set(d, s, i, rand_below(r, 4)); break;
    default: add_one(d, s, i, kind, v);
    }
}

/* ---- what follows -----------------------------------------------------------------------------
 */

static bool any_of(const bool *values)
{
    return values[0] || values[1];
}

/* Decides what is an instance; false: it is to be refused. */
static bool settle(struct draft *d, const struct model *before)
{
    struct model *m = &d->after;
    for (unsigned s = 0; s < SERVICES; s++)
        for (unsigned i = 0; i < INSTANCES; i++) {
            struct member *member = &m->members[s][i];
            m->instance[s][i] = any_of(member->srv) && any_of(member->a);
            if (before->instance[s][i] && !m->instance[s][i])
                *member = d->added[s][i]; /* all that was there is gone */
            m->known[s] |= m->instance[s][i];
        }
    for (unsigned s = 0; s < SERVICES; s++)
        for (unsigned i = 0; i < INSTANCES; i++) {
            const struct member *member = &m->members[s][i];
            if (m->instance[s][i] ? member->mx : any_of(member->srv) && m->known[s])
                return false;
        }
    return true;
}

/* ---- what there is
 * --------------------------------------------------------------------------------- */

static void read_instance(struct update_rig *t, unsigned s, unsigned i, struct model *out)
{
    char service[8], id[8];
    struct record r;
    snprintf(service, sizeof(service), "s%u", s);
    snprintf(id, sizeof(id), "i%u", i);
    const struct instance *found = registry_instance(
        t->rig->registry, (struct instance_key){TEXT("default"), text_of(service), text_of(id)});
    if (!found)
        return;
    struct member *m = &out->members[s][i];
    out->instance[s][i] = true;
    instance_read(found, &r);
    for (unsigned n = 0; n < r.port_count; n++)
        m->srv[r.ports[n].number - 80] = true;
    for (unsigned n = 0; n < r.address_count; n++)
        m->a[r.addresses[n].bytes[3] - 1] = true;
    for (unsigned n = 0; n < r.metadata_count; n++)
        m->txt[r.metadata[n].key.s[1] - '0'] = true;
}

static void read_plain(const struct dns_record *r, struct model *out)
{
    /* "s0" at the service, "i0" "s0" at the instance */
    bool at_service = r->owner[1] == 's';
    unsigned s = (unsigned)(r->owner[at_service ? 2 : 5] - '0');
    unsigned i = (unsigned)((at_service ? r->rdata[8] : r->owner[2]) - '0');
    struct member *m = &out->members[s][i];
    switch (r->type) {
    case T_SRV: m->srv[r->rdata[5] - 80] = true; break;
    case T_A: m->a[r->rdata[3] - 1] = true; break;
    case T_TXT: m->txt[r->rdata[2] - '0'] = true; break;
    default: m->mx = true;
    }
}

static void read_all(struct update_rig *t, struct model *out)
{
    const struct name *zone = &t->rig->dns->zones[0]->apex;
    char text[32];
    for (unsigned s = 0; s < SERVICES; s++)
        for (unsigned i = 0; i <= INSTANCES; i++) {
            struct name name;
            struct dns_record record;
            snprintf(text, sizeof(text), i < INSTANCES ? "i%2$u.s%1$u.z" : "s%1$u.z", s, i);
            assert_int_equal(name_parse(text_of(text), &name), ERR_OK);
            for (size_t n = 0; records_at(t->records, zone, &name, n, &record); n++)
                read_plain(&record, out);
            if (i < INSTANCES)
                read_instance(t, s, i, out);
        }
}

static const char *show(const struct model *m)
{
    static char text[2][600];
    static unsigned which;
    char *out = text[which++ % 2];
    size_t n = 0;
    for (unsigned s = 0; s < SERVICES; s++)
        for (unsigned i = 0; i < INSTANCES; i++) {
            const struct member *x = &m->members[s][i];
            n += (size_t)snprintf(out + n, 600 - n, "i%u.s%u %s srv %d%d a %d%d txt %d%d mx %d\n",
                                  i, s, m->instance[s][i] ? "is one" : "", x->srv[0], x->srv[1],
                                  x->a[0], x->a[1], x->txt[0], x->txt[1], x->mx);
        }
    return out;
}

static void step(struct update_rig *t, struct rand *r, struct model *model, unsigned *refused)
{
    static struct draft d;
    static struct model seen;
    memset(&d, 0, sizeof(d));
    d.after = *model;
    for (unsigned n = 1 + rand_below(r, 6); n; n--)
        any_change(&d, r);
    bool fine = settle(&d, model);
    unsigned rcode = update_send(t, d.lines);
    if (rcode != (fine ? R_NOERROR : R_REFUSED))
        fail_msg("%s: %u %s", d.lines, rcode, t->text);
    if (fine)
        *model = d.after;
    *refused += !fine;
    memset(&seen, 0, sizeof(seen));
    memcpy(seen.known, model->known, sizeof(seen.known));
    read_all(t, &seen);
    if (memcmp(&seen, model, sizeof(seen)) != 0)
        fail_msg("after\n%sthe zone has\n%sthe model\n%s", d.lines, show(&seen), show(model));
    if (rand_below(r, 4) == 0)
        update_publish(t);
}

static void test_random_updates(void **state)
{
    unsigned refused = 0;
    for (unsigned round = 0; round < 20; round++) { /* services that were known stay so */
        struct update_rig *t = update_rig();
        struct model model = {0};
        struct rand r;
        rand_seed(&r, 100 + round);
        for (unsigned n = 0; n < STEPS / 20; n++)
            step(t, &r, &model, &refused);
        update_rig_free(t);
    }
    assert_in_range(refused, STEPS / 20, STEPS * 2 / 3);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_updates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
