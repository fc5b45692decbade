#!/usr/bin/env bash
# Puts versitygw, an S3 server, at exactly this version into .tools/bin: compiled here, so that no binary has to be trusted.
# What was compiled must be the module with this checksum, wherever it came from and whatever GONOSUMDB says. Costs two and a
# half minutes once, then nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

module=github.com/versity/versitygw
version=v1.8.0
sum=h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=
stamp=.tools/stamps/versitygw-$version-$(go env GOVERSION)
[ -e "$stamp" ] && [ -x .tools/bin/versitygw ] && exit 0

echo "tools: compiling versitygw $version (two and a half minutes, once)"
GOBIN=$PWD/.tools/bin GOFLAGS='' go install "$module/cmd/versitygw@$version"
# The line "mod", its fields apart by tabs: module, version, checksum.
built=$(go version -m .tools/bin/versitygw | awk '$1 == "mod" {print $2, $3, $4}')
if [ "$built" != "$module $version $sum" ]; then
  rm -f .tools/bin/versitygw
  echo "tools: got $built, want $module $version $sum" >&2
  exit 1
fi
mkdir -p .tools/stamps
touch "$stamp"
