#!/usr/bin/env bash
# Puts golangci-lint at exactly this version into .tools/bin: compiled here, so that no binary has to be trusted beyond
# what the module checksum database vouches for. Costs two minutes once, then nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v2.15.0
stamp=.tools/stamps/golangci-lint-$version-$(go env GOVERSION)
[ -e "$stamp" ] && [ -x .tools/bin/golangci-lint ] && exit 0

echo "tools: compiling golangci-lint $version (about two minutes, once)"
GOBIN=$PWD/.tools/bin GOFLAGS='' go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
mkdir -p .tools/stamps
touch "$stamp"
