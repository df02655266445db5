#!/usr/bin/env bash
# restart.sh [INSTANCES [ROUNDS]]: the time from exec to the first right DNS answer, with so
# many instances stored [100000]; see fault_restart.c.
. "$(dirname "$0")/lib.sh"
mkdir "$work/restart"
"$BUILD/tests/fault_restart" --discd "$discd" --dir "$work/restart" --instances "${1:-100000}" \
    --rounds "${2:-3}"
