#!/usr/bin/env bash
# venv.sh NAME REQUIREMENTS makes the Python environment .tools/NAME hold what REQUIREMENTS pins. The stamp is the
# hash of the pins and of the interpreter's version, so that a second run costs nothing and a changed pin starts afresh.
set -euo pipefail
name=$1 requirements=$(realpath "$2")
cd "$(dirname "$0")/../.."

fail() { echo "tools: $*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "$python is not installed; Python 3.11 or newer is needed (PYTHON=... names another)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$python is $("$python" -V); 3.11 or newer is needed (PYTHON=... names another)"
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "$python has no venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv"

stamp=.tools/stamps/$name-$({ "$python" -V; cat "$requirements"; } | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])')
[ -e "$stamp" ] && [ -x ".tools/$name/bin/python" ] && exit 0

echo "tools: installing $(basename "$requirements") into .tools/$name"
mkdir -p .tools/stamps
rm -rf ".tools/$name" .tools/stamps/"$name"-*
"$python" -m venv ".tools/$name"
# --no-deps: the file names every package, so nothing can arrive that it does not.
".tools/$name/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps --requirement "$requirements"
".tools/$name/bin/python" -m pip check --disable-pip-version-check
touch "$stamp"
