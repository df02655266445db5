/* Any bytes as a file of LMDB: they pass or are refused with words; nothing outside the
 * file is ever read. Each entry of a file that passes is touched. */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void touch(void *context, struct text key, struct text value)
{
    unsigned *sum = context;
    assert(key.n >= 1 && key.n <= 511);
    for (size_t n = 0; n < key.n; n++)
        *sum += (unsigned char)key.s[n];
    for (size_t n = 0; n < value.n; n++)
        *sum += (unsigned char)value.s[n];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char fault[STORE_FAULT_TEXT] = "";
    unsigned sum = 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0);
    assert(write(fd, bytes, size) == (ssize_t)size);
    enum err err = pages_check(fd, touch, &sum, fault);
    assert(err == ERR_OK || err == ERR_SYNTAX);
    assert(!err == !fault[0]);
    close(fd);
    return 0;
}
