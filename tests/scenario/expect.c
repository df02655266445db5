#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/run.h"

static const char *const sections[] = {"question", "answer", "authority", "additional"};

/* ---- records as text -------------------------------------------------------------------- */

/* "NAME TYPE RDATA", one blank between words. */
static void record_text(const ldns_rr *rr, char *out, size_t size)
{
    char *owner = ldns_rdf2str(ldns_rr_owner(rr)), *type = ldns_rr_type2str(ldns_rr_get_type(rr));
    int n = snprintf(out, size, "%s %s", owner, type);
    free(owner);
    free(type);
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        char *part = ldns_rdf2str(ldns_rr_rdf(rr, i));
        n += snprintf(out + n, size - (size_t)n, " %s", part);
        free(part);
        if ((size_t)n >= size)
            abort();
    }
}

static bool names_at_end(const char *type)
{
    static const char *const types[] = {"SRV", "NS", "PTR", "CNAME", "MX"};
    for (unsigned i = 0; i < ARRAY_COUNT(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

/* From the words of the scenario; final dots may be left out. */
static void wanted_text(const struct words *w, unsigned from, char *out, size_t size)
{
    int n = 0;
    for (unsigned i = from; i < w->count; i++) {
        const char *word = w->word[i];
        bool name =
            i == from || (i + 1 == w->count && i >= from + 2 && names_at_end(w->word[from + 1]));
        bool dot = name && word[strlen(word) - 1] != '.' && word[strlen(word) - 1] != '*';
        n += snprintf(out + n, size - (size_t)n, "%s%s%s", i > from ? " " : "", word,
                      dot ? "." : "");
        if ((size_t)n >= size)
            abort();
    }
}

static void print_section(struct run *r, enum answer_section section)
{
    char text[2048];
    const ldns_rr_list *records = answer_records(&r->answer, section);
    fprintf(stderr, "%s section:\n", sections[section]);
    for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
        record_text(ldns_rr_list_rr(records, i), text, sizeof(text));
        fprintf(stderr, "    %s\n", text);
    }
}

static _Noreturn void fail_answer(struct run *r, const char *what)
{
    fprintf(stderr, "rcode %u, flags %04x, %zu bytes, ede %d\n", r->answer.rcode, r->answer.flags,
            r->answer_size, r->answer.ede);
    print_section(r, ANSWER_ANSWER);
    print_section(r, ANSWER_AUTHORITY);
    print_section(r, ANSWER_ADDITIONAL);
    script_fail(&r->script, "%s", what);
}

/* ---- the kinds of expectation --------------------------------------------------------------- */

static void expect_record(struct run *r, enum answer_section section, const struct words *w)
{
    char wanted[2048], text[2048];
    const ldns_rr_list *records = answer_records(&r->answer, section);
    wanted_text(w, 2, wanted, sizeof(wanted));
    r->named[section] = true;
    for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
        record_text(ldns_rr_list_rr(records, i), text, sizeof(text));
        if (r->seen[section][i] || !script_matches(text, wanted))
            continue;
        r->seen[section][i] = true;
        return;
    }
    fail_answer(r, "the record is not there, or not often enough");
}

static void expect_number(struct run *r, const char *what, uint64_t got, const char *wanted)
{
    char text[120];
    if (got == script_number(&r->script, wanted, UINT64_MAX))
        return;
    snprintf(text, sizeof(text), "%s: expected %s, got %llu", what, wanted,
             (unsigned long long)got);
    fail_answer(r, text);
}

static void expect_rcode(struct run *r, const char *wanted)
{
    static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(names[i], wanted) != 0)
            continue;
        if (r->answer.rcode != i)
            fail_answer(r, "another rcode");
        return;
    }
    script_fail(&r->script, "no rcode: %s", wanted);
}

static enum answer_section section_of(struct run *r, const char *name)
{
    for (unsigned i = 1; i < ARRAY_COUNT(sections); i++)
        if (strcmp(sections[i], name) == 0)
            return (enum answer_section)i;
    script_fail(&r->script, "no section: %s", name);
}

/* "3" or "5-9" */
static void expect_count(struct run *r, const char *section, const char *wanted)
{
    unsigned got = r->answer.counts[section_of(r, section)], low, high;
    int n = sscanf(wanted, "%u-%u", &low, &high);
    if (n < 1)
        script_fail(&r->script, "no number: %s", wanted);
    if (got < low || got > (n == 2 ? high : low))
        fail_answer(r, "another number of records");
}

static void expect_flag(struct run *r, const char *name, bool wanted)
{
    uint16_t bit = strcmp(name, "TC") == 0 ? ANSWER_TC : strcmp(name, "AA") == 0 ? ANSWER_AA : 0;
    if (!bit)
        script_fail(&r->script, "no flag: %s", name);
    if (((r->answer.flags & bit) != 0) != wanted)
        fail_answer(r, wanted ? "the flag is not set" : "the flag is set");
}

static void expect_ttl(struct run *r, enum answer_section section, const char *wanted)
{
    const ldns_rr_list *records = answer_records(&r->answer, section);
    if (ldns_rr_list_rr_count(records) == 0)
        fail_answer(r, "there is no record");
    for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++)
        expect_number(r, "TTL", ldns_rr_ttl(ldns_rr_list_rr(records, i)), wanted);
}

static void expect_negative(struct run *r, const char *rcode)
{
    const ldns_rr_list *records = answer_records(&r->answer, ANSWER_AUTHORITY);
    expect_rcode(r, rcode);
    if (r->answer.counts[ANSWER_ANSWER])
        fail_answer(r, "there are records");
    if (ldns_rr_list_rr_count(records) != 1 ||
        ldns_rr_get_type(ldns_rr_list_rr(records, 0)) != LDNS_RR_TYPE_SOA)
        fail_answer(r, "no SOA in the authority section");
}

/* SOA MINIMUM, and the TTL of the SOA itself. */
static void expect_minimum(struct run *r, const char *wanted)
{
    const ldns_rr_list *records = answer_records(
        &r->answer, r->answer.counts[ANSWER_ANSWER] ? ANSWER_ANSWER : ANSWER_AUTHORITY);
    const ldns_rr *rr = ldns_rr_list_rr_count(records) ? ldns_rr_list_rr(records, 0) : NULL;
    if (!rr || ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA)
        fail_answer(r, "no SOA");
    expect_number(r, "SOA MINIMUM", ldns_rdf2native_int32(ldns_rr_rdf(rr, 6)), wanted);
}

/* share LOW% HIGH% RDATA */
static void expect_share(struct run *r, const struct words *w, const char *line)
{
    double low, high, got = 0;
    if (w->count < 5 || sscanf(w->word[2], "%lf%%", &low) != 1 ||
        sscanf(w->word[3], "%lf%%", &high) != 1)
        script_fail(&r->script, "expected: expect share LOW%% HIGH%% RDATA");
    const char *rdata = script_rest(line, 4);
    for (unsigned i = 0; i < r->share_count; i++)
        if (strcmp(r->shares[i].rdata, rdata) == 0)
            got = 100.0 * r->shares[i].count / r->share_total;
    if (got < low || got > high)
        script_fail(&r->script, "%.2f%% of %u", got, r->share_total);
}

/* ---- dispatch ----------------------------------------------------------------------------- */

static bool expect_word(struct run *r, const char *what)
{
    if (strcmp(what, "none") == 0) {
        if (r->answer.counts[ANSWER_ANSWER])
            fail_answer(r, "there are records");
    } else if (strcmp(what, "nodata") == 0) {
        expect_negative(r, "NOERROR");
    } else if (strcmp(what, "nxdomain") == 0) {
        expect_negative(r, "NXDOMAIN");
    } else {
        return false;
    }
    return true;
}

static bool expect_value(struct run *r, const char *what, const char *value)
{
    if (strcmp(what, "rcode") == 0)
        expect_rcode(r, value);
    else if (strcmp(what, "flag") == 0)
        expect_flag(r, value, true);
    else if (strcmp(what, "noflag") == 0)
        expect_flag(r, value, false);
    else if (strcmp(what, "ttl") == 0)
        expect_ttl(r, ANSWER_ANSWER, value);
    else if (strcmp(what, "negative_ttl") == 0)
        expect_ttl(r, ANSWER_AUTHORITY, value);
    else if (strcmp(what, "minimum") == 0)
        expect_minimum(r, value);
    else if (strcmp(what, "ede") == 0)
        expect_number(r, "EDE", (uint64_t)(int64_t)r->answer.ede, value);
    else
        return false;
    return true;
}

void run_expect(struct run *r, const struct words *w, const char *line)
{
    const char *what = w->count > 1 ? w->word[1] : "";
    if (strcmp(what, "share") == 0) {
        expect_share(r, w, line);
        return;
    }
    if (!r->has_answer)
        script_fail(&r->script, "there is no query above it");
    if (w->count == 4 && strcmp(what, "count") == 0)
        expect_count(r, w->word[2], w->word[3]);
    else if (w->count >= 5)
        expect_record(r, section_of(r, what), w);
    else if (!(w->count == 2 && expect_word(r, what)) &&
             !(w->count == 3 && expect_value(r, what, w->word[2])))
        script_fail(&r->script, "no expectation of this form");
}

void run_close_answer(struct run *r)
{
    if (!r->has_answer)
        return;
    for (unsigned s = 1; s < 4; s++) {
        for (unsigned i = 0; r->named[s] && i < r->answer.counts[s]; i++) {
            if (!r->seen[s][i]) {
                r->script.at = r->query_line;
                fail_answer(r, "the answer has records that no line below names");
            }
        }
        memset(r->seen[s], 0, sizeof(r->seen[s]));
        r->named[s] = false;
    }
    answer_free(&r->answer);
    r->has_answer = false;
}
