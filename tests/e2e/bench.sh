# discbench in every mode, briefly: nothing is refused, nothing lost, nothing in DNS is wrong; what
# it counts is what was asked for.
. "$(dirname "$0")/lib.sh"
head -c 32 /dev/urandom | base64 -w0 >"$work/secret"
head -c 32 /dev/urandom | base64 -w0 >"$work/other"
chmod 600 "$work/secret" "$work/other"
cat >"$work/keys.yaml" <<YAML
keys:
  - id: bench
    secret: "$(cat "$work/secret")"
    grants:
      - {services: ["default/*"], verbs: [reg, ren, upd, del, get]}
YAML
chmod 600 "$work/keys.yaml"

# bench STATUS MODE OPTION...: its JSON is in $out.
bench() {
    local server=(--server "127.0.0.1:$registration") where=()
    [ "$2" != query ] || server=()
    [[ $2 != query && $2 != visible ]] || where=(--dns "127.0.0.1:$dns")
    status "$1" "$discbench" "$2" --json "${server[@]}" "${where[@]}" "${@:3}"
}
# found EXPRESSION: of the result `r` and its measured part `run`.
found() {
    python3 -c "import json, sys; r = json.load(sys.stdin); run = r['run']; print($1)" <<<"$out"
}

configure </dev/null
start
size=(--instances 300 --services 5)
for mode in reg ren batch group churn mixed change; do
    bench 0 $mode "${size[@]}" --duration 0.3 --window 16
    same "errors and losses in mode $mode" "0 0" "$(found 'run["errors"], run["lost"]')"
    same "mode $mode did something" True "$(found 'run["ok"] >= 10')"
done
status 0 "$discbench" --server "127.0.0.1:$registration" --mode churn "${size[@]}" --duration 0.3
has "for people" '*churn*sent in*ok*latency us: p50*' "$out"

# ---- what is counted
bench 0 group "${size[@]}" --group-size 300 --duration 0.2
same "one group" True "$(found 'run["renewed"] == 300 * run["ok"] > 0')"
bench 0 group "${size[@]}" --group-size 10 --duration 0.2
same "groups of 10" True "$(found 'run["renewed"] == 10 * run["ok"] > 0')"
bench 0 batch "${size[@]}" --batch 7 --duration 0.2
same "batches of 7" True "$(found 'run["renewed"] == 7 * run["ok"] > 0')"
bench 0 ren "${size[@]}" --rate 500 --duration 0.4 --server-pid "$pid"
same "at a rate" "200 200 0 0 200" \
    "$(found 'run["sent"], run["ok"], run["unsent"], run["lost"], run["late"]["count"]')"
same "the server's time" "200 True True" \
    "$(found '(s := r["server"])["requests"], s["cpu_s"] > 0, "discd" in s["threads"]')"
bench 0 change --kind churn --instances 50 --rate 400 --duration 0.5
same "changes in one service" "1 200 0" "$(found 'r["services"], run["ok"], run["errors"]')"

# ---- registered -> shown
shown='(v := r["visible"])["changes"], v["delay"]["count"], v["withdrawn"], v["untrue"], v["never"]'
for options in "--services 30" "--services 3" "--services 30 --withdraw" "--services 3 --withdraw"; do
    # shellcheck disable=SC2086
    bench 0 visible --instances 300 $options --rate 400 --duration 0.5
    same "in DNS, $options" "200 200 0 0 0" "$(found "$shown")"
done
bench 1 visible --instances 20 --services 2 --rate 20 --duration 0.1 --zone other.example
same "a zone that is not served" "2 True True" \
    "$(found '(v := r["visible"])["never"], v["untrue"] > 0, v["changes"] == v["never"]')"

# ---- asking
bench 0 reg "${size[@]}" --keep
for options in "--ask service" "--ask service --type A" "--ask instance --type A --edns 0" \
    "--ask missing" "--ask service --type TXT --rate 1000"; do
    # shellcheck disable=SC2086
    bench 0 query "${size[@]}" --duration 0.2 $options
    same "answers to $options" "0 0 True" "$(found 'run["errors"], run["lost"], run["ok"] > 10')"
done
bench 0 query "${size[@]}" --type SRV --duration 0.2
same "60 SRV do not fit" True "$(found 'run["truncated"] == run["ok"] > 0')"
bench 1 query "${size[@]}" --duration 0.1 --prefix nothing
same "nothing is registered" True "$(found 'run["codes"]["3"] == run["errors"] > 0')"
bench 0 ren "${size[@]}" --no-setup --keep --duration 0.2
same "registered already" "0 True" "$(found 'r["setup"]["sent"], run["ok"] > 10')"
visible bench-0.disc.local SRV || die "it did not keep them"
bench 0 ren "${size[@]}" --no-setup --duration 0.2
gone bench-0.disc.local SRV || die "it left instances behind"

# ---- subscribers
status 0 "$discbench" watch --server "127.0.0.1:$registration" --subscribers 50 --services 3 \
    --rate 30 --duration 1 --json
same "what subscribers saw" "50 30 0 500 500 30 10" "$(python3 -c '
import json, sys
r = json.load(sys.stdin)
print(r["subscribed"], r["changes"], r["refused"], r["expected"], r["seen"], r["reply"]["count"],
      r["visible"]["count"])' <<<"$out")"
eventually gone bench-watch-0.disc.local SRV

status 2 "$discbench" --mode nonsense
has "which modes" "*--mode does not take 'nonsense'*" "$err"
status 3 "$discbench" --server "127.0.0.1:$http" --instances 1 --duration 0.1
status 3 "$discbench" query --dns "127.0.0.1:$http" --duration 0.1
stop

# ---- cookies and keys
configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  keys: keys.yaml
  sources: [{from: 127.0.0.0/8, auth: key}]
  rate: 1000000
  burst: 1000000
YAML
start
key=(--key bench --secret-file "$work/secret")
for mode in ren batch group churn; do
    bench 0 $mode "${size[@]}" --duration 0.2 "${key[@]}"
    same "signed, mode $mode" "True 0 0 0 True" "$(found 'r["setup"]["challenges"] > 0, run["errors"],
        run["lost"], run["forged"], run["ok"] > 10')"
done
bench 0 visible --instances 50 --services 5 --rate 200 --duration 0.2 "${key[@]}"
same "signed, in DNS" "40 40 0 0 0" "$(found "$shown")"
bench 1 reg --instances 5 --duration 0.1 --key bench --secret-file "$work/other"
same "another secret" True "$(found 'run["codes"]["401"] == run["errors"] > 0 == run["ok"]')"
stop
