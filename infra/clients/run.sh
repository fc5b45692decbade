#!/usr/bin/env bash
# run.sh TRESOR makes a vault with that binary, serves it, drives it with the published API clients (check_*.py) and with one
# that shares no code with anything (gohmac), stops it, and then looks at what is left: a journal that verifies and a log without a secret in it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tresor=$(realpath "$1")
root=$here/../..

"$root/infra/tools/venv.sh" clients "$here/requirements.txt"
"$root/infra/tools/venv.sh" ansible "$here/ansible.txt" "$here/tpmstore.txt"
python=$root/.tools/clients/bin/python

work=$(mktemp -d) server=
cleanup() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() { # says why, and what the server said
  echo "clients: $*" >&2
  tail -n 40 "$work/out" "$work/log" >&2 2>/dev/null || true
  exit 1
}

"$tresor" init --data "$work/vault" --json >"$work/admin.json"
"$tresor" user add --data "$work/vault" --username colleague --role 'Normal user' --json >"$work/colleague.json"
"$tresor" token add --data "$work/vault" --dialect tpm --user colleague --json >"$work/keys.json"
"$python" "$here/credentials.py" "$work/admin.json" "$work/colleague.json" "$work/keys.json" >"$work/credentials.json"
: >"$work/out" # the loop below may look before the server writes
"$tresor" serve --data "$work/vault" --listen 127.0.0.1:0 --json >"$work/out" 2>"$work/log" &
server=$!

url=
for _ in $(seq 300); do
  url=$(sed -n 's/.*"event":"ready","url":"\([^"]*\)".*/\1/p' "$work/out")
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || fail 'the server ended before it was ready'
  sleep 0.1
done
[ -n "$url" ] || fail 'the server was not ready after 30 s'

failed=
for check in "$here"/check_*.py; do
  name=$(basename "$check") venv=clients
  [ "$name" != check_tpmstore.py ] || venv=ansible
  echo "clients: $name $url"
  PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore::DeprecationWarning HOME=$work \
    "$root/.tools/$venv/bin/python" "$check" "$url" "$work/credentials.json" || failed="$failed $name"
done
echo "clients: gohmac $url"
(cd "$root" && go build -o "$work/gohmac" ./infra/clients/gohmac)
"$work/gohmac" "$url" "$work/credentials.json" || failed="$failed gohmac"
[ -z "$failed" ] || fail "failed:$failed"

kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
[ "$status" = 0 ] || fail "the server ended with status $status after SIGTERM"

"$tresor" audit verify --data "$work/vault" --json || fail 'the journal does not verify'
"$python" "$here/search_log.py" "$work/credentials.json" "$work/out" "$work/log" || fail 'a secret is in the output of the server'
echo 'clients: all checks passed'
