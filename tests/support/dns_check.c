#include "support/dns_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "support/answer.h"

static void take_options(struct dns_reply *r, const struct answer *a)
{
    for (size_t i = 0; i < ARRAY_COUNT(r->options); i++) {
        r->options[i].bytes = a->options[i].bytes;
        r->options[i].size = a->options[i].size;
    }
    if (r->ede >= 0)
        snprintf(r->ede_text, sizeof(r->ede_text), "%.*s", (int)r->options[15].size - 2,
                 (const char *)r->options[15].bytes + 2);
}

bool dns_check(const uint8_t *query, size_t query_size, const uint8_t *bytes, size_t size,
               size_t limit, struct dns_reply *out)
{
    struct answer a;
    out->packet = NULL;
    out->ede_text[0] = out->fault[0] = '\0';
    if (!answer_decode(query, query_size, bytes, size, limit, &a)) {
        snprintf(out->fault, sizeof(out->fault), "%s", a.fault);
        return false;
    }
    out->packet = a.packet;
    out->size = size;
    out->rcode = a.rcode;
    out->flags = a.flags;
    out->has_opt = a.has_opt;
    out->ede = a.ede;
    memcpy(out->counts, a.counts, sizeof(out->counts));
    out->tsig_at = a.tsig_at;
    take_options(out, &a);
    return true;
}

void dns_reply_free(struct dns_reply *r)
{
    ldns_pkt_free(r->packet);
    r->packet = NULL;
}

static const ldns_rr_list *section_of(const struct dns_reply *r, int section)
{
    struct answer a = {.packet = r->packet};
    return answer_records(&a, (enum answer_section)section);
}

/* "owner TTL type RDATA" */
static void format(const ldns_rr *record, char *out, size_t size)
{
    char *text = ldns_rr2str(record);
    text[strcspn(text, "\n")] = '\0';
    for (char *at = text; (at = strchr(at, '\t'));)
        *at = ' ';
    char *class = strstr(text, " IN ");
    snprintf(out, size, "%.*s%s", class ? (int)(class - text) : 0, text, class ? class + 3 : text);
    free(text);
}

const char *dns_reply_line(struct dns_reply *r, int section, size_t n)
{
    const ldns_rr_list *records = section_of(r, section);
    if (n >= ldns_rr_list_rr_count(records))
        return NULL;
    format(ldns_rr_list_rr(records, n), r->lines, sizeof(r->lines));
    return r->lines;
}

const char *dns_reply_data(struct dns_reply *r, int section, size_t n)
{
    const char *at = dns_reply_line(r, section, n);
    for (int fields = 0; at && fields < 3; fields++) {
        at = strchr(at, ' ');
        at += at != NULL;
    }
    return at;
}

static size_t count_lines(const char *lines)
{
    size_t count = *lines != '\0';
    for (; (lines = strchr(lines, '\n')); lines++)
        count++;
    return count;
}

static bool has_line(const char *lines, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = lines; (at = strstr(at, line)); at++)
        if ((at == lines || at[-1] == '\n') && (at[n] == '\0' || at[n] == '\n'))
            return true;
    return false;
}

bool dns_reply_is(struct dns_reply *r, int section, const char *lines)
{
    const ldns_rr_list *records = section_of(r, section);
    size_t count = ldns_rr_list_rr_count(records);
    for (size_t i = 0; i < count; i++) {
        const char *line = dns_reply_line(r, section, i);
        if (has_line(lines, line))
            continue;
        snprintf(r->fault, sizeof(r->fault), "section %d holds '%.300s'", section, line);
        return false;
    }
    if (count == count_lines(lines))
        return true;
    snprintf(r->fault, sizeof(r->fault), "section %d holds %zu records, not %zu", section, count,
             count_lines(lines));
    return false;
}
