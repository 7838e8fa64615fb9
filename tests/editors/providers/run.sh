#!/usr/bin/env bash
# The real server against mock servers of the providers that others wrote.
#
#   run.sh BINARY
#
# aimock comes from npm into $COWORKER_TEST_TOOLS (.work in the repository when unset). It needs
# Python 3.11 and Node 20. The proxy of litellm would be 740 MB, so it is left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
tools=${COWORKER_TEST_TOOLS:-$repository/.work}
binary=$(realpath "${1:?the server}")

aimock=$tools/aimock
if ! [ -d "$aimock/node_modules/@copilotkit/aimock" ]; then
  npm install --silent --no-audit --no-fund --prefix "$aimock" @copilotkit/aimock@1.43.0
fi

echo '# providers'
timeout 100 python3 -B "$here/providers.py" "$binary" \
  "$aimock/node_modules/@copilotkit/aimock/dist/aimock-cli.js"
