#include "fault/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICE_MAX = 2000, ANSWER_MS = 30000 };

void model_init(struct model *m, unsigned count, unsigned services)
{
    m->instances = calloc(count, sizeof *m->instances);
    m->count = count;
    m->services = services;
    if (!m->instances)
        die("out of memory");
    for (unsigned i = 0; i < count; i++) {
        m->instances[i].service = i % services;
        m->instances[i].acknowledged = MODEL_ABSENT;
    }
}

void model_deinit(struct model *m)
{
    free(m->instances);
    m->instances = NULL;
}

void model_asked(struct model *m, unsigned n, int state)
{
    struct model_instance *i = &m->instances[n];
    if (i->open_count == MODEL_OPEN_MAX)
        die("the model has no room for more open requests of one instance");
    i->open[i->open_count++] = state;
}

void model_acknowledged(struct model *m, unsigned n, int state)
{
    m->instances[n].acknowledged = state;
    m->instances[n].open_count = 0;
}

void model_refused(struct model *m, unsigned n)
{
    m->instances[n].open_count--;
}

bool model_is_certain(const struct model *m, unsigned n)
{
    return m->instances[n].open_count == 0;
}

static bool may_be(const struct model_instance *i, int state)
{
    bool may = i->acknowledged == state;
    for (unsigned n = 0; n < i->open_count; n++)
        may |= i->open[n] == state;
    return may;
}

static void compare(struct model *m, unsigned n, int seen, struct model_verdict *out)
{
    struct model_instance *i = &m->instances[n];
    out->present += seen != MODEL_ABSENT;
    if (!may_be(i, seen)) {
        if (!out->lost && !out->resurrected)
            snprintf(out->first, sizeof out->first,
                     "i%u.s%u: weight %d was acknowledged, %u requests open, but it is %d "
                     "(-1 = absent)",
                     n, i->service, i->acknowledged, i->open_count, seen);
        out->resurrected += i->acknowledged == MODEL_ABSENT;
        out->lost += i->acknowledged != MODEL_ABSENT;
    }
    model_acknowledged(m, n, seen);
}

void model_check(struct model *m, struct drive *d, struct model_verdict *out)
{
    static struct srv all[SERVICE_MAX];
    int *seen = malloc(m->count * sizeof *seen);
    if (!seen)
        die("out of memory");
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < m->count; i++)
        seen[i] = MODEL_ABSENT;
    for (unsigned s = 0; s < m->services; s++) {
        char name[20];
        snprintf(name, sizeof name, "s%u", s);
        int n = drive_srv(d, name, true, all, SERVICE_MAX, ANSWER_MS);
        if (n < 0)
            die("no answer for %s", name);
        for (int k = 0; k < n; k++) {
            unsigned number = (unsigned)atoi(all[k].id + 1);
            if (all[k].id[0] != 'i' || number >= m->count || m->instances[number].service != s)
                die("%s holds %s, which was never registered", name, all[k].id);
            seen[number] = all[k].weight;
        }
    }
    for (unsigned i = 0; i < m->count; i++)
        compare(m, i, seen[i], out);
    free(seen);
}
