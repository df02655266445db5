#!/usr/bin/env bash
# Builds a small CoreDNS (only what forwards, caches and logs) from Go modules, for
# coredns.sh. Needs Go 1.19 or newer (Debian: golang-go) and the Go module proxy, so it is
# not part of tools/test: run it once by hand.
#
#   coredns_build.sh FOLDER        makes FOLDER/coredns
#
# Then coredns.sh finds it in BUILD/tests/coredns, or where $COREDNS says.
set -euo pipefail
folder=${1:?usage: coredns_build.sh FOLDER}
version=v1.10.1 # with Go 1.19 (as in Debian 12) and with later ones
command -v go >/dev/null || { echo "Go is not installed (Debian: golang-go)" >&2; exit 77; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
module=$(mktemp -d /tmp/disc-coredns-XXXXXX)
trap 'chmod -R u+w "$module"; rm -rf "$module"' EXIT
cd "$module"

cat >main.go <<'GO'
// CoreDNS with the plugins that a forwarder needs.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/log"
)

func main() {
	dnsserver.Directives = []string{"bind", "log", "errors", "cache", "forward"}
	coremain.Run()
}
GO
export GOFLAGS=-mod=mod GOPATH="$module/go" GOCACHE="$module/cache" GOTOOLCHAIN=local CGO_ENABLED=0
go mod init disc.test/coredns
go get "github.com/coredns/coredns@$version"
go build -trimpath -ldflags '-s -w' -o "$folder/coredns" .
"$folder/coredns" -version
