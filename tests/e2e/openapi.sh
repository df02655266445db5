# The description of the HTTP API against the server: see openapi.py. In a network namespace, to
# have another address than loopback; with tests/fault's shim inside discd, so that its disk can
# fail.
. "$(dirname "$0")/namespace.sh"
python=/usr/bin/python3
"$python" -c 'import jsonschema' 2>/dev/null || skip_test "python3-jsonschema is not installed"
ip addr add 192.0.2.5/32 dev lo
echo "token-of-these-tests" >"$work/admin.token"
chmod 600 "$work/admin.token"
configure <<YAML
limits: {instances: 40}
http:
  listen: ["127.0.0.1:0", "192.0.2.5:0"]
  token_file: admin.token
  reads: token
  cleartext: true
YAML
shim=$BUILD/tests/libfault.so page=$work/page
"$BUILD/tests/fault_ctl" "$page" new
cat >"$work/with_shim" <<SH
#!/bin/sh
export LD_PRELOAD='$shim' FAULT_FILE='$page' ASAN_OPTIONS=verify_asan_link_order=0:\$ASAN_OPTIONS
exec '$discd' "\$@"
SH
chmod +x "$work/with_shim"
discd=$work/with_shim
start
"$BUILD/tests/fault_ctl" "$page" arm
# Instance a of ns1 would be the static name a.ns1.
ok 'reg svc=a.ns1 inst=x port=1 addr=10.0.0.3'
outside=http://192.0.2.5:${ready##*,192.0.2.5:}
outside=${outside%% *}
"$python" -B "$SOURCE/tests/e2e/openapi.py" "$SOURCE" "$url" "$outside" "token-of-these-tests" \
    "'$BUILD/tests/fault_ctl' '$page' fail sync EIO 1 -"
"$BUILD/tests/fault_ctl" "$page" disarm
stop
