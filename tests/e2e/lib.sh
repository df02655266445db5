# What the scripts of this folder share. Sourced first; BUILD and SOURCE come from ctest.
# Starts discd in a folder of its own on free ports; whatever was started is stopped at
# the end, however that comes. No script waits for a fixed time: either for an answer, or
# by asking again (`eventually`).
set -euo pipefail
: "${BUILD:?the build folder}" "${SOURCE:?the checkout}"

discd=$BUILD/discd discctl=$BUILD/discctl discbench=$BUILD/discbench
work=$(mktemp -d /tmp/disc-e2e-XXXXXX)
chmod 755 "$work"
started=() # process ids that are ours and not waited for yet
unset DISC_SERVER DISC_HTTP POD_IP NOTIFY_SOCKET
export LC_ALL=C TZ=UTC0

finish() {
    local status=$? p
    for p in "${started[@]}"; do
        kill -KILL "$p" 2>/dev/null || true
        wait "$p" 2>/dev/null || true
    done
    if [ $status != 0 ] && [ $status != 77 ]; then
        echo "failed with status $status; the log of discd:" >&2
        cat "$work"/log* >&2 2>/dev/null || true
    fi
    rm -rf "$work"
    exit $status
}
trap finish EXIT

die() {
    echo "FAILED (${BASH_SOURCE[-1]##*/}:${BASH_LINENO[-2]}): $*" >&2
    exit 1
}

skip_test() {
    echo "skipped: $*" >&2
    exit 77
}

# same WHAT EXPECTED ACTUAL
same() {
    [ "$2" = "$3" ] || die "$1: expected"$'\n'"$2"$'\n'"but got"$'\n'"$3"
}

# has WHAT GLOB ACTUAL
has() {
    # shellcheck disable=SC2053
    [[ $3 == $2 ]] || die "$1: expected something like"$'\n'"$2"$'\n'"but got"$'\n'"$3"
}

# status EXPECTED COMMAND...: its exit status; its output is in $out and $err.
status() {
    local expected=$1 got=0
    shift
    out=$("$@" 2>"$work/err") || got=$?
    err=$(cat "$work/err")
    [ $got = "$expected" ] ||
        die "'$*': expected exit status $expected, got $got"$'\n'"$out"$'\n'"$err"
}

# Between two looks at something; SECONDS [0.025].
pause() {
    [ -e "$work/never" ] || mkfifo "$work/never"
    read -rt "${1:-0.025}" <>"$work/never" || true
}

# Asks again until COMMAND is true, for a minute at most: a busy machine may take its time.
eventually() {
    local end=$((SECONDS + 60))
    until "$@"; do
        [ $SECONDS -lt $end ] || die "never came true: $*"
        pause
    done
}

# ---- discd ------------------------------------------------------------------------

# The usual configuration; standard input is appended. No lease runs out while a script is slow,
# unless it asks for a short one.
configure() {
    cat >"$work/discd.yaml" <<YAML
data_dir: data
zones:
  - {name: disc.local, namespace: default, file: disc.local.zone}
lease: {default: 300, min: 1, max: 300}
YAML
    cp "$SOURCE/zones/disc.local.zone" "$work/disc.local.zone"
    cat >"$work/more"
    cat "$work/more" >>"$work/discd.yaml"
    grep -q '^dns:' "$work/more" || echo 'dns: {listen: ["127.0.0.1:0"]}' >>"$work/discd.yaml"
    grep -q '^registration:' "$work/more" ||
        echo 'registration: {listen: ["127.0.0.1:0"]}' >>"$work/discd.yaml"
    grep -q '^http:' "$work/more" || echo 'http: {listen: ["127.0.0.1:0"]}' >>"$work/discd.yaml"
}

# port_of PURPOSE: the port of its first address in the ready line.
port_of() {
    local all=" $ready" list
    list=${all#* "$1"=} list=${list%% *} list=${list%%,*}
    echo "${list##*:}"
}

# Starts discd [ARGUMENT...] and waits for its ready line.
start() {
    [ $# -gt 0 ] || set -- -c "$work/discd.yaml"
    [ -e "$work/ready" ] || mkfifo "$work/ready"
    "$discd" "$@" >"$work/ready" 2>>"$work/log" &
    pid=$!
    started+=("$pid")
    read -rt 60 ready <"$work/ready" || die "discd does not become ready"
    has "the ready line" 'ready dns=* registration=* http=*' "$ready"
    dns=$(port_of dns) registration=$(port_of registration) http=$(port_of http)
    url=http://127.0.0.1:$http
}

forget() {
    local p left=()
    for p in "${started[@]}"; do
        [ "$p" = "$1" ] || left+=("$p")
    done
    started=("${left[@]}")
}

# stop [SIGNAL [PID [STATUS]]]
stop() {
    local p=${2:-$pid} expected=${3:-0} got=0
    kill "-${1:-TERM}" "$p"
    wait "$p" 2>/dev/null || got=$?
    forget "$p"
    [ $got = "$expected" ] || die "process $p ended with $got, expected $expected"
}

# How often the log says that.
logged() {
    grep -c -- "$1" "$work/log" || true
}

# ---- registering ------------------------------------------------------------------

# say REQUEST [ADDRESS]: sends "disc/1 REQUEST", prints the reply.
say() {
    local fd
    exec {fd}<>"/dev/udp/${2:-${address:-127.0.0.1}}/$registration"
    printf 'disc/1 %s\n' "$1" >&"$fd"
    timeout 30 dd bs=2048 count=1 status=none <&"$fd" || die "no reply to: $1"
    exec {fd}>&-
}

# As say, and it must succeed.
ok() {
    local reply
    reply=$(say "$@")
    has "the reply to '$1'" 'disc/1 ok*' "$reply"
}

# ---- asking -----------------------------------------------------------------------

# q WORD...: dig, short and sorted.
q() {
    local answer
    answer=$(dig -p "$dns" "@${address:-127.0.0.1}" +short +tries=1 +time=20 "$@") || {
        echo "dig failed with status $?"
        return
    }
    sed '/^;/d' <<<"$answer" | sort
}

# ask [-t] [-b SIZE] NAME TYPE: the whole answer, checked by two decoders.
ask() {
    local options=()
    while [ $# -gt 2 ]; do
        options+=("$1")
        shift
    done
    "$BUILD/tests/e2e_ask" "${options[@]}" "${address:-127.0.0.1}" "$dns" "$1" "$2"
}

# The code and flags of the answer; its records of the answer section.
rcode() {
    ask "$@" | head -n 1
}
records() {
    ask "$@" | sed -n 's/^answer //p'
}

serial() {
    records disc.local SOA | cut -d' ' -f7
}

visible() {
    local found
    found=$(records "$@") || die "no good answer to: $*"
    [ -n "$found" ]
}
gone() {
    ! visible "$@"
}
