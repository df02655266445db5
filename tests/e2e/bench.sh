# discbench in every mode, briefly: nothing is refused, nothing lost.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start
for mode in reg ren batch group churn mixed; do
    status 0 "$discbench" --server "127.0.0.1:$registration" --mode "$mode" --instances 300 \
        --services 5 --duration 0.3 --window 16 --json
    same "errors and losses in mode $mode" "0 0" \
        "$(python3 -c 'import json,sys; r=json.load(sys.stdin)["run"]; print(r["errors"], r["lost"])' <<<"$out")"
    python3 -c 'import json,sys; r=json.load(sys.stdin)["run"]; sys.exit(r["ok"] < 10)' <<<"$out" ||
        die "mode $mode did next to nothing: $out"
done
status 0 "$discbench" watch --server "127.0.0.1:$registration" --subscribers 50 --services 3 \
    --rate 30 --duration 1 --json
same "what subscribers saw" "50 30 0 500 500 30 10" "$(python3 -c '
import json, sys
r = json.load(sys.stdin)
print(r["subscribed"], r["changes"], r["refused"], r["expected"], r["seen"], r["reply"]["count"],
      r["visible"]["count"])' <<<"$out")"
eventually gone bench-watch-0.disc.local SRV
gone bench-0.disc.local SRV || die "it left instances behind"
status 2 "$discbench" --mode nonsense
status 3 "$discbench" --server "127.0.0.1:$http" --instances 1 --duration 0.1
stop
