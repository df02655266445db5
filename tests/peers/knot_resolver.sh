# Knot Resolver, which denies .local unless told otherwise.
. "$(dirname "$0")/forwarder.sh"
needs kresd
serve
mkdir "$work/kresd"
{
    echo "net.listen('127.0.0.1', 53, {kind = 'dns'})"
    echo 'cache.size = 10 * MB'
    echo 'cache.min_ttl(0)' # 5 s otherwise
    recipe knot-resolver
} >"$work/kresd.conf"
grep -q STUB "$work/kresd.conf" || die "discctl has no line for Knot Resolver"
daemon kresd -n -q -c "$work/kresd.conf" "$work/kresd"
passes "Knot Resolver"
stop
