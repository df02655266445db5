#!/usr/bin/env bash
# Lets the n-th call of each kind fail: see fault_sweep.c. Without an argument a choice of
# n, with --all every one (an hour); with other arguments one kind, for looking closer:
#     BUILD=... sweep.sh --phase start --family malloc --error ENOMEM --at 17
. "$(dirname "$0")/lib.sh"
lane() {
    local phase=$1 family=$2 error=$3 dir
    shift 3
    dir=$(mktemp -d "$work/sweep-XXXXXX")
    "$BUILD/tests/fault_sweep" --discd "$discd" --shim "$shim" --dir "$dir" --phase "$phase" \
        --family "$family" --error "$error" "$@" >"$dir.out" 2>&1 || echo failed >"$dir.failed"
    cat "$dir.out"
    rm -rf "$dir"
}
all() {
    local error
    for phase in serve start; do
        lane $phase malloc ENOMEM
        for error in ENOSPC EIO; do lane $phase write $error; done
        for error in EIO ENOSPC; do lane $phase sync $error; done
        for error in ENOBUFS EAGAIN EPERM; do lane $phase send $error; done
        for error in EAGAIN ENOMEM EINTR; do lane $phase recv $error; done
        for error in EMFILE ECONNABORTED; do lane $phase accept $error; done
        for error in EMFILE EACCES ENOENT; do lane $phase open $error; done
        lane $phase truncate ENOSPC
        lane $phase mmap ENOMEM
        lane $phase thread EAGAIN
        lane $phase fork EAGAIN
    done
    # What fails from there on, until it is over.
    lane serve malloc ENOMEM --from --tries 60
    lane serve write ENOSPC --from --tries 20
    lane serve sync EIO --from --tries 20
    lane serve recv ENOMEM --from --tries 20
    lane serve accept EMFILE --from --tries 20
    lane serve open EMFILE --from
    lane serve thread EAGAIN --from
    lane start malloc ENOMEM --from --tries 200
    # Without a folder for data.
    lane serve malloc ENOMEM --memory
}
choice() {
    {
        lane serve malloc ENOMEM --tries 24
        lane serve recv EAGAIN --tries 3
        lane serve open EMFILE --tries 3
        lane serve accept EMFILE --tries 3
    } &
    {
        lane serve sync EIO --tries 3
        lane serve write ENOSPC --tries 3
        lane serve send ENOBUFS --tries 4
        lane serve write EIO --from --tries 2
    } &
    {
        lane start malloc ENOMEM --tries 40
        lane start write ENOSPC
        lane start sync EIO
        lane start open EMFILE
        lane start mmap ENOMEM
        lane start thread EAGAIN
        lane start fork EAGAIN
    } &
    wait
}
case ${1:-} in
--all) all ;;
'') choice ;;
*)
    mkdir "$work/one"
    "$BUILD/tests/fault_sweep" --discd "$discd" --shim "$shim" --dir "$work/one" "$@"
    ;;
esac
! compgen -G "$work/sweep-*.failed" >/dev/null || die "something failed, see above"
# A discd that keeps nothing would be noticed.
mkdir "$work/forget"
status 1 "$BUILD/tests/fault_sweep" --discd "$discd" --shim "$shim" --dir "$work/forget" \
    --family open --error EMFILE --forget
has "what it finds" '*after a restart, * lost and 0 back*' "$err"
