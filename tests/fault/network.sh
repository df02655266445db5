# An agent behind a network that loses 30 % both ways, doubles, delays and reorders: it
# stays registered, its instance is in DNS all the time. Behind one that is cut off it
# goes. And DNS over a TCP path that is slow. See proxy.c.
. "$(dirname "$0")/lib.sh"

# proxy OPTION...: between agents and discd; its address in $between.
proxy() {
    [ -e "$work/proxy" ] || mkfifo "$work/proxy"
    "$BUILD/tests/fault_proxy" --listen 127.0.0.1:0 "$@" >"$work/proxy" 2>>"$work/log.proxy" &
    proxy=$!
    started+=("$proxy")
    exec {proxy_out}<"$work/proxy"
    read -rt 60 between <&"$proxy_out" || die "the proxy does not start"
    between=${between#ready }
}
# Ends it; what it counted is in $counters.
end_proxy() {
    stop TERM "$proxy"
    counters=$(cat <&"$proxy_out")
    exec {proxy_out}<&-
}
agent() {
    "$discctl" --server "$between" agent web --instance "$1" --port 8080 --addr 10.0.0.7 \
        --lease "$2" >>"$work/log.agent" 2>&1 &
    started+=("$!")
    agent=$!
}
renewed() {
    [ "$(in_status renewals)" -ge "$1" ]
}

configure </dev/null
start

# ---- the proxy decides the same for the same seed
decisions() {
    local n
    proxy --to "127.0.0.1:$registration" --seed "$1" --loss 30 --dup 20 --reorder 10
    exec {to}<>"/dev/udp/127.0.0.1/${between##*:}"
    for ((n = 0; n < 150; n++)); do
        echo "nothing that is answered" >&$to
    done
    exec {to}>&-
    end_proxy
}
decisions 5
first=$counters
has "what it counts" 'to the server: 150 came, *' "$first"
decisions 5
same "the same seed" "$first" "$counters"
decisions 6
[ "$first" != "$counters" ] || die "another seed decides the same"

# ---- loss
proxy --to "127.0.0.1:$registration" --seed 11 --loss 30 --dup 20 --reorder 20 --delay 0-30
agents=()
for id in one two three four; do
    agent $id 15
    agents+=("$agent")
    eventually visible $id.web.disc.local A
done
looks=0
until renewed 18; do
    same "at look $looks" 4 "$(q SRV web.disc.local | wc -l)"
    looks=$((looks + 1))
    [ $SECONDS -lt 200 ] || die "no heartbeats come through"
    pause 0.1
done
same "evicted" 0 "$(in_status evictions)"
for agent in "${agents[@]}"; do
    stop TERM "$agent"
done
end_proxy
for way in 'to the server' 'to the client'; do
    has "$way" "$way: * came, * passed, [1-9]* lost, [1-9]* doubled, *" \
        "$(grep "^$way" <<<"$counters")"
done

# ---- cut off
proxy --to "127.0.0.1:$registration"
agent five 5
eventually visible five.web.disc.local A
kill -USR1 "$proxy"
eventually gone five.web.disc.local A
same "evicted" 1 "$(in_status evictions)"
stop KILL "$agent" 137
end_proxy
has "cut" 'to the server: * [1-9]* cut, *' "$counters"

# ---- TCP
ok 'reg svc=web inst=three port=3 addr=10.0.0.3'
proxy --tcp --to "127.0.0.1:$dns" --delay 1-5 --rate 20000
real=$dns dns=${between##*:}
for ((n = 0; n < 10; n++)); do
    same "through the proxy" '0 100 3 three.web.disc.local.' "$(q +tcp SRV web.disc.local)"
done
dns=$real
end_proxy
has "connections" '*10 connections, 0 refused, 0 ended*' "$counters"
