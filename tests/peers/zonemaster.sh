# Zonemaster over disc.local, from a root of our own: nothing of level NOTICE or above but
# what this test itself brings about.
. "${0%/*}/fake_root.sh"
needs zonemaster-cli
serve_tree
zonemaster-cli --hints "$work/hints" --level NOTICE --show-testcase --no-time \
    --no-progress disc.local >"$work/report" 2>"$work/log.zonemaster" || true
tr -s ' ' <"$work/report" >"$work/lines"
grep -q '^ERROR ADDRESS01 Nameserver ns1' "$work/lines" ||
    die "Zonemaster did not do its work: $(cat "$work/report")"

# Loopback and unique local addresses without PTR records, an unsigned zone, and a negative
# TTL that is short because instances come and go. (A message goes on in a line of its own.)
cat >"$work/expected" <<'LINES'
^Level |^=====
^ERROR ADDRESS01 Nameserver ns[12]\.disc\.local has an IP address \(127\.0\.0\.[34]\) with prefix 127/8
^ERROR ADDRESS01 Nameserver ns[12]\.disc\.local has an IP address \(fd00::[34]\) with prefix fc00::/7
^ \[RFC8190\] as a 'Unique-Local'\.$
^WARNING ADDRESS02 Nameserver ns[12]\.disc\.local has an IP address \((127\.0\.0\.|fd00::)[34]\) without PTR
^NOTICE DNSSEC07 There are neither DS nor DNSKEY records for the zone\.
^NOTICE UNSPECIFIED The zone is not signed with DNSSEC\.
^NOTICE ZONE06 SOA 'minimum' value \(2\) is less than the recommended one
LINES
others=$(grep -vE -f "$work/expected" "$work/lines" | sed '/^ *$/d' || true)
same "what Zonemaster finds beyond that" '' "$others"
stop
