# A C program that uses libdisc against the daemon: live changes, balancing, a restart in
# between, another server, and a start from the cache while no server answers.
. "$(dirname "$0")/lib.sh"
client=$BUILD/tests/e2e_watch_client
cache=$work/cache
mkdir "$cache"

# Starts the program on a list of servers; its lines come from descriptor 4, commands go to 5.
begin() {
    rm -f "$work/in" "$work/lines"
    mkfifo "$work/in" "$work/lines"
    "$client" watch "$1" web "$cache" <"$work/in" >"$work/lines" 2>>"$work/log-client" &
    client_pid=$!
    started+=("$client_pid")
    exec 5>"$work/in" 4<"$work/lines"
}

end() {
    echo quit >&5
    exec 5>&- 4<&-
    wait "$client_pid" || die "the program ended with $?"
    forget "$client_pid"
}

# heard WHAT LINE: reads lines until that one comes (others may come in between).
heard() {
    local line seen=
    while read -rt 30 -u 4 line; do
        [ "$line" != "$2" ] || return 0
        seen+="$line"$'\n'
    done
    die "$1: '$2' did not come, but"$'\n'"$seen"
}

configure <<YAML
registration: {listen: ["127.0.0.1:0", "127.0.0.2:0"]}
YAML
start
server=127.0.0.1:$registration

# ---- live ----
begin "$server"
heard "the start without a cache" none
heard "a service that nobody has yet" live
ok "reg svc=web inst=web-1 addr=10.0.0.1 port=http:8080 w=30 lease=300"
heard "the first instance" "live web-1"
ok "reg svc=web inst=web-2 addr=10.0.0.2 port=http:8080 w=10 lease=300"
ok "reg svc=web inst=web-3 addr=10.0.0.3 port=other:1 w=10 lease=300"
heard "the others" "live web-1 web-2 web-3"
echo "pick 400" >&5
read -rt 30 -u 4 line
[[ " $line" == *" web-1 "@(299|300|301)* ]] || die "weighted choice: $line"
has "weighted choice" "*web-2 *" " $line"
[[ $line != *web-3* ]] || die "an instance without that port was chosen: $line"
ok "upd svc=web inst=web-1 st=draining"
heard "a change of an instance" "live web-1 web-2 web-3"
echo "pick 10" >&5
heard "draining instances are not chosen" "web-2 10"
ok "del svc=web inst=web-3"
heard "a goodbye" "live web-1 web-2"

# ---- a restart: the same port, the same records ----
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
forget "$pid"
echo list >&5
heard "the list is kept while the server is away" "live web-1 web-2"
sed -i "s/^registration:.*/registration: {listen: [\"127.0.0.1:$registration\"]}/" "$work/discd.yaml"
start
ok "reg svc=web inst=web-4 addr=10.0.0.4 port=http:8080 lease=300"
heard "after the restart" "live web-1 web-2 web-4"
end
status 0 ls "$cache"
same "the cache file" "web@default.disc" "$out"
same "its mode" 600 "$(stat -c %a "$cache/web@default.disc")"

# ---- once ----
status 0 "$client" find "$server" web 10000
same "disc_find" $'done\nkept web-1 web-2 web-4' "$out"
status 0 "$client" find "$server" nobody 10000
same "disc_find of a service that nobody has" $'done\nkept' "$out"

# ---- another server where the first is silent ----
silent=127.0.0.1:9
begin "$silent,$server"
heard "the list of the cache" "cached web-1 web-2 web-4"
heard "the second server's" "live web-1 web-2 web-4"
end

# ---- no server at all ----
stop
begin "$server"
heard "the list of the cache" "cached web-1 web-2 web-4"
echo "pick 3" >&5
read -rt 30 -u 4 line
has "one of the cache is chosen" "web-*" "$line"
end
status 1 "$client" find "$server" web 300
same "disc_find without a server" "no answer from the server" "$out"
status 0 "$client" find "$server" web 300 "$cache"
same "disc_find from the cache" $'done\ncached web-1 web-2 web-4' "$out"
printf x >>"$cache/web@default.disc"
begin "$server"
heard "a damaged cache is none" none
end
