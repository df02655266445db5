/* A key's secret, from a file that nobody else may read. Used by discctl and discbench. */
#ifndef TOOLS_SECRET_FILE_H
#define TOOLS_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_MIN = 16, SECRET_MAX = 64 };

/* Base64 of 16 to 64 bytes, in either alphabet. False: said why on stderr behind `where`. */
bool secret_file_read(const char *path, const char *where, unsigned char out[SECRET_MAX],
                      size_t *size);

#endif
