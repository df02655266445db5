# discctl import and export against a server that is busy, cannot store, or is an older one; and
# register --wait at a server elsewhere.
. "$(dirname "$0")/lib.sh"

mkfifo "$work/port"
python3 -B "$(dirname "$0")/fake_api.py" "$work/puts" >"$work/port" &
started+=("$!")
read -rt 30 port <"$work/port"
url=http://127.0.0.1:$port
ctl() {
    status "$1" "$discctl" "${@:2}" --http "$url"
}
puts() {
    grep -c -- "$1" "$work/puts" || true
}

# ---- the server's rate is kept: what it puts off is not lost
for n in $(seq 1 40); do
    echo "{\"namespace\": \"default\", \"service\": \"s\", \"id\": \"n$n\", \"addresses\": [\"10.0.0.1\"], \"owner\": \"addr:10.0.0.1\"}"
done >"$work/lines"
sed -n '1s/n1"/busy"/p' "$work/lines" >>"$work/lines"
ctl 0 import "$work/lines"
same "all of them" 'added 41, there already 0, newer on the server 0, failed 0' "$out"
same "the busy one, until it was taken" 6 "$(puts '/busy?ns')"
same "whose it is" 46 "$(puts '"owner":"addr:10.0.0.1"')"

# ---- 503 is an answer: it is said, and the rest goes on
: >"$work/puts"
sed -n '1s/n1"/readonly"/p; 2,4p' "$work/lines" >"$work/some"
ctl 1 import "$work/some"
same "the rest is done" 'added 3, there already 0, newer on the server 0, failed 1' "$out"
has "its words" 'discctl: line 1: 503 Service Unavailable: the disk fails' "$err"
same "tried again" 3 "$(puts '/readonly?ns')"

# ---- an older server does not take "owner"
: >"$work/puts"
sed -n '1s/n1"/old"/p' "$work/lines" >"$work/some"
ctl 0 import "$work/some"
same "without it" 2 "$(puts '/old?ns')"
same "once with it" 1 "$(puts owner)"

# ---- and a server not without the token: said once
: >"$work/puts"
sed -n '1s/n1"/others1"/p; 2s/n2"/others2"/p' "$work/lines" >"$work/some"
ctl 0 import "$work/some"
same "both" 'added 2, there already 0, newer on the server 0, failed 0' "$out"
same "without it" 4 "$(puts '/others.?ns')"
same "one warning" 'discctl: whose the instances are is left out: that needs the admin token (give --token-file)' "$err"

# ---- export and back: overrides of what is not there; what is there just so is not renewed
ctl 0 export "$work/all"
same "says so" "exported 1 instances of 1 services and 2 overrides of instances that are not registered to $work/all" "$out"
has "the instance" '*"id":"known",*"owner":"addr:10.0.0.1"*' "$(head -n 1 "$work/all")"
same "the overrides" '{"namespace":"default","service":"s","id":"ghost","registered":false,"override":{"weight":7}}' \
    "$(sed -n 2p "$work/all")"
ctl 0 export --ns other
same "of a namespace" 1 "$(grep -c ghost <<<"$out")"
: >"$work/puts"
(tac "$work/all" && sed -n 2,3p "$work/lines") >"$work/back"
ctl 0 import "$work/back"
same "back again" 'added 2, there already 1, newer on the server 0, failed 0, overrides of instances to come 2' "$out"
same "not renewed" 0 "$(puts '/known')"
same "behind all instances" 'override override' "$(tail -n 2 "$work/puts" | grep -o override | tr '\n' ' ' | sed 's/ $//')"
ctl 0 import --dry-run "$work/back"
same "dry" 'would add 2, there already 1, newer on the server 0, failed 0, overrides of instances to come 2' "$out"

# ---- another protocol there
for verb in status 'watch --once'; do
    # shellcheck disable=SC2086
    status 3 "$discctl" $verb --http "https://127.0.0.1:$port"
    has "$verb: no TLS" "*https://127.0.0.1:$port does not speak TLS*" "$err"
done

# ---- nobody answers
stop TERM "${started[-1]}" 143
ctl 3 import "$work/some"
has "lost" '*line 1: the server does not answer*' "$err"
