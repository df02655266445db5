# /metrics: what it counts is what happened, and what /v1/status says; the dashboard asks for
# nothing that is not there.
. "$(dirname "$0")/lib.sh"
configure <<YAML
dns: {listen: ["127.0.0.1:0"], workers: 2}
YAML
start

scrape() {
    curl -sS --max-time 30 -o "$work/metrics" -w '%{http_code} %{content_type}' "$@" "$url/metrics"
}
# value NAME[{LABEL}]: of the latest scrape.
value() {
    awk -v want="$1" '$1 == want {print $2}' "$work/metrics"
}
# total NAME: over all labels.
total() {
    awk -v want="$1" '{name = $1; sub(/[{].*/, "", name)} name == want {n += $2} END {print n + 0}' "$work/metrics"
}
field() {
    python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# ---- the form
same "plain text" '200 text/plain; version=0.0.4; charset=utf-8' "$(scrape)"
[ -z "$(tail -c 1 "$work/metrics")" ] || die "the last line has no end"
python3 - "$work/metrics" <<'PY' || die "the text is not well formed"
# Each family once: HELP, TYPE, then its values and nobody else's; no value twice.
import re, sys
family, kind, seen, values = None, None, set(), set()
for n, line in enumerate(open(sys.argv[1]), 1):
    line = line.rstrip("\n")
    if m := re.fullmatch(r"# HELP (\S+) \S.*", line):
        family = m[1]
        assert family not in seen, f"{n}: {family} twice"
        seen.add(family)
        continue
    if m := re.fullmatch(r"# TYPE (\S+) (counter|gauge|histogram)", line):
        assert m[1] == family, f"{n}: TYPE of another family"
        kind = m[2]
        assert (kind == "counter") == family.endswith("_total"), f"{n}: {family} is a {kind}"
        continue
    m = re.fullmatch(r'([a-z_:0-9]+)(\{[a-z]+="(?:[^"\\]|\\.)*"\})? (-?[0-9.e+-]+)', line)
    assert m, f"{n}: {line}"
    suffixes = ["_bucket", "_sum", "_count"] if kind == "histogram" else [""]
    assert m[1] in [family + s for s in suffixes], f"{n}: {m[1]} in {family}"
    assert m[1] + (m[2] or "") not in values, f"{n}: twice"
    assert kind == "gauge" or float(m[3]) >= 0, f"{n}: a negative {kind}"
    values.add(m[1] + (m[2] or ""))
assert len(seen) > 60, "so few families"
PY
same "OpenMetrics" '200 application/openmetrics-text; version=1.0.0; charset=utf-8' \
    "$(scrape -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5')"
same "its end" '# EOF' "$(tail -n 1 "$work/metrics")"
has "counters there" '*# TYPE discd_dns_queries counter*discd_dns_queries_total{transport="udp"}*' \
    "$(tr '\n' ' ' <"$work/metrics")"
same HEAD '200 text/plain; version=0.0.4; charset=utf-8' "$(scrape -I)"
same "only to be read" 405 "$(curl -s -o "$work/body" -w '%{http_code}' -X POST "$url/metrics")"

# ---- what a question counts
scrape >"$work/code"
before_a=$(value 'discd_dns_query_types_total{type="A"}')
before_udp=$(value 'discd_dns_queries_total{transport="udp"}')
before_tcp=$(value 'discd_dns_queries_total{transport="tcp"}')
before_nx=$(value 'discd_dns_responses_total{rcode="NXDOMAIN"}')
before_sizes=$(value discd_dns_response_size_bytes_count)
before_bytes=$(value discd_dns_response_size_bytes_sum)
ok 'reg svc=web inst=one port=8080 w=30 zone=eu1 addr=10.0.0.7'
ok 'reg svc=web inst=two port=8081 st=draining zone=us1 addr=10.0.0.8'
ok 'ren svc=web inst=one'
has "a refusal" 'disc/1 err*' "$(say 'reg svc=web port=0')"
q A web.disc.local >"$work/answer"
q +tcp A web.disc.local >"$work/answer"
q A nobody.disc.local >"$work/answer"
same "questions for A" $((before_a + 3)) "$(scrape >"$work/code"; value 'discd_dns_query_types_total{type="A"}')"
same "over UDP" $((before_udp + 2)) "$(value 'discd_dns_queries_total{transport="udp"}')"
same "over TCP" $((before_tcp + 1)) "$(value 'discd_dns_queries_total{transport="tcp"}')"
same NXDOMAIN $((before_nx + 1)) "$(value 'discd_dns_responses_total{rcode="NXDOMAIN"}')"
same "sizes" $((before_sizes + 3)) "$(value discd_dns_response_size_bytes_count)"
same "the sum over codes" "$(total discd_dns_responses_total)" "$(value discd_dns_response_size_bytes_count)"
sizes=$(($(value discd_dns_response_size_bytes_sum) - before_bytes))
[ $sizes -gt 100 ] && [ $sizes -lt 600 ] || die "three answers of $sizes bytes"
same "no answer is beyond the last bound" "$(value discd_dns_response_size_bytes_count)" \
    "$(value 'discd_dns_response_size_bytes_bucket{le="65536"}')"
same "the workers' datagrams" "$(value 'discd_dns_queries_total{transport="udp"}')" \
    "$(total discd_dns_worker_datagrams_total)"
same "both workers" 2 "$(grep -c '^discd_dns_worker_datagrams_total' "$work/metrics")"

# ---- what a registration counts
same registered 3 "$(value 'discd_registration_requests_total{verb="reg"}')"
same accepted 3 "$(value 'discd_registration_results_total{result="ok"}')"
same up 1 "$(value 'discd_registry_instances{status="up"}')"
same draining 1 "$(value 'discd_registry_instances{status="draining"}')"
same services 1 "$(value discd_registry_services)"
same leases 2 "$(value discd_registry_leases)"
same heartbeats 1 "$(value discd_heartbeat_gap_ratio_count)"
same renewals 1 "$(value discd_registry_renewals_total)"
[ "$(value discd_dns_publish_duration_seconds_count)" -ge 2 ] || die "publications are not timed"
[ "$(value discd_store_commit_duration_seconds_count)" -ge 1 ] || die "commits are not timed"
[ "$(value discd_store_changes_total)" -ge 2 ] || die "changes are not counted"
same "the zone's serial" "$(serial)" "$(scrape >"$work/code"; value 'discd_dns_zone_serial{zone="disc.local"}')"
same version 1 "$(value "discd_build_info{version=\"$("$discd" -V | cut -d' ' -f2)\"}")"
same threads 4 "$(grep -c '^discd_thread_cpu_seconds_total{' "$work/metrics")"
descriptors_told() { # perhaps with the scrape's own connection, once those before it are closed
    scrape >"$work/code"
    near=$(($(value process_open_fds) - $(ls /proc/"$pid"/fd | wc -l)))
    [ $near = 0 ] || [ $near = 1 ]
}
eventually descriptors_told
same "their limit" "$(awk '/Max open files/ {print $4}' /proc/"$pid"/limits)" "$(value process_max_fds)"
started_s=$(value process_start_time_seconds)
[ "${started_s%.*}" -ge $(($(date +%s) - 600)) ] || die "started at $started_s"
[ "$(value process_resident_memory_bytes)" -gt 1000000 ] || die "no memory"

# ---- a zone with hosts enough for a guard of its own
for n in 1 2 3 4; do
    ok "reg svc=fleet inst=n$n port=1 zone=eu1 addr=10.0.1.$n"
    ok "ren svc=fleet inst=n$n"
done
scrape >"$work/code"
same "a guard per zone" 0 "$(value 'discd_guard_zone_on{zone="eu1"}')"
same "its hosts" 5 "$(value 'discd_guard_zone_hosts{zone="eu1"}')"
same "none for a small zone" '' "$(value 'discd_guard_zone_on{zone="us1"}')"

# ---- the same as /v1/status says
curl -sS "$url/v1/status" >"$work/status"
scrape >"$work/code"
check() {
    same "$1" "$(field "$2" <"$work/status")" "$(value "$1")"
}
check discd_registry_live_instances 'j["live_up"]'
check discd_registry_registrations_total 'j["registrations"]'
check 'discd_registry_instances{status="draining"}' 'j["by_status"]["draining"]'
check discd_dns_names 'j["dns"]["names"]'
check discd_dns_views 'j["dns"]["views"]'
check 'discd_dns_queries_total{transport="udp"}' 'j["dns"]["udp_queries"]'
check discd_store_entries 'j["store"]["entries"]'
check discd_store_file_bytes 'j["store"]["file_bytes"]'
check discd_subscriptions 'j["registration"]["subscriptions"]["subscribers"]'
check discd_http_watchers 'j["http"]["watchers"]'
same "every push could be sent" 0 "$(value discd_subscription_send_failures_total)"
same "no HTTP connection was one too many" 0 "$(value discd_http_connections_refused_total)"
check 'discd_audit_lines_total{kind="registered"}' 'j["audit"]["lines"]["registered"]'
same rcodes "$(field 'sum(j["dns"]["rcodes"].values())' <"$work/status")" "$(total discd_dns_responses_total)"
same results "$(field 'sum(j["registration"]["outcomes"].values())' <"$work/status")" \
    "$(total discd_registration_results_total)"

# ---- a reload
kill -HUP "$pid"
reloaded() {
    scrape >"$work/code"
    [ "$(value discd_config_reloads_total)" = 1 ]
}
eventually reloaded

# ---- the dashboard
python3 - "$SOURCE/tools/grafana/discd.json" "$work/metrics" <<'PY' || die "the dashboard"
import json, re, sys
board = json.load(open(sys.argv[1]))
there = set()
for line in open(sys.argv[2]):
    if not line.startswith("#"):
        there.add(re.match(r"[a-z_0-9]+", line)[0])
panels = [p for p in board["panels"] if p["type"] != "row"]
assert len(panels) >= 20 and len({p["id"] for p in board["panels"]}) == len(board["panels"])
asked = set()
for panel in panels:
    assert panel["targets"], panel["title"]
    for target in panel["targets"]:
        assert target["expr"].count("(") == target["expr"].count(")"), target["expr"]
        asked |= set(re.findall(r"\b(?:discd|process)_[a-z_0-9]+", target["expr"]))
assert not asked - there, f"no such metrics: {sorted(asked - there)}"
assert len(asked) >= 40
PY
stop

# ---- with memory only, and room for one HTTP connection
configure <<YAML
data_dir: ""
http: {listen: ["127.0.0.1:0"], connections: 1}
YAML
sed -i '/^data_dir: data$/d' "$work/discd.yaml"
start
ok 'reg svc=web inst=one port=8080 addr=10.0.0.7'
scrape >"$work/code"
same "nothing is stored" '0 0 0' "$(value discd_store_on_disk) $(value discd_store_entries) $(value discd_store_commit_duration_seconds_count)"
same "it is there all the same" 1 "$(value discd_registry_live_instances)"
second_refused() { # once the connection before is closed
    local served=0
    exec 3<>"/dev/tcp/127.0.0.1/$http"
    curl -sS --max-time 10 -o "$work/none" "$url/metrics" 2>"$work/curl" || served=$?
    exec 3>&-
    [ $served != 0 ] && [ $served != 28 ] # 28: held until curl gave up
}
eventually second_refused
eventually scrape >"$work/code" 2>&1
[ "$(value discd_http_connections_refused_total)" -ge 1 ] || die "the refused connection is not counted"
stop
