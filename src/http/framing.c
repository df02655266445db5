#include "http/framing.h"

#include <ctype.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "base/text.h"
#include "http/reply.h"

/* RFC 9110 section 5.6.2 */
static bool is_token(struct text t)
{
    for (size_t n = 0; n < t.n; n++)
        if (!isalnum((unsigned char)t.s[n]) && !strchr("!#$%&'*+-.^_`|~", t.s[n]))
            return false;
    return t.n > 0;
}

static bool is_digits(struct text t)
{
    for (size_t n = 0; n < t.n; n++)
        if (!isdigit((unsigned char)t.s[n]))
            return false;
    return t.n > 0;
}

/* Those whose body evhttp reads. */
static bool takes_body(struct evhttp_request *request)
{
    switch ((int)evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_POST:
    case EVHTTP_REQ_PUT:
    case EVHTTP_REQ_PATCH:
    case EVHTTP_REQ_DELETE: return true;
    default: return false;
    }
}

/* What the fields say about the body. */
struct body {
    struct text length, coding;
    const char *fault;
};

static void take_field(struct body *b, struct text name, struct text value)
{
    if (!is_token(name)) {
        b->fault = "a header field's name has characters that none may have";
    } else if (text_is_nocase(name, TEXT("content-length"))) {
        if (!is_digits(value) || (b->length.s && !text_is(b->length, value)))
            b->fault = "send one Content-Length, a number";
        b->length = value;
    } else if (text_is_nocase(name, TEXT("transfer-encoding"))) {
        if (!text_is_nocase(value, TEXT("chunked")) || b->coding.s)
            b->fault = "send no Transfer-Encoding but chunked";
        b->coding = value;
    }
}

static bool is_zero(struct text digits)
{
    for (size_t n = 0; n < digits.n; n++)
        if (digits.s[n] != '0')
            return false;
    return true;
}

const char *framing_fault(struct evhttp_request *request)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    struct body b = {0};

    if (evhttp_request_get_command(request) == EVHTTP_REQ_CONNECT)
        return "this server is no proxy: it has no CONNECT";
    for (const struct evkeyval *h = headers->tqh_first; h && !b.fault; h = h->next.tqe_next)
        take_field(&b, text_of(h->key), text_of(h->value));
    if (b.fault)
        return b.fault;
    if (b.coding.s && b.length.s)
        return "send Content-Length or Transfer-Encoding, not both";
    if (b.coding.s && request->major == 1 && request->minor == 0)
        return "HTTP/1.0 has no Transfer-Encoding";
    if ((b.coding.s || !is_zero(b.length)) && !takes_body(request))
        return "this method takes no body";
    return NULL;
}

void framing_close(struct evhttp_request *request)
{
    /* evhttp leaves what was CONNECT open, whatever the reply says, and gives it no body. */
    if (request->type == EVHTTP_REQ_CONNECT)
        request->type = EVHTTP_REQ_GET;
    reply_header(request, "Connection", "close");
}
