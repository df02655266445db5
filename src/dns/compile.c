#include "dns/compile.h"

#include "dns/compile_large.h"

enum err compile_view(const struct compile_context *c, const struct service *service,
                      struct view **out)
{
    return service_count(service) <= SLICE_MAX ? compile_small(c, service, out)
                                               : compile_large(c, service, out);
}

/* Do the slices of `old` suit so many instances? */
static bool fits(const struct view *old, uint32_t count)
{
    return old->slice_count > 1 && count <= old->slice_count * SLICE_FILL &&
           count >= old->slice_count * LARGE_FILL_MIN;
}

enum err compile_next(const struct compile_context *c, const struct service *service,
                      const struct view *old, struct view **out)
{
    enum err err =
        fits(old, service_count(service)) ? compile_changes(c, service, old, out) : ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? compile_view(c, service, out) : err;
}
