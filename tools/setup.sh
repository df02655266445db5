# What tools/run, tools/test and the scripts under tests/ share: installing what is
# missing from Debian, and building. Sourced, not run.

packages_build="build-essential cmake ninja-build pkg-config libldns-dev libevent-dev libyaml-dev
    liblmdb-dev liburcu-dev libsodium-dev libssl-dev libjansson-dev libsmartcols-dev
    libfstrm-dev libprotobuf-c-dev protobuf-c-compiler"
packages_demo="bind9-dnsutils"
packages_test="libcmocka-dev bind9-dnsutils netcat-openbsd socat curl openssl iproute2 procps
    python3 python3-dnspython python3-jsonschema fstrm-bin dnstap-ldns"
packages_interop="unbound prometheus golang-go dnsmasq-base bind9 nsd knot knot-resolver haproxy nginx
    zonemaster-cli dnsviz ldnsutils chromium python3-websocket fonts-dejavu-core gdnsd dnsperf"
packages_bench="nsd knot gdnsd dnsperf"
packages_fuzz="clang-14 libclang-rt-14-dev"

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root (or sudo): $*" >&2
        return 1
    fi
}

package_missing() {
    ! dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# No service may start only because its package came: interop tests run their own.
apt_install() {
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made=1
    fi
    local status=0
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null || status=$?
    [ -z "$made" ] || as_root rm -f "$policy"
    return $status
}

# setup_packages GROUP...: installs what is missing of the groups' packages.
setup_packages() {
    local group list package missing=()
    for group in "$@"; do
        list=packages_$group
        for package in ${!list}; do
            if package_missing "$package"; then
                missing+=("$package")
            fi
        done
    done
    if [ ${#missing[@]} -gt 0 ]; then
        echo "installing: ${missing[*]}" >&2
        apt_install "${missing[@]}" 2>/dev/null ||
            { as_root apt-get update -qq && apt_install "${missing[@]}"; }
    fi
    libevent_is_mended || upgrade_libevent
}

# Flaws in evhttp were mended in this Debian revision; an older one is brought up to it.
libevent_wanted=2.1.12-stable-8+deb12u1
libevent_is_mended() {
    dpkg --compare-versions "$(dpkg-query -W -f='${Version}' libevent-core-2.1-7 2>/dev/null)" \
        ge "$libevent_wanted"
}

upgrade_libevent() {
    as_root apt-get update -qq || true
    apt_install libevent-2.1-7 libevent-core-2.1-7 libevent-extra-2.1-7 libevent-openssl-2.1-7 \
        libevent-pthreads-2.1-7 libevent-dev || true
    libevent_is_mended ||
        echo "warning: libevent is older than $libevent_wanted, which mends flaws in its HTTP" \
            "part; upgrade it before you offer the HTTP API to others" >&2
}

# setup_build FOLDER CMAKE-OPTION...: all of it, or only $setup_target (not the environment's).
unset setup_target
setup_build() {
    local folder=$1 generator=(-G Ninja)
    shift
    # A folder that was made by hand keeps what builds it: cmake takes no other there.
    [ ! -e "$folder/CMakeCache.txt" ] || generator=()
    cmake -S . -B "$folder" "${generator[@]}" "$@" >/dev/null
    cmake --build "$folder" --parallel "$(nproc)" ${setup_target:+--target "$setup_target"} -- --quiet
}
