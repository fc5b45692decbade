#!/usr/bin/env bash
# Runs the SAM CLI from .tools/sam, installing it first. Validating and building need no account, and with credentials around,
# real or made up, SAM calls STS first and waits for it; so these two run without. `local` and `deploy` get the caller's.
set -euo pipefail
cd "$(dirname "$0")/../.."

infra/tools/venv.sh sam infra/tools/sam-requirements.txt
export SAM_CLI_TELEMETRY=0 PATH="$PWD/.tools/sam/bin:$PATH"
[ "$1" = deploy ] || export AWS_EC2_METADATA_DISABLED=true AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}"
case $1 in
validate | build) unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN ;;
esac
exec .tools/sam/bin/sam "$@"
