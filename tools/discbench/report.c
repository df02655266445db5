#include "report.h"

#include <inttypes.h>
#include <jansson.h>

#include "question.h"

static const double shares[] = {0.5, 0.9, 0.99, 0.999};
static const char *const share_names[] = {"p50_us", "p90_us", "p99_us", "p999_us"};
enum { SHARES = sizeof(shares) / sizeof(shares[0]) };

static double per(double value, uint64_t count)
{
    return count ? value / (double)count : 0;
}

static double us_at(const struct histogram *h, double share)
{
    return (double)histogram_at(h, share) / 1000;
}

static double ok_per_s(const struct tally *t)
{
    return t->elapsed_ns ? (double)t->ok * 1e9 / (double)t->elapsed_ns : 0;
}

static double renewed_per_s(const struct tally *t)
{
    return t->elapsed_ns ? (double)t->renewed * 1e9 / (double)t->elapsed_ns : 0;
}

/* ---- JSON -------------------------------------------------------------------------------- */

struct number {
    const char *name;
    uint64_t value;
};

static void set_numbers(json_t *o, const struct number *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_object_set_new(o, numbers[i].name, json_integer((json_int_t)numbers[i].value));
}

static void set_histogram(json_t *o, const struct histogram *h)
{
    for (unsigned i = 0; i < SHARES; i++)
        json_object_set_new(o, share_names[i], json_real(us_at(h, shares[i])));
    json_object_set_new(o, "max_us", json_real((double)h->max / 1000));
}

static json_t *histogram_json(const struct histogram *h)
{
    json_t *o = json_object();
    json_object_set_new(o, "count", json_integer((json_int_t)h->total));
    set_histogram(o, h);
    return o;
}

static json_t *codes_json(const struct tally *t)
{
    json_t *codes = json_object();
    for (unsigned i = 0; i < CODES; i++) {
        char code[8];
        snprintf(code, sizeof(code), "%u", i);
        if (t->codes[i])
            json_object_set_new(codes, code, json_integer((json_int_t)t->codes[i]));
    }
    return codes;
}

static json_t *tally_json(const struct tally *t)
{
    const struct number numbers[] = {
        {"sent", t->sent},     {"ok", t->ok},           {"errors", t->errors},
        {"lost", t->lost},     {"unsent", t->unsent},   {"challenges", t->challenges},
        {"forged", t->forged}, {"renewed", t->renewed}, {"truncated", t->truncated},
    };
    json_t *o = json_object();
    set_numbers(o, numbers, sizeof(numbers) / sizeof(numbers[0]));
    json_object_set_new(o, "seconds", json_real((double)t->elapsed_ns / 1e9));
    json_object_set_new(o, "ok_per_s", json_real(ok_per_s(t)));
    json_object_set_new(o, "renewed_per_s", json_real(renewed_per_s(t)));
    set_histogram(o, &t->latency);
    json_object_set_new(o, "late", t->paced ? histogram_json(&t->late) : json_null());
    json_object_set_new(o, "codes", codes_json(t));
    return o;
}

static json_t *visible_json(const struct visible_counts *v)
{
    const struct number numbers[] = {
        {"changes", v->changes},     {"at_once", v->at_once}, {"stale", v->stale},
        {"withdrawn", v->withdrawn}, {"untrue", v->untrue},   {"never", v->never},
    };
    json_t *o = json_object();
    set_numbers(o, numbers, sizeof(numbers) / sizeof(numbers[0]));
    json_object_set_new(o, "delay", histogram_json(&v->delay));
    json_object_set_new(o, "asking", histogram_json(&v->asking));
    return o;
}

static json_t *cost_json(const struct cost *cost, uint64_t requests)
{
    return json_pack("{s:f, s:f, s:f}", "user_us", per(usage_us(cost->user_ticks), requests),
                     "system_us", per(usage_us(cost->system_ticks), requests), "all_us",
                     per((double)cost->all_ns / 1e3, requests));
}

static json_t *server_json(const struct usage *u, uint64_t requests)
{
    json_t *o = cost_json(&u->all, requests), *threads = json_object();
    json_object_set_new(o, "requests", json_integer((json_int_t)requests));
    json_object_set_new(o, "cpu_s", json_real((double)u->all.all_ns / 1e9));
    for (unsigned i = 0; i < u->count; i++) {
        const struct usage_thread *t = &u->threads[i];
        json_object_set_new(threads, t->name, cost_json(&t->cost, requests));
    }
    json_object_set_new(o, "threads", threads);
    return o;
}

static void print_json(const struct options *o, const struct results *r, uint64_t requests)
{
    json_t *all =
        json_pack("{s:s, s:I, s:I, s:b, s:o, s:o}", "mode", o->mode->name, "instances",
                  (json_int_t)o->instances, "services", (json_int_t)o->services, "keyed",
                  o->key_id != NULL, "setup", tally_json(&r->setup), "run", tally_json(&r->run));
    json_object_set_new(all, "left", json_integer((json_int_t)r->left));
    json_object_set_new(all, "stopped", json_integer(r->stopped));
    json_object_set_new(all, "group_size", json_integer((json_int_t)o->group_size));
    if (r->has_visible)
        json_object_set_new(all, "visible", visible_json(&r->visible));
    if (r->has_server)
        json_object_set_new(all, "server", server_json(&r->server, requests));
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(all);
}

/* ---- text -------------------------------------------------------------------------------- */

static void print_latency(const char *title, const struct histogram *h)
{
    printf("        %s us:", title);
    for (unsigned i = 0; i < SHARES; i++)
        printf(" p%g %.1f", shares[i] * 100, us_at(h, shares[i]));
    printf(" max %.1f\n", (double)h->max / 1000);
}

static void print_rare(const char *what, uint64_t count)
{
    if (count)
        printf(", %" PRIu64 " %s", count, what);
}

static void print_error(bool dns, unsigned code, uint64_t count)
{
    const char *name = dns ? question_rcode(code) : NULL;
    if (name)
        printf("        %s: %" PRIu64 "\n", name, count);
    else
        printf("        error %u: %" PRIu64 "\n", code, count);
}

static void print_tally(const char *title, const struct tally *t, bool dns)
{
    printf("%-7s %" PRIu64 " sent in %.2f s: %" PRIu64 " ok (%.0f/s), %" PRIu64 " errors, %" PRIu64
           " lost",
           title, t->sent, (double)t->elapsed_ns / 1e9, t->ok, ok_per_s(t), t->errors, t->lost);
    print_rare("unsent", t->unsent);
    print_rare("challenges", t->challenges);
    print_rare("forged", t->forged);
    print_rare("truncated", t->truncated);
    if (t->renewed)
        printf(", %.0f instances renewed/s", renewed_per_s(t));
    putchar('\n');
    print_latency("latency", &t->latency);
    if (t->paced)
        print_latency("of it sent late", &t->late);
    for (unsigned i = 0; i < CODES; i++) {
        if (t->codes[i])
            print_error(dns, i, t->codes[i]);
    }
}

static void print_visible(const struct visible_counts *v)
{
    printf("        in DNS: %" PRIu64 " changes, %" PRIu64 " right at the first question; %" PRIu64
           " answers without it, %" PRIu64 " with what was withdrawn, %" PRIu64
           " with what never was; %" PRIu64 " never shown\n",
           v->changes, v->at_once, v->stale, v->withdrawn, v->untrue, v->never);
    print_latency("reply to right answer", &v->delay);
    print_latency("one question", &v->asking);
}

static void print_cost(const char *name, const struct cost *cost, uint64_t requests)
{
    printf("        %-14s us of CPU per request: %.3f user, %.3f system, %.3f both\n", name,
           per(usage_us(cost->user_ticks), requests), per(usage_us(cost->system_ticks), requests),
           per((double)cost->all_ns / 1e3, requests));
}

static void print_server(const struct usage *u, uint64_t requests)
{
    print_cost("server", &u->all, requests);
    for (unsigned i = 0; i < u->count && u->count > 1; i++) {
        char name[32];
        snprintf(name, sizeof(name), "  %s", u->threads[i].name);
        print_cost(name, &u->threads[i].cost, requests);
    }
}

void report_print(const struct options *o, const struct results *r)
{
    uint64_t requests = r->run.ok + r->run.errors;
    if (o->json) {
        print_json(o, r, requests);
        return;
    }
    if (r->setup.sent)
        print_tally("setup", &r->setup, false);
    print_tally(o->mode->name, &r->run, o->mode == &mode_query);
    if (r->has_visible)
        print_visible(&r->visible);
    if (r->clean.errors || r->clean.lost)
        print_tally("cleanup", &r->clean, false);
    if (r->has_server)
        print_server(&r->server, requests);
}
