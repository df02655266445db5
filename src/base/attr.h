/* Compiler attributes that every folder uses, under one spelling. */
#ifndef DISC_BASE_ATTR_H
#define DISC_BASE_ATTR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define UNUSED __attribute__((unused))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
