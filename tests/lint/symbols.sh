#!/bin/bash
# No two of the libraries given define one global name: the linker would silently take the
# first, for both.
#
#     symbols.sh LIBRARY...
set -euo pipefail
twice=$(for library in "$@"; do
    nm --defined-only -g "$library" 2>/dev/null | awk 'NF == 3 && $2 != "W" && $2 != "V" { print $3 }' | sort -u
done | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "defined in more than one library:" >&2
    echo "$twice" >&2
    exit 1
fi
