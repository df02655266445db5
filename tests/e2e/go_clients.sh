# Clients in Go, whose JSON, forms and HTTP are Go's own. Built without the network.
. "$(dirname "$0")/lib.sh"
command -v go >/dev/null || skip_test "Go is not installed (Debian: golang-go)"
configure </dev/null
start
mkdir "$work/go"
HOME=$work/go GOCACHE=$work/go/cache GOPATH=$work/go GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local \
    go build -o "$work/go/clients" "$SOURCE/tests/e2e/go_clients.go"
same "the Go registry's API" fine "$("$work/go/clients" registry "$url")"
same "bilibili's dialect" fine "$("$work/go/clients" bilibili "$url")"
