# CoreDNS with `forward` and `cache`, as coredns_build.sh makes it.
. "$(dirname "$0")/forwarder.sh"
coredns=${COREDNS:-$BUILD/tests/coredns}
[ -x "$coredns" ] || skip_test "there is no $coredns: make it with coredns_build.sh"
serve
recipe coredns >"$work/recipe"
grep -q 'forward \.' "$work/recipe" || die "discctl has no lines for CoreDNS"
# No shorter than 5 s would CoreDNS keep anything; for the test it shall.
sed 's/^    cache.*/    bind 127.0.0.1\n    errors\n    cache 5 {\n        success 9984 5 0\n        denial 9984 5 0\n    }/' \
    "$work/recipe" >"$work/Corefile"
daemon "$coredns" -conf "$work/Corefile" -dns.port 53
passes CoreDNS
stop
