# A stored file that is not as discd left it: it is found before anything is served, the
# words name a way out, and that way works. Whatever page is damaged, discd refuses to
# start or serves; it does not crash.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start
for ((n = 1; n <= 60; n++)); do
    ok "reg svc=web inst=n$n port=$n addr=10.0.0.$n m.text=$(printf "%0150d" $n)"
done
stop
file=$work/data/registry.mdb
cp -a "$file" "$work/good"
size=$(stat -c %s "$file")

# The way out that the words name; then it starts with nothing and takes registrations.
move_away() {
    has "the way out" '*move*away*' "$err"
    mv "$file" "$work/away"
    start
    gone web.disc.local A || die "where is it from?"
    ok 'reg svc=web inst=new port=1 addr=10.0.0.1'
    stop
    start
    visible new.web.disc.local A || die "not stored in the new file"
    stop
    cp -a "$work/good" "$file"
}

truncate -s $((size / 2)) "$file"
refusal "$file" damaged
move_away
truncate -s 100 "$file"
refusal "$file"
move_away
: >"$file"
refusal "$file"
move_away
echo 'these are the notes of somebody else, and no registry at all' >"$file"
refusal "$file"
move_away
# Both pages that say where everything is.
dd if=/dev/urandom of="$file" bs=4096 count=2 conv=notrunc status=none
refusal "$file" damaged
move_away
# Put back as it was, all are there.
start
same "all of them" 60 "$(q +tcp SRV web.disc.local | wc -l)"
stop

# ---- any page
refused=0 served=0
for ((at = 0; at < size; at += 4096)); do
    cp -a "$work/good" "$file"
    dd if=/dev/zero bs=4096 count=1 status=none | tr '\0' '\377' |
        dd of="$file" bs=4096 seek=$((at / 4096)) conv=notrunc status=none
    got=0
    timeout 30 "$discd" -t -c "$work/discd.yaml" >/dev/null || die "-t looks at the store"
    [ -e "$work/ready" ] || mkfifo "$work/ready"
    "$discd" -c "$work/discd.yaml" >"$work/ready" 2>"$work/err" &
    pid=$!
    started+=("$pid")
    ready=
    read -rt 30 ready <"$work/ready" || true
    if [ -n "$ready" ]; then
        dns=$(port_of dns)
        count=$(q +tcp SRV web.disc.local | wc -l)
        damaged=$(grep -c damaged "$work/err" || true)
        [ "$count" = 60 ] || [ "$damaged" -gt 0 ] ||
            die "page $((at / 4096)): $((60 - count)) instances lack, and no word of it"
        stop
        served=$((served + 1))
    else
        wait "$pid" || got=$?
        forget "$pid"
        [ $got = 71 ] || die "page $((at / 4096)): exit status $got"
        has "words" "*$file*" "$(cat "$work/err")"
        refused=$((refused + 1))
    fi
done
echo "of $((refused + served)) damaged pages $refused kept it from starting"
[ $refused -gt 0 ] || die "no page mattered: is this the file?"
