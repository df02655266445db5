# For the interop scripts: lib.sh inside network and mount namespaces of their own, so that
# port 53 and /etc/resolv.conf are free to use and nothing leaks out.
if [ -z "${INSIDE_NAMESPACE:-}" ]; then
    unshare --net --mount --pid --fork --kill-child true 2>/dev/null ||
        { echo "skipped: namespaces are not permitted here" >&2; exit 77; }
    INSIDE_NAMESPACE=1 exec unshare --net --mount --pid --fork --kill-child \
        --mount-proc bash "$0" "$@"
fi
# A folder's own lib.sh has more than ours, where there is one.
lib=$(dirname "$0")/lib.sh
[ -e "$lib" ] || lib=${BASH_SOURCE[0]%/*}/lib.sh
. "$lib"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
# No name service switch of the machine's own, no caching daemon.
printf 'hosts: files dns\n' >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
[ ! -d /run/nscd ] || mount -t tmpfs none /run/nscd

needs() {
    command -v "$1" >/dev/null || skip_test "$1 is not installed"
}

# resolver LINE...: what /etc/resolv.conf says from now on.
resolver() {
    printf '%s\n' "$@" 'options timeout:10 attempts:2' >"$work/resolv.conf"
    mountpoint -q /etc/resolv.conf || mount --bind "$work/resolv.conf" /etc/resolv.conf
}

# daemon COMMAND...: in the background, until the end.
daemon() {
    "$@" >>"$work/log.${1##*/}" 2>&1 &
    started+=("$!")
    daemon=$!
}

# The addresses that glibc finds, in one line.
hosts() {
    getent ahosts "$1" | awk '{print $1}' | sort -u | tr '\n' ' ' | sed 's/ $//'
}
answers() {
    dig -p "$1" "@$2" +short +tries=1 +time=3 "$3" A 2>/dev/null | grep -q '^[0-9]'
}
