# discctl's writing verbs, and the agent that keeps instances registered.
. "$(dirname "$0")/lib.sh"
head -c 32 /dev/urandom | base64 -w0 >"$work/secret"
chmod 600 "$work/secret"
cat >"$work/keys.yaml" <<YAML
keys:
  - id: deploy
    secret: "$(cat "$work/secret")"
    grants:
      - {services: ["default/*"], verbs: [reg, ren, upd, del, get]}
YAML
chmod 600 "$work/keys.yaml"
configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  keys: keys.yaml
  protected: ["default/vault"]
YAML
start
ctl() {
    status "$1" "$discctl" --server "127.0.0.1:$registration" "${@:2}"
}

# ---- register, renew, deregister
ctl 0 register web --instance one --port 8080 --port grpc:9090 --addr 10.0.0.7 --weight 30 \
    --version v2 --zone eu1-a --tag blue --meta team=demo --lease 60
has "what it says" 'registered web/one at *: address 10.0.0.7, lease 60 s, renew within *' "$out"
same SRV '0 30 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
same "named port" '0 30 9090 one.web.disc.local.' "$(q SRV _grpc._tcp.web.disc.local)"
same "by tag" 10.0.0.7 "$(q A blue.tag.web.disc.local)"
same "by zone" 10.0.0.7 "$(q A eu1-a.zone.web.disc.local)"
ctl 0 renew web --instance one
ctl 0 renew web --instance one --json
has "as JSON" '{*"ok":true*}' "$out"
ctl 1 renew web --instance nobody
has "why not" '*404 gone*' "$err"
ctl 1 register web --instance one --port 0
ctl 2 register web
ctl 2 register web --port 1 --weight 70000
ctl 0 deregister web --instance one
same "gone" '' "$(q A web.disc.local)"
ctl 1 deregister web --instance one
status 3 "$discctl" --server "127.0.0.1:$http" --timeout 0.3 register web --port 1
has "nobody there" '*no answer*' "$err"

# ---- with a key
ctl 1 register vault --instance k --port 1 --addr 10.0.0.1
has "needs a key" '*403*' "$err"
ctl 0 register vault --instance k --port 1 --addr 10.0.0.1 --key deploy --secret-file "$work/secret"
same "with the key" 10.0.0.1 "$(q A vault.disc.local)"
ctl 1 deregister vault --instance k
ctl 0 deregister vault --instance k --key deploy --secret-file "$work/secret"
head -c 32 /dev/zero | base64 -w0 >"$work/other"
chmod 600 "$work/other"
ctl 1 register vault --instance k --port 1 --key deploy --secret-file "$work/other"
has "another secret" '*401*' "$err"
chmod 644 "$work/secret"
ctl 2 register vault --instance k --port 1 --key deploy --secret-file "$work/secret"

# ---- the agent
agent() {
    "$discctl" --server "127.0.0.1:$registration" agent "$@" 2>>"$work/log.agent" &
    agent=$!
    started+=("$agent")
}
agent web --instance a --port 1 --addr 10.0.0.1 --lease 5
eventually visible a.web.disc.local A
# It outlives its lease: another one as long, which began later, has ended, and it is still there.
ok 'reg svc=clock inst=tick port=1 addr=10.0.0.2 lease=5'
eventually gone tick.clock.disc.local A
same "kept" 10.0.0.1 "$(q A web.disc.local)"
# It comes back by itself where the server forgot it.
ok 'del svc=web inst=a'
eventually visible a.web.disc.local A
stop TERM "$agent"
same "gone with the agent" '' "$(q A web.disc.local)"
agent web --instance a --port 1 --addr 10.0.0.1
eventually visible a.web.disc.local A
stop INT "$agent"
same "gone with the agent" '' "$(q A web.disc.local)"

# ---- with a command: its exit status, and gone with it
mkfifo "$work/go"
agent web --instance c --port 1 --addr 10.0.0.3 -- sh -c "read x <'$work/go'; exit 7"
eventually visible c.web.disc.local A
echo now >"$work/go"
wait "$agent" && got=0 || got=$?
forget "$agent"
same "the command's status" 7 "$got"
same "gone with the command" '' "$(q A web.disc.local)"
agent web --instance c --port 1 --addr 10.0.0.3 -- sleep 1000
eventually visible c.web.disc.local A
child=$(pgrep -P "$agent")
kill -TERM "$agent"
wait "$agent" || true
forget "$agent"
! kill -0 "$child" 2>/dev/null || die "the command goes on without its agent"
same "gone with the agent" '' "$(q A web.disc.local)"

# ---- with a check
touch "$work/healthy"
agent web --instance h --port 1 --addr 10.0.0.4 --check "test -e '$work/healthy'" \
    --interval 0.1 --fall 2 --rise 1
eventually visible web.disc.local A
rm "$work/healthy"
eventually gone web.disc.local A
touch "$work/healthy"
eventually visible web.disc.local A
stop TERM "$agent"
same "gone with the agent" '' "$(q A web.disc.local)"
stop
