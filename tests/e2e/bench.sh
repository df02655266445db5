# discbench in every mode, briefly: nothing is refused, nothing in DNS is wrong; what it counts is
# what was asked for. No result depends on how fast the machine is: a run in which something was
# lost or late is repeated.
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

# bench STATUS MODE OPTION...: its JSON is in $out. Repeated, 20 times at most, while requests are
# lost or not sent in time, or, where all should go well, changes are not shown within a second.
bench() {
    local server=(--server "127.0.0.1:$registration") where=() got late
    [ "$2" != query ] || server=()
    [[ $2 != query && $2 != visible ]] || where=(--dns "127.0.0.1:$dns")
    for ((tries = 1; tries <= 20; tries++)); do
        got=0
        out=$("$discbench" "$2" --json "${server[@]}" "${where[@]}" "${@:3}" 2>"$work/err") || got=$?
        [ $got -le 1 ] || break
        late='run["lost"] + run["unsent"]'
        [ "$1" != 0 ] || late="$late + r.get('visible', {}).get('never', 0)"
        [ "$(found "$late")" != 0 ] || break
    done
    [ $got = "$1" ] || die "discbench ${*:2}: status $got"$'\n'"$out"$'\n'"$(cat "$work/err")"
}
# found EXPRESSION: of the result `r` and its measured part `run`.
found() {
    python3 -c "import json, sys; r = json.load(sys.stdin); run = r['run']; print($1)" <<<"$out"
}

renewals() {
    curl -fsS "$url/v1/status" | python3 -c 'import json, sys; print(json.load(sys.stdin)["renewals"])'
}
renewed_since() {
    [ "$(renewals)" -gt "$1" ]
}

configure </dev/null
start
size=(--instances 300 --services 5)
for mode in reg ren batch group churn mixed change; do
    bench 0 $mode "${size[@]}" --duration 0.2 --window 16 --rate 200
    same "what mode $mode did" "40 40 0" "$(found 'run["sent"], run["ok"], run["errors"]')"
    same "mode $mode cleaned up" "0 0" "$(found 'r["left"], r["stopped"]')"
done
"$discbench" --server "127.0.0.1:$registration" --mode churn "${size[@]}" --duration 0.1 >"$work/people" ||
    true # something may be lost
out=$(cat "$work/people")
has "for people" '*churn*sent in*ok*latency us: p50*' "$out"

# ---- what is counted
bench 0 group "${size[@]}" --group-size 300 --duration 0.2
same "one group" True "$(found 'run["renewed"] == 300 * run["ok"] > 0')"
bench 0 group "${size[@]}" --group-size 10 --duration 0.1
same "groups of 10" True "$(found 'run["renewed"] == 10 * run["ok"] > 0')"
before=$(renewals)
bench 0 batch "${size[@]}" --batch 7 --duration 0.1
same "batches of 7" True "$(found 'run["renewed"] == 7 * run["ok"] > 0')"
[ "$tries" != 1 ] ||
    same "as the server counts" "$(($(renewals) - before))" "$(found 'run["renewed"]')"
bench 0 reg "${size[@]}" --group-size 10 --keep
bench 0 group "${size[@]}" --no-setup --group-size 100 --duration 0.1
same "groups that are smaller than is said" True "$(found 'run["renewed"] == 10 * run["ok"] > 0')"
bench 0 ren "${size[@]}" --rate 200 --duration 0.5 --server-pid "$pid"
same "at a rate" "100 100 0 0 100" \
    "$(found 'run["sent"], run["ok"], run["unsent"], run["lost"], run["late"]["count"]')"
same "the server's time" "100 True True" \
    "$(found '(s := r["server"])["requests"], s["cpu_s"] > 0, "discd" in s["threads"]')"
bench 0 change --kind churn --instances 50 --rate 200 --duration 0.5
same "changes in one service" "1 100 0" "$(found 'r["services"], run["ok"], run["errors"]')"

# ---- registered -> shown
shown='(v := r["visible"])["changes"], v["delay"]["count"], v["withdrawn"], v["untrue"], v["never"]'
for options in "--services 30" "--services 3" "--services 30 --withdraw" "--services 3 --withdraw"; do
    # shellcheck disable=SC2086
    bench 0 visible --instances 300 $options --rate 200 --duration 0.5
    same "in DNS, $options" "100 100 0 0 0" "$(found "$shown")"
done
bench 1 visible --instances 20 --services 2 --rate 20 --duration 0.1 --zone other.example
same "a zone that is not served" "2 True True" \
    "$(found '(v := r["visible"])["never"], v["untrue"] > 0, v["changes"] == v["never"]')"

# ---- asking
bench 0 reg "${size[@]}" --keep
for options in "--ask service" "--ask service --type A" "--ask instance --type A --edns 0" \
    "--ask missing" "--ask service --type TXT --rate 200"; do
    # shellcheck disable=SC2086
    bench 0 query "${size[@]}" --duration 0.2 $options
    same "answers to $options" "0 0 True" "$(found 'run["errors"], run["lost"], run["ok"] > 0')"
done
bench 0 query "${size[@]}" --type SRV --duration 0.2
same "60 SRV do not fit" True "$(found 'run["truncated"] == run["ok"] > 0')"
bench 1 query "${size[@]}" --duration 0.1 --prefix nothing
same "nothing is registered" True "$(found 'run["codes"]["3"] == run["errors"] > 0')"
bench 0 ren "${size[@]}" --no-setup --keep --duration 0.2
same "registered already" "0 True 300" "$(found 'r["setup"]["sent"], run["ok"] > 0, r["left"]')"
visible bench-0.disc.local SRV || die "it did not keep them"
bench 0 ren "${size[@]}" --no-setup --duration 0.2
gone bench-0.disc.local SRV || die "it left instances behind"

# ---- a signal ends what is measured, and what was registered is taken away
for keep in "" --keep; do
    # shellcheck disable=SC2086
    "$discbench" ren --server "127.0.0.1:$registration" "${size[@]}" --duration 3600 $keep \
        >"$work/stopped" 2>"$work/err" &
    started+=("$!")
    eventually visible bench-0.disc.local SRV
    before=$(renewals)
    eventually renewed_since "$before"
    stop TERM "$!" 143
    has "what it found so far" '*ren *sent in*latency us*' "$(cat "$work/stopped")"
    if [ "$keep" ]; then
        visible bench-0.disc.local SRV || die "it did not keep them"
        has "what stays" '*300 instances stay registered until*' "$(cat "$work/err")"
    else
        gone bench-0.disc.local SRV || die "it left instances behind"
    fi
done
bench 0 ren "${size[@]}" --no-setup --duration 0.1
gone bench-0.disc.local SRV || die "it left instances behind"

# ---- subscribers
for ((tries = 1; tries <= 20; tries++)); do # as `bench` does
    got=0
    out=$("$discbench" watch --server "127.0.0.1:$registration" --subscribers 50 --services 3 \
        --rate 30 --duration 1 --json 2>"$work/err") || got=$?
    [ $got -le 1 ] || die "discbench watch: status $got"$'\n'"$out"$'\n'"$(cat "$work/err")"
    saw=$(python3 -c '
import json, sys
r = json.load(sys.stdin)
print(r["subscribed"], r["changes"], r["refused"], r["expected"], r["seen"], r["reply"]["count"],
      r["visible"]["count"])' <<<"$out")
    [ "$saw" != "50 30 0 500 500 30 10" ] || break
done
same "what subscribers saw" "50 30 0 500 500 30 10" "$saw"
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
    same "signed, mode $mode" "True 0 0 0 True True" "$(found 'r["setup"]["challenges"] > 0, run["errors"],
        run["lost"], run["forged"], run["ok"] > 0, (run["renewed"] > 0) == (r["mode"] != "churn")')"
done
bench 0 visible --instances 50 --services 5 --rate 200 --duration 0.2 "${key[@]}"
same "signed, in DNS" "40 40 0 0 0" "$(found "$shown")"
bench 1 reg --instances 5 --duration 0.1 --key bench --secret-file "$work/other"
same "another secret" True "$(found 'run["codes"]["401"] == run["errors"] > 0 == run["ok"]')"
stop
