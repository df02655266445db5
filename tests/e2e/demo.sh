# What tools/run --demo shows.
. "$(dirname "$0")/lib.sh"
status 0 timeout 60 "$SOURCE/tools/demo" "$BUILD"
has "three weights" '*0 30 8080 one.hello-svc.disc.local.*' "$out"
has "three weights" '*0 60 8081 two.hello-svc.disc.local.*' "$out"
has "three weights" '*0 10 8082 three.hello-svc.disc.local.*' "$out"
has "metadata" '*"version=v2" "team=demo"*' "$out"
has "the named port" '*0 60 9091 two.hello-svc.disc.local.*' "$out"
has "the end" '*done: discd stopped in order' "$out"
last=${out##*deregister}
has "one stays" '*0 30 8080 one.hello-svc.disc.local.*' "$last"
has "three stays" '*0 10 8082 three.hello-svc.disc.local.*' "$last"
[[ $last != *'8081 two.hello-svc'* ]] || die "two is still there: $last"
