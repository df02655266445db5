/* Compiler attributes that every folder uses, under one spelling. */
#ifndef DISC_BASE_ATTR_H
#define DISC_BASE_ATTR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define UNUSED __attribute__((unused))

/* Is each access to memory watched? gcc says so by a macro, clang by a feature. */
#ifdef __SANITIZE_ADDRESS__
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#define ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define ADDRESS_SANITIZER 0
#endif

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
