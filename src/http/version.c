#include "http/version.h"

#include <stdio.h>

#include "http/reply.h"

/* RFC 9110 section 13.1.2, weak comparison: the tags without W/. */
static bool names_tag(struct text list, struct text tag)
{
    while (list.n) {
        struct text one = text_cut(&list, ',');
        while (one.n && (one.s[0] == ' ' || one.s[0] == '\t'))
            one = (struct text){one.s + 1, one.n - 1};
        while (one.n && (one.s[one.n - 1] == ' ' || one.s[one.n - 1] == '\t'))
            one.n--;
        if (one.n > 2 && memcmp(one.s, "W/", 2) == 0)
            one = (struct text){one.s + 2, one.n - 2};
        if (text_is(one, TEXT("*")) || text_is(one, tag))
            return true;
    }
    return false;
}

bool version_is_known(struct call *call, uint64_t index)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
    struct text asked = text_of(evhttp_find_header(headers, "If-None-Match"));
    char text[24], tag[32];

    snprintf(text, sizeof(text), "%ju", (uintmax_t)index);
    snprintf(tag, sizeof(tag), "W/\"%ju\"", (uintmax_t)index);
    reply_header(call->request, "X-Disc-Index", text);
    reply_header(call->request, "ETag", tag);
    reply_header(call->request, "Cache-Control", "no-cache");
    if (!names_tag(asked, text_of(tag + 2)))
        return false;
    reply_send(call->http, call->request, 304, NULL);
    return true;
}
