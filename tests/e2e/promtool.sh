# /metrics as Prometheus reads it: promtool's rules for names and form, and a real scrape.
. "$(dirname "$0")/lib.sh"
command -v promtool >/dev/null || skip_test "promtool is not installed"
configure </dev/null
start
ok 'reg svc=web inst=one port=8080 zone=eu1 addr=10.0.0.7'
ok 'ren svc=web inst=one'
q A web.disc.local >"$work/answer"
curl -sS --max-time 10 "$url/metrics" >"$work/metrics"
promtool check metrics <"$work/metrics" >"$work/said" 2>&1 ||
    die "promtool: $(cat "$work/said")"
same "nothing to say" '' "$(cat "$work/said")"
! promtool check metrics <<<'discd_x{ 1' >"$work/said" 2>&1 || die "promtool finds nothing at all"

# ---- a scrape, in the format that Prometheus prefers
command -v prometheus >/dev/null || skip_test "prometheus is not installed"
port=$(PYTHONPATH=$SOURCE/tests/support python3 -B -c 'import ports; print(ports.free_port())')
cat >"$work/prometheus.yml" <<YAML
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: discd
    static_configs: [{targets: ["127.0.0.1:$http"]}]
YAML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="127.0.0.1:$port" --log.level=warn >"$work/log.prometheus" 2>&1 &
started+=("$!")
prometheus=$!

# query EXPRESSION: the value of its one result.
query() {
    curl -sS --max-time 5 -G --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query" \
        2>/dev/null | python3 -c 'import json, sys
r = json.load(sys.stdin)["data"]["result"]
print(r[0]["value"][1] if len(r) == 1 else len(r))' 2>/dev/null || true
}
scraped() {
    [ "$(query 'up{job="discd"}')" = 1 ]
}
eventually scraped
# A scrape that comes too late takes away what the one before has brought, until the next.
is_one() {
    [ "$(query "$1")" = 1 ]
}
eventually is_one 'discd_dns_query_types_total{type="A"}'
eventually is_one 'discd_registry_instances{status="up"}'
eventually is_one discd_heartbeat_gap_ratio_count
eventually is_one 'count(histogram_quantile(0.5, discd_dns_response_size_bytes_bucket))'
# Each expression of the dashboard is one.
python3 - "$SOURCE/tools/grafana/discd.json" >"$work/expressions" <<'PY'
import json, sys
for panel in json.load(open(sys.argv[1]))["panels"]:
    for target in panel.get("targets", []):
        print(target["expr"].replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*"))
PY
while read -r expression; do
    answer=$(curl -sS --max-time 30 -G --data-urlencode "query=$expression" \
        "http://127.0.0.1:$port/api/v1/query")
    has "$expression" '{"status":"success"*' "$answer"
done <"$work/expressions"
stop TERM "$prometheus"
stop
