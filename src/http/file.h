/* Files that are compiled into the binary: the console, and the description of the API.
 * The table is generated at build time (embed.cmake). Whoever may reach the server may
 * read them: they hold nothing of what is registered.
 * Used inside http/ only. */
#ifndef DISC_HTTP_FILE_H
#define DISC_HTTP_FILE_H

#include "http/state.h"

struct file {
    const char *path; /* "/", "/app.js" */
    const char *type; /* media type */
    const char *tag;  /* entity tag with its quotes, by content */
    const unsigned char *bytes;
    size_t size;
};

/* Ends with a row whose path is NULL. */
extern const struct file file_table[];

/* `path` as it stands in the request, to be matched byte by byte; NULL: no such file. */
const struct file *file_find(const char *path);

/* Replies, whatever the method is. */
void file_reply(struct http *http, struct evhttp_request *request, const struct file *file);

#endif
