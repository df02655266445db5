#include "http/etag.h"

#include <string.h>

static struct text opaque(struct text tag)
{
    while (tag.n && (tag.s[0] == ' ' || tag.s[0] == '\t'))
        tag = (struct text){tag.s + 1, tag.n - 1};
    while (tag.n && (tag.s[tag.n - 1] == ' ' || tag.s[tag.n - 1] == '\t'))
        tag.n--;
    if (tag.n > 2 && memcmp(tag.s, "W/", 2) == 0)
        tag = (struct text){tag.s + 2, tag.n - 2};
    return tag;
}

bool etag_is_known(struct evhttp_request *request, const char *tag)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    struct text list = text_of(evhttp_find_header(headers, "If-None-Match"));

    while (list.n) {
        struct text one = opaque(text_cut(&list, ','));
        if (text_is(one, TEXT("*")) || text_is(one, opaque(text_of(tag))))
            return true;
    }
    return false;
}
