# For the scripts of this folder: those of tests/e2e, and the programs that make faults. By
# hand, without ctest, it sets up and builds first, unless BUILD names a build folder.
: "${SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
if [ -z "${BUILD:-}" ]; then
    BUILD=$SOURCE/build
    cd "$SOURCE"
    . tools/setup.sh
    setup_packages build test
    setup_build build -DCMAKE_BUILD_TYPE=Release
fi
. "$SOURCE/tests/e2e/lib.sh"
shim=$BUILD/tests/libfault.so page=$work/page
ctl=("$BUILD/tests/fault_ctl" "$page")

# fault WORD...: see fault_ctl.c.
fault() {
    "${ctl[@]}" "$@" || die "fault_ctl $*"
}

# Starts discd with the shim inside, nothing failing yet.
start_with_shim() {
    fault new
    cat >"$work/with_shim" <<SH
#!/bin/sh
export LD_PRELOAD='$shim' FAULT_FILE='$page' ASAN_OPTIONS=verify_asan_link_order=0:\$ASAN_OPTIONS
exec '$BUILD/discd' "\$@"
SH
    chmod +x "$work/with_shim"
    discd=$work/with_shim
    start
    discd=$BUILD/discd
    fault arm
}

# refusal GLOB...: discd does not start, exits with 71, and says all that.
refusal() {
    local words
    status 71 timeout 30 "$discd" -c "$work/discd.yaml"
    for words in "$@"; do
        has "what it says" "*$words*" "$err"
    done
}

# in_status KEY: the first value of that name in /v1/status, as JSON writes it.
in_status() {
    curl -s --max-time 10 "$url/v1/status" | grep -o "\"$1\":[^,}]*" | head -n 1 | cut -d: -f2-
}
