#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/run.h"

struct ask {
    struct question question;
    struct endpoint from;
};

static struct ask parse_ask(struct run *r, const struct words *w, unsigned at)
{
    struct ask a = {.question = {.id = 0x4242, .bufsize = 1232}, .from = {.port = 40000}};
    const char *from = "127.0.0.1";
    if (w->count < at + 2)
        script_fail(&r->script, "expected: NAME TYPE [udp|tcp|noedns|bufsize N|from A]");
    a.question.name = w->word[at];
    a.question.type = question_type(w->word[at + 1]);
    if (!a.question.type)
        script_fail(&r->script, "no type: %s", w->word[at + 1]);
    for (unsigned i = at + 2; i < w->count; i++) {
        const char *option = w->word[i], *value = i + 1 < w->count ? w->word[i + 1] : NULL;
        if (strcmp(option, "tcp") == 0) {
            a.question.tcp = true;
        } else if (strcmp(option, "noedns") == 0) {
            a.question.bufsize = 0;
        } else if (strcmp(option, "bufsize") == 0) {
            a.question.bufsize = (uint16_t)script_number(&r->script, value, 65535);
            i++;
        } else if (strcmp(option, "from") == 0 && value) {
            from = value;
            i++;
        } else if (strcmp(option, "udp") != 0) {
            script_fail(&r->script, "no option: %s", option);
        }
    }
    if (addr_parse(text_of(from), &a.from.addr))
        script_fail(&r->script, "no address: %s", from);
    return a;
}

static void ask(struct run *r, const struct ask *a)
{
    static uint8_t out[DNS_TCP_LIMIT];
    uint8_t query[QUESTION_MAX];
    size_t n = question_write(&a->question, query);
    if (!n)
        script_fail(&r->script, "no name: %s", a->question.name);
    uint8_t *exact = malloc(n);
    memcpy(exact, query, n);
    struct dns_request request = {exact, n, a->from, a->question.tcp ? DNS_TCP : DNS_UDP, 0, 0};
    r->answer_size = world_ask(&r->world, &request, out, sizeof(out));
    free(exact);
    if (!r->answer_size)
        script_fail(&r->script, "no answer");
    size_t limit = question_limit(&a->question, DNS_UDP_LIMIT);
    if (!answer_decode(query, n, out, r->answer_size, limit, &r->answer))
        script_fail(&r->script, "a bad answer: %s", r->answer.fault);
    r->has_answer = true;
    r->query_line = r->script.at;
    for (unsigned s = 0; s < 4; s++)
        if (r->answer.counts[s] > ANSWER_RECORDS_MAX)
            script_fail(&r->script, "too many records for a scenario");
}

void run_query(struct run *r, const struct words *w)
{
    struct ask a = parse_ask(r, w, 1);
    ask(r, &a);
}

/* ---- what comes first ------------------------------------------------------------------- */

static void count_first(struct run *r)
{
    const ldns_rr_list *records = answer_records(&r->answer, ANSWER_ANSWER);
    if (ldns_rr_list_rr_count(records) == 0)
        return;
    const ldns_rr *rr = ldns_rr_list_rr(records, 0);
    char text[400] = "";
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        char *part = ldns_rdf2str(ldns_rr_rdf(rr, i));
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", part);
        free(part);
    }
    for (unsigned i = 0; i < r->share_count; i++) {
        if (strcmp(r->shares[i].rdata, text) == 0) {
            r->shares[i].count++;
            return;
        }
    }
    if (r->share_count == SHARES_MAX)
        script_fail(&r->script, "too many different first records");
    r->shares[r->share_count++] = (struct share){strdup(text), 1};
}

/* shares N NAME TYPE ...: asks N times, counts which record comes first. */
void run_shares(struct run *r, const struct words *w)
{
    struct ask a = parse_ask(r, w, 2);
    for (unsigned i = 0; i < r->share_count; i++)
        free(r->shares[i].rdata);
    r->share_count = 0;
    r->share_total = (unsigned)script_number(&r->script, w->word[1], 1000000);
    for (unsigned i = 0; i < r->share_total; i++) {
        a.question.id = (uint16_t)i;
        ask(r, &a);
        count_first(r);
        run_close_answer(r);
    }
}

/* ---- serials ------------------------------------------------------------------------------ */

static unsigned long ask_serial(struct run *r, const char *zone)
{
    struct ask a = {
        .question = {.name = zone, .type = 6, .id = 1, .bufsize = 1232},
        .from = {.port = 40000, .addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}}};
    ask(r, &a);
    const ldns_rr_list *records = answer_records(&r->answer, ANSWER_ANSWER);
    if (ldns_rr_list_rr_count(records) != 1)
        script_fail(&r->script, "no SOA at %s", zone);
    char *text = ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(records, 0), 2));
    unsigned long serial = strtoul(text, NULL, 10);
    free(text);
    run_close_answer(r);
    return serial;
}

static struct variable *remembered(struct run *r, const char *zone)
{
    for (unsigned i = 0; i < ARRAY_COUNT(r->serials); i++) {
        struct variable *v = &r->serials[i];
        if (!v->name[0])
            snprintf(v->name, sizeof(v->name), "%s", zone);
        if (strcmp(v->name, zone) == 0)
            return v;
    }
    script_fail(&r->script, "too many zones");
}

/* serial ZONE note|same|grew|N: against the one that was noted; then notes it. */
void run_serial(struct run *r, const struct words *w)
{
    if (w->count != 3)
        script_fail(&r->script, "expected: serial ZONE note|same|grew|N");
    unsigned long now = ask_serial(r, w->word[1]);
    struct variable *v = remembered(r, w->word[1]);
    unsigned long before = v->value ? strtoul(v->value, NULL, 10) : 0;
    const char *wanted = w->word[2];
    bool fine;
    if (strcmp(wanted, "note") == 0)
        fine = true;
    else if (strcmp(wanted, "same") == 0)
        fine = now == before;
    else if (strcmp(wanted, "grew") == 0)
        fine = now > before;
    else
        fine = now == script_number(&r->script, wanted, UINT32_MAX);
    if (!fine)
        script_fail(&r->script, "serial %lu, before it was %lu", now, before);
    free(v->value);
    if (asprintf(&v->value, "%lu", now) < 0)
        abort();
}
