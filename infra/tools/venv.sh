#!/usr/bin/env bash
# venv.sh NAME REQUIREMENTS [LATER] makes the Python environment .tools/NAME hold what REQUIREMENTS pins. The stamp is the
# hash of the pins and of the interpreter's version, so that a second run costs nothing and a changed pin starts afresh.
# What LATER pins is built and installed with the rest already there. A comment `# pip check: ...` in either file is
# what pip's check says of a package that asks for more than it needs; the check has to say that, and nothing else.
set -euo pipefail
name=$1 requirements=$(realpath "$2") later=${3:+$(realpath "$3")}
cd "$(dirname "$0")/../.."

fail() { echo "tools: $*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "$python is not installed; Python 3.11 or newer is needed (PYTHON=... names another)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$python is $("$python" -V); 3.11 or newer is needed (PYTHON=... names another)"
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "$python has no venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv"

stamp=.tools/stamps/$name-$({ "$python" -V; cat "$requirements" ${later:+"$later"}; } | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])')
[ -e "$stamp" ] && [ -x ".tools/$name/bin/python" ] && exit 0

echo "tools: installing $(basename "$requirements") into .tools/$name"
mkdir -p .tools/stamps
rm -rf ".tools/$name" .tools/stamps/"$name"-*
"$python" -m venv ".tools/$name"
# --no-deps: the files name every package, so nothing can arrive that they do not.
pip() { ".tools/$name/bin/python" -m pip "$@" --disable-pip-version-check; }
pip install --quiet --no-input --no-deps --requirement "$requirements"
[ -z "$later" ] || pip install --quiet --no-input --no-deps --no-build-isolation --requirement "$later"
expected=$(sed -n 's/^# pip check: //p' "$requirements" ${later:+"$later"})
said=$(pip check) || true
[ "$said" = "${expected:-No broken requirements found.}" ] || fail "pip check of .tools/$name: $said"
touch "$stamp"
