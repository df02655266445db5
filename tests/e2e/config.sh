# The command line, and what is said of bad configurations: one line with the place, what
# was found and what was expected; exit status 78. Exit status 71 for what cannot be had.
. "$(dirname "$0")/lib.sh"

# ---- the command line
status 0 "$discd" -V
has version 'discd [0-9]*.[0-9]*' "$out"
status 0 "$discd" -h
has help 'usage: discd *--help-config*' "$out"
status 0 "$discd" --help-config
for key in data_dir zones dns listen udp_max_size registration sources lease http log; do
    has "--help-config" "*$key*" "$out"
done
status 64 "$discd" --nonsense
has "says how" '*usage: discd*' "$err"
status 64 "$discd" stray
status 78 "$discd" -c "$work/nothing.yaml"
has "no such file" "*nothing.yaml*" "$err"

# ---- mistakes: bad LINE COLUMN WORDS, the file being on standard input
bad() {
    cat >"$work/bad.yaml"
    status 78 timeout 20 "$discd" -c "$work/bad.yaml"
    same "one line" 1 "$(grep -c . <<<"$err")"
    has "the place" "$work/bad.yaml:$1:$2: *" "$err"
    has "the words" "$3" "$err"
    status 78 "$discd" -t -c "$work/bad.yaml"
}
bad 2 1 '*colour*' <<'YAML'
data_dir: ""
colour: blue
YAML
bad 2 8 '*listn*' <<'YAML'
data_dir: ""
dns: { listn: ["127.0.0.1:0"] }
YAML
bad 1 16 '*70000*' <<'YAML'
dns: {workers: 70000}
YAML
bad 2 12 '*127.0.0.1*' <<'YAML'
dns:
  listen: ["127.0.0.1"]
YAML
bad 1 27 '*soon*' <<'YAML'
lease: {default: 30, min: soon}
YAML
bad 2 1 '*data_dir*' <<'YAML'
data_dir: ""
data_dir: ""
YAML
bad 3 27 '*sometimes*' <<'YAML'
registration:
  sources:
    - {from: "::1", auth: sometimes}
YAML
bad 2 1 '*expected*' <<'YAML'
dns: [
YAML

# ---- a bad zone file is named with its own line
configure </dev/null
echo 'broken IN A 10.9.9' >>"$work/disc.local.zone"
line=$(wc -l <"$work/disc.local.zone")
status 78 "$discd" -c "$work/discd.yaml"
has "the place" "$work/disc.local.zone:$line:*" "$(grep -F disc.local.zone <<<"$err")"
status 78 "$discd" -t -c "$work/discd.yaml"
printf '@ IN SOA a. b. 1 2 3 4 5\n' >>"$work/disc.local.zone"
status 78 "$discd" -t -c "$work/discd.yaml"
rm "$work/disc.local.zone"
status 78 "$discd" -t -c "$work/discd.yaml"
has "which file" '*disc.local.zone*' "$err"

# ---- good ones
configure </dev/null
status 0 "$discd" -t -c "$work/discd.yaml"
status 0 "$discd" -t -c "$SOURCE/zones/discd.yaml"
cd "$work" # without -c it is looked for here
status 0 "$discd" -t
has "which one it found" 'discd.yaml: good' "$out"
cd - >/dev/null

# ---- what cannot be had
configure </dev/null
start
sed "s/^data_dir:.*/data_dir: other/; s/^dns:.*/dns: {listen: [\"127.0.0.1:$dns\"]}/" \
    "$work/discd.yaml" >"$work/second.yaml"
status 71 timeout 20 "$discd" -c "$work/second.yaml"
has "who is there" "*127.0.0.1:$dns*in use*" "$err"
status 71 timeout 20 "$discd" -c "$work/discd.yaml"
has "the folder is taken" '*in use by another discd*' "$err"
stop
start # and it is free again
stop

# ---- --init writes something to start from, once
status 0 "$discd" --init "$work/init"
same "the secrets are private" '' "$(find "$work/init" -type f \( -name '*token*' -o -name '*key*' \) -perm /077)"
[ -n "$(find "$work/init" -type f -name '*token*')" ] || die "no token"
[ -n "$(find "$work/init" -type f -name '*key*')" ] || die "no key"
status 0 "$discd" -t -c "$work/init/discd.yaml"
status 1 "$discd" --init "$work/init"
has "nothing is overwritten" '*already*' "$err"
sed -i 's/:53[0-9]0"/:0"/g' "$work/init/discd.yaml"
start -c "$work/init/discd.yaml"
ok 'reg svc=web inst=1 port=1 addr=10.0.0.1'
same "it serves" 10.0.0.1 "$(q A web.disc.local)"
stop
