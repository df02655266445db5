#!/bin/sh
# The checks must be able to fail: each is shown a small tree with one thing wrong and
# has to name it, and a right one, which it has to let pass.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

tree() { # a house that is in order
    rm -rf "$work/src" "$work/tools"
    mkdir -p "$work/src/base" "$work/src/registry" "$work/src/dns" "$work/src/reg" \
        "$work/src/server" "$work/src/client" "$work/src/http/console" "$work/tools"
    echo '#include "base/err.h"' > "$work/src/base/text.c"
    printf '#include "registry/order.h"\n#include "base/text.h"\n' > "$work/src/registry/order.c"
    printf '#include "dns/view.h"\n\n#include "registry/registry.h"\n' > "$work/src/dns/view.c"
    printf '#include "server/udp.h"\n\n#include "dns/dns.h"\n' > "$work/src/server/udp.c"
    printf '/* a time() in a comment,\n * or time(NULL) here */\nint lease_time(int a);\n' \
        > "$work/src/reg/apply.c"
    echo '#include "client/disc.h"' > "$work/src/client/disc.c"
    printf 'int main(void)\n{\n    return 0;\n}\n' > "$work/tools/main.c"
    printf 'a.textContent = b; // not as code\nsetTimeout(run, 5);\nb.style.width = c;\n' \
        > "$work/src/http/console/app.js"
}

passes() { # CHECK
    if ! "$here/$1" "$work" > "$work/said" 2>&1; then
        echo "selftest: $1 refuses a tree that is in order:"
        cat "$work/said"
        failed=1
    fi
}

catches() { # CHECK WORDS FILE TEXT: adds TEXT to FILE, expects a complaint with WORDS
    tree
    printf '%b\n' "$4" >> "$work/$3"
    if "$here/$1" "$work" > "$work/said" 2>&1; then
        echo "selftest: $1 does not see this in $3: $4"
        failed=1
    elif ! grep -q -- "$2" "$work/said"; then
        echo "selftest: $1 fails for another reason than '$2':"
        cat "$work/said"
        failed=1
    fi
}

lines() { # N times a line
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "    f();\\n" }'
}

tree
passes includes.sh
passes calls.sh
passes sizes.sh
passes console.sh

catches includes.sh 'base may not include registry' src/base/text.c '#include "registry/registry.h"'
catches includes.sh 'registry may not include dns' src/registry/order.c '#  include "dns/dns.h"'
catches includes.sh 'dns may not include reg' src/dns/view.c '#include "reg/reg.h"'
catches includes.sh 'reg may not include dns' src/reg/apply.c '#include "dns/dns.h"'
catches includes.sh 'dns may not include server' src/dns/view.h '#include "server/server.h"'
catches includes.sh 'only the front header' src/dns/view.c '#include "registry/order.h"'
catches includes.sh 'only the front header' src/server/udp.c '#include "dns/view.h"'
catches includes.sh 'rooted at src' src/dns/view.c '#include "view.h"'
catches includes.sh 'client includes nothing' src/client/disc.c '#include "base/text.h"'
catches includes.sh 'no folder of this name' src/dns/view.c '#include "client/disc.h"'

catches calls.sh 'calls time:' src/reg/apply.c 'int x = time(NULL);'
catches calls.sh 'calls clock_gettime:' src/base/text.c '    clock_gettime(0, 0);'
catches calls.sh 'calls random:' src/registry/order.c '    return (int)random();'
catches calls.sh 'calls getrandom:' src/dns/view.c 'x = getrandom (a, b, c);'
catches calls.sh 'calls socket:' src/reg/apply.c 'int fd = socket(1, 2, 3);'
catches calls.sh 'calls recvmsg:' src/dns/view.c '/* now */ recvmsg(fd, m, 0);'

catches sizes.sh '501 lines, at most 500' src/reg/long.c "$(lines 500)"
catches sizes.sh '71 lines, at most 70' tools/long.c "int f(void)\n{\n$(lines 69)}"
tree
printf '%b' "int f(void)\n{\n$(lines 68)}\n" > "$work/tools/long.c"
passes sizes.sh

for text in 'a.innerHTML = b;' 'a.insertAdjacentHTML(b, c);' 'document.write(a);'; do
    catches console.sh 'markup out of text' src/http/console/app.js "$text"
done
catches console.sh 'code out of text' src/http/console/app.js 'x = eval(y);'
catches console.sh 'code out of text' src/http/console/app.js "setTimeout('f()', 1);"
catches console.sh 'a style in the page' src/http/console/index.html '<p style="color: red">'
catches console.sh 'a script in the page' src/http/console/index.html '<p onclick="f()">'
catches console.sh 'a script in the page' src/http/console/index.html '<script>f()</script>'
catches console.sh 'another server' src/http/console/index.html '<img src="https://example.org/x">'

exit $failed
