#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 1024 /* newline included: one write, one line of syslog */
#define MESSAGE_SIZE 1024
#define ESCAPED 4 /* "\xNN" */
#define WINDOW_MS 10000
#define WINDOW_LINES 10

static const char *const names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* State of the process: every folder logs, and none should carry a handle for it. */
static _Atomic int current_level = LOG_LEVEL_INFO;
static log_clock *current_clock;

void log_init(enum log_level level, log_clock *clock)
{
    log_set_level(level);
    current_clock = clock;
}

bool log_has_clock(void)
{
    return current_clock != NULL;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

static bool is_wanted(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

static size_t put_prefix(char *line, size_t size, enum log_level level)
{
    size_t n = 0;

    if (current_clock) {
        uint64_t now = current_clock();
        time_t seconds = (time_t)(now / 1000);
        struct tm tm;
        if (gmtime_r(&seconds, &tm))
            n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
        n += (size_t)snprintf(line + n, size - n, ".%03uZ ", (unsigned)(now % 1000));
    }
    return n + (size_t)snprintf(line + n, size - n, "%s: ", names[level]);
}

/* Appends `text` to the line, of which `*used` of `size` bytes are taken. All bytes
 * above 0x7e are escaped, UTF-8 too: some terminals obey the control codes in it. */
static bool put_escaped(char *line, size_t size, size_t *used, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c >= 0x20 && c < 0x7f;
        if (size - *used < (plain ? 1 : ESCAPED))
            return false;
        if (plain) {
            line[(*used)++] = (char)c;
        } else {
            const char escaped[ESCAPED] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
            memcpy(line + *used, escaped, ESCAPED);
            *used += ESCAPED;
        }
    }
    return true;
}

static void put_line(enum log_level level, const char *suffix, const char *format, va_list args)
{
    char message[MESSAGE_SIZE], line[LINE_SIZE];
    int saved = errno;
    size_t used = put_prefix(line, sizeof(line), level);
    size_t room = sizeof(line) - strlen("...") - strlen(suffix) - strlen("\n");
    int n = vsnprintf(message, sizeof(message), format, args);

    if (n < 0)
        message[0] = '\0';
    bool whole = put_escaped(line, room, &used, message) && n < (int)sizeof(message);
    used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", whole ? "" : "...", suffix);
    line[used++] = '\n'; /* over the NUL */
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; /* nobody is left to be told */
    errno = saved;
}

#define PUT_LINE(level, format)                                                                    \
    do {                                                                                           \
        va_list args;                                                                              \
        if (!is_wanted(level))                                                                     \
            return;                                                                                \
        va_start(args, format);                                                                    \
        put_line(level, "", format, args);                                                         \
        va_end(args);                                                                              \
    } while (0)

void log_error(const char *format, ...)
{
    PUT_LINE(LOG_LEVEL_ERROR, format);
}

void log_warn(const char *format, ...)
{
    PUT_LINE(LOG_LEVEL_WARN, format);
}

void log_info(const char *format, ...)
{
    PUT_LINE(LOG_LEVEL_INFO, format);
}

void log_debug(const char *format, ...)
{
    PUT_LINE(LOG_LEVEL_DEBUG, format);
}

/* Two threads that meet at the border of a window may miscount by a few lines;
 * both never open it. */
static bool may_pass(struct log_limit *limit, uint64_t now_ms, uint32_t *left_out)
{
    uint64_t window = atomic_load(&limit->window);

    *left_out = 0;
    if (now_ms >= window && now_ms - window >= WINDOW_MS &&
        atomic_compare_exchange_strong(&limit->window, &window, now_ms)) {
        uint32_t asked = atomic_exchange(&limit->lines, 1);
        *left_out = asked > WINDOW_LINES ? asked - WINDOW_LINES : 0;
        return true;
    }
    return atomic_fetch_add(&limit->lines, 1) < WINDOW_LINES;
}

void log_limited(struct log_limit *limit, uint64_t now_ms, enum log_level level, const char *format,
                 ...)
{
    char suffix[64] = "";
    uint32_t left_out;
    va_list args;

    if (!is_wanted(level) || !may_pass(limit, now_ms, &left_out))
        return;
    if (left_out)
        snprintf(suffix, sizeof(suffix), " (%" PRIu32 " similar lines left out)", left_out);
    va_start(args, format);
    put_line(level, suffix, format, args);
    va_end(args);
}
