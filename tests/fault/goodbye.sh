# A goodbye that was answered is in no later answer, see fault_goodbye.c; nor is an agent
# that ended. And one that stayed would be noticed.
. "$(dirname "$0")/lib.sh"
mkdir "$work/right" "$work/wrong"
"$BUILD/tests/fault_goodbye" --discd "$discd" --dir "$work/right"
status 1 "$BUILD/tests/fault_goodbye" --discd "$discd" --dir "$work/wrong" --times 5 --wrong
has "what it finds" '*6 goodbyes, 6 times still in an answer*' "$out"

configure </dev/null
start
ok 'reg svc=web inst=other port=1 addr=10.0.0.1'
for ((n = 0; n < 5; n++)); do
    "$discctl" --server "127.0.0.1:$registration" agent web --instance one --port 8080 \
        --addr 10.0.0.7 >"$work/log.agent" 2>&1 &
    agent=$!
    started+=("$agent")
    eventually visible one.web.disc.local A
    stop TERM "$agent"
    same "the service without it" '0 100 1 other.web.disc.local.' "$(q SRV web.disc.local)"
    same "the instance" '' "$(q A one.web.disc.local)"
done
stop
