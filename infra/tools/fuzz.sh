#!/usr/bin/env bash
# fuzz.sh DURATION runs each fuzz target of the module for that long, one after the other: go test fuzzes one at a time.
set -euo pipefail
cd "$(dirname "$0")/../.."
duration=$1

# go test -list prints a package's targets and then its "ok" line.
targets=$(go test -list '^Fuzz' ./... | awk '/^Fuzz/ {names[++n] = $1} /^ok/ {for (i = 1; i <= n; i++) print $2, names[i]; n = 0}')
[ -n "$targets" ] || { echo 'fuzz: no fuzz target found' >&2; exit 1; }

while read -r package target; do
  echo "fuzz: $package $target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$package" </dev/null
done <<<"$targets"
