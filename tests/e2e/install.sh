# cmake --install puts everything where a distribution wants it, and a program that is
# built against what was installed can register.
. "$(dirname "$0")/lib.sh"
root=$work/root prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$BUILD/CMakeCache.txt")
DESTDIR=$root cmake --install "$BUILD" >"$work/install.out" 2>&1 || die "cmake --install"
at=$root$prefix
libdir=$(dirname "$(find "$at" -name libdisc.a)")
for file in sbin/discd bin/discctl bin/discbench include/disc.h lib/systemd/system/discd.service \
    lib/sysusers.d/discd.conf share/doc/discd/README.md share/doc/discd/LICENSE \
    share/doc/discd/examples/discd.yaml share/doc/discd/examples/disc.local.zone \
    share/doc/discd/examples/grafana.json share/bash-completion/completions/discctl; do
    [ -f "$at/$file" ] || die "$file is not installed"
done
for file in libdisc.a libdisc.so libdisc.so.0 pkgconfig/libdisc.pc; do
    [ -e "$libdir/$file" ] || die "$file is not installed in $libdir"
done
same "everything is installed, nothing else" 17 "$(find "$at" ! -type d | wc -l)"

# ---- the unit
unit=$at/lib/systemd/system/discd.service
grep -q "^ExecStart=$prefix/sbin/discd -c /etc/discd/discd.yaml$" "$unit" || die "ExecStart"
if command -v systemd-analyze >/dev/null; then
    # verify wants the program where the unit says; it stays a copy of the unit otherwise.
    sed "s|$prefix/sbin|$at/sbin|; /^Documentation=/d" "$unit" >"$work/discd.service"
    systemd-analyze verify "$work/discd.service" >"$work/verify" 2>&1 || true
    same "systemd-analyze" '' "$(grep -F discd.service "$work/verify" || true)"
else
    python3 - "$unit" <<'PY'
import configparser, sys
unit = configparser.RawConfigParser(strict=False)
unit.read(sys.argv[1])
assert {"Unit", "Service", "Install"} <= set(unit.sections())
PY
fi

# ---- the installed example is a good configuration
sed "s/:53[0-9]0\"/:0\"/g" "$at/share/doc/discd/examples/discd.yaml" >"$work/discd.yaml"
cp "$at/share/doc/discd/examples/disc.local.zone" "$work/"
status 0 "$at/sbin/discd" -t -c "$work/discd.yaml"

# ---- a client of the library
cat >"$work/client.c" <<'C'
#include <disc.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct disc_spec spec = DISC_SPEC_INIT;
    struct disc_reply reply;
    if (argc != 2)
        return 2;
    spec.service = "linked";
    spec.instance = "one";
    spec.addrs = "10.0.0.7";
    spec.ports = "8080";
    enum disc_result result = disc_call(NULL, argv[1], "reg", &spec, 5000, &reply);
    puts(disc_result_text(result));
    return result != DISC_OK;
}
C
export PKG_CONFIG_PATH=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
sanitize=$(sed -n 's/^SANITIZER:STRING=//p' "$BUILD/CMakeCache.txt")
case $sanitize in
address) sanitize=-fsanitize=address,undefined ;;
thread) sanitize=-fsanitize=thread ;;
esac
read -ra flags <<<"$(pkg-config --cflags --libs libdisc)"
read -ra static_flags <<<"$(pkg-config --static --cflags --libs libdisc)"
cc -std=c11 -Wall -Wextra -Werror $sanitize "$work/client.c" "${flags[@]}" -o "$work/shared"
cc -std=c11 -Wall -Wextra -Werror $sanitize "$work/client.c" \
    "${static_flags[@]/#-ldisc/-l:libdisc.a}" -o "$work/static"
configure </dev/null
start
for program in shared static; do
    LD_LIBRARY_PATH=$libdir status 0 "$work/$program" "127.0.0.1:$registration"
    same "registered by $program" 10.0.0.7 "$(q A linked.disc.local)"
    ok 'del svc=linked inst=one'
done
stop
