#include "modes.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "place.h"

const struct mode *const modes[MODES] = {
    &mode_reg,   &mode_ren,    &mode_batch,   &mode_group, &mode_churn,
    &mode_mixed, &mode_change, &mode_visible, &mode_query,
};

const struct mode *mode_named(const char *name)
{
    for (unsigned i = 0; i < MODES; i++) {
        if (strcmp(name, modes[i]->name) == 0)
            return modes[i];
    }
    return NULL;
}

struct flow_limits mode_limits(const struct options *o)
{
    double seconds = o->duration_s > 0 ? o->duration_s : o->mode->seconds;
    return (struct flow_limits){
        .window = o->window,
        .rate = o->rate,
        .limit_ns = (uint64_t)(seconds * NS_PER_S),
        .most = seconds > 0 ? UINT64_MAX : o->instances,
        .relaxed = o->relaxed,
    };
}

/* ---- the server's processor time --------------------------------------------------------- */

void mode_usage_begin(const struct options *o, struct usage *before)
{
    before->count = 0;
    if (o->server_pid)
        (void)usage_take((int)o->server_pid, before);
}

void mode_usage_end(const struct options *o, const struct usage *before, struct results *out)
{
    struct usage after;
    out->has_server = before->count && usage_take((int)o->server_pid, &after);
    if (out->has_server)
        usage_between(before, &after, &out->server);
}

/* ---- registration load ------------------------------------------------------------------- */

struct load *mode_load_new(const struct options *o, const struct load_watcher *watcher)
{
    struct load_config config = {
        .fd = place_open("server", o->server, o->remote),
        .prefix = o->prefix,
        .key_id = o->key_id,
        .secret = o->secret,
        .secret_size = o->secret_size,
        .instances = o->instances,
        .services = o->services,
        .lease_s = o->lease_s,
        .group_size = o->mode->heeds & HEEDS_GROUP_SIZE ? o->group_size : 0,
        .batch = o->batch,
        .churns = o->kind == KIND_CHURN,
        .own_address = o->remote && !watcher,
        .addresses_change = watcher != NULL,
    };
    if (config.fd < 0)
        return NULL;
    if (watcher)
        config.watcher = *watcher;
    struct load *load = load_new(&config);
    if (!load) {
        fprintf(stderr, "discbench: out of memory\n");
        close(config.fd);
    }
    return load;
}

void mode_load_free(struct load *load)
{
    close(load->config.fd);
    load_free(load);
}

void mode_load_setup(const struct options *o, struct load *load, struct results *out)
{
    out->ready = true;
    if (o->no_setup)
        memset(load->registered, 1, o->instances);
    else if (o->mode->whole_setup)
        out->ready = load_setup(load, &out->setup);
    if (out->ready && o->mode == &mode_group)
        load_count_members(load, &out->asked);
}

void mode_load_measure(const struct options *o, struct load *load, load_choose *choose,
                       struct results *out)
{
    struct flow_limits limits = mode_limits(o);
    struct usage before;
    mode_usage_begin(o, &before);
    load_run(load, choose, &limits, &out->run);
    mode_usage_end(o, &before, out);
}

void mode_load_clean(const struct options *o, struct load *load, struct results *out)
{
    out->stopped = flow_stopped(load->flow);
    if (!o->keep)
        load_clean(load, &out->clean);
    out->left = load_left(load);
}

bool mode_load(const struct options *o, struct results *out)
{
    struct load *load = mode_load_new(o, NULL);
    if (!load)
        return false;
    mode_load_setup(o, load, out);
    if (out->ready)
        mode_load_measure(o, load, o->mode->choose, out);
    mode_load_clean(o, load, out);
    mode_load_free(load);
    return true;
}
