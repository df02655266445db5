#!/usr/bin/env bash
# The files of src/client dropped into somebody else's tree: all of them, or the two that a
# program needs which only registers; from C with many warnings, from C++ too; libc only.
#
#   drop_in.sh SOURCE
set -euo pipefail
source=${1:?usage: drop_in.sh SOURCE}
work=$(mktemp -d /tmp/disc-drop-in-XXXXXX)
trap 'rm -rf "$work"' EXIT
warnings=(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -O1)

mkdir "$work/few"
cp "$source"/src/client/{disc.h,disc_inside.h,disc.c,disc_wire.c} "$work/few/"
cat >"$work/few/main.c" <<'C'
#include "disc.h"
int main(void)
{
    struct disc_options options = DISC_OPTIONS_INIT;
    struct disc_spec spec = DISC_SPEC_INIT;
    struct disc *d = disc_new(&options);
    spec.service = "web";
    spec.ports = "80";
    int bad = !d || disc_register(d, &spec) < 0 || disc_timeout_ms(d, 1) != -1;
    disc_free(d);
    return bad;
}
C
cc -std=c11 "${warnings[@]}" "$work"/few/*.c -o "$work/few/program"
"$work/few/program"

mkdir "$work/all"
cp "$source"/src/client/*.[ch] "$work/all/"
cat >"$work/all/main.cpp" <<'C'
#include "disc.h"
#include "disc.h"
static void changed(void *, const disc_watch_event *) {}
int main()
{
    disc_options options = DISC_OPTIONS_INIT;
    disc_watch_spec spec = DISC_WATCH_SPEC_INIT;
    disc *d = disc_new(&options);
    spec.service = "web";
    spec.changed = changed;
    int watch = d ? disc_watch(d, &spec) : -1;
    disc_list list;
    disc_choice choice = {DISC_NEAREST, "http", nullptr, 0};
    disc_picked picked;
    bool good = watch > 0 && disc_get(d, watch, 1, &list) == DISC_OK && list.count == 0 &&
                disc_pick(d, watch, &choice, &picked) == DISC_NO_INSTANCE;
    disc_free(d);
    return !good;
}
C
for file in "$work"/all/*.c; do
    cc -std=c11 "${warnings[@]}" -c "$file" -o "${file%.c}.o"
done
c++ -std=c++17 -Wall -Wextra -Werror "$work/all/main.cpp" "$work"/all/*.o -o "$work/all/program"
"$work/all/program"

# libc (and the sanitizer's own, there is none here) and nothing else
libraries=$(ldd "$work/few/program" | awk '{ print $1 }' | grep -vE '^(linux-vdso|libc\.so|/lib)' || true)
[ -z "$libraries" ] || {
    echo "libdisc needs more than libc: $libraries" >&2
    exit 1
}

# What the library exports is what the header declares.
cc -shared -fPIC -std=c11 "$work"/all/*.c -o "$work/all/libdisc.so"
nm -D --defined-only "$work/all/libdisc.so" | awk '$2 == "T" { print $3 }' | while read -r name; do
    grep -q "\\b$name(" "$work/all/disc.h" || {
        echo "$name is exported, but the header does not declare it" >&2
        exit 1
    }
done
