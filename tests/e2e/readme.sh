# The shell recipes of README.md, as they are written there, with the
# ports in use, more patience with a busy machine (and a shorter pause in the loop).
. "$(dirname "$0")/lib.sh"

# recipe NAME: the fenced block behind <!-- test: NAME -->
recipe() {
    local text
    text=$(awk -v mark="<!-- test: $1 -->" '
        $0 == mark { found = 1; next }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside { print }' "$SOURCE/README.md")
    [ -n "$text" ] || die "README.md has no recipe '$1'"
    sed "s/\b5300\b/$dns/g; s/\b5310\b/$registration/g; s/\b5380\b/$http/g" <<<"$text" |
        sed 's/nc -u -w1 /nc -u -w30 -W1 /; s/socat -t0.3 /socat -t3 /; s/timeout 1 dd/timeout 30 dd/
            s/timeout 1 curl/timeout 4 curl/'
}
run() {
    recipe "$1" >"$work/recipe"
    bash -eu "$work/recipe" || die "the recipe '$1' ended with $?"
}

# The next part begins with nobody registered.
stop_and_forget() {
    stop
    rm -r "$work/data"
}

configure </dev/null
start
run register
eventually visible web.disc.local SRV
has register '0 30 8080 *-8080.web.disc.local.' "$(q SRV web.disc.local)"
has register-nc 'disc/1 ok *inst=web-1*' "$(run register-nc)"
has register-socat 'disc/1 ok *inst=web-2*' "$(run register-socat)"

answers=$(run dig)
for part in '*SRV*0 30 8080*' '*web-1.web.disc.local.*' '*"version=1.4.2"*' '*9090 web-1.web.disc.local.*'; do
    has dig "$part" "$answers"
done
same "only of that version" '8081 web-2.web.disc.local.' \
    "$(q SRV 1-4-2.version.web.disc.local | cut -d' ' -f3-)"
has deregister 'disc/1 ok*' "$(run deregister)"
same "web-1 is gone" '' "$(q SRV web-1.web.disc.local)"

answers=$(run http)
for part in '*"id":"web-5"*"weight":30*' '*"id":"web-2"*"zone":"eu1-a"*' '*{"drain":true}*'; do
    has http "$part" "$answers"
done
same "web-5 is gone" '' "$(q SRV web-5.web.disc.local)"
has watch '304*event: state*"id":"web-2"*' "$(run watch)"

# The loop, until it registered a second time.
stop_and_forget
start
recipe loop | sed 's/sleep 8/sleep 0.1/' >"$work/recipe"
setsid bash "$work/recipe" &
loop=$!
started+=("$loop")
eventually visible web.disc.local SRV
ok "del svc=web port=8080"
eventually visible web.disc.local SRV
kill -KILL -- "-$loop"
wait "$loop" 2>/dev/null || true
forget "$loop"
stop_and_forget

# From a network that has to show cookies.
configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  sources:
    - {from: 127.0.0.0/8, auth: cookie}
YAML
start
has "not without" 'disc/1 chal ck=*' "$(say 'reg svc=web port=1')"
has cookie 'disc/1 ok *inst=web-3*' "$(run cookie)"
has "registered" '0 100 8083 web-3.web.disc.local.' "$(q SRV web.disc.local)"
stop_and_forget

# From one that has to show a key.
export K=$(openssl rand -hex 32)
cat >"$work/keys.yaml" <<YAML
keys:
  - id: deploy
    secret: "$(printf %s "$K" | sed 's/../\\x&/g' | xargs -0 printf | base64 -w0)"
    grants:
      - {services: ["default/*"], verbs: [reg, ren, upd, del, get]}
YAML
chmod 600 "$work/keys.yaml"
configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  sources:
    - {from: 127.0.0.0/8, auth: key}
  keys: keys.yaml
YAML
start
has keyed 'disc/1 ok id=a1 n=* *inst=web-4* mac=*' "$(run keyed)"
same "registered" '0 100 8084 web-4.web.disc.local.' "$(q SRV web.disc.local)"
K=$(openssl rand -hex 32)
has "another secret" 'disc/1 err *c=401 why=auth*' "$(run keyed)"
stop
