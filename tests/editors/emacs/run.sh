#!/usr/bin/env bash
# Emacs with eglot and no plugin, in batch, against the real server.
#
#   run.sh BINARY
#
# Emacs and eglot come from Debian's packages emacs-nox and elpa-eglot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "${1:?the server}")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch COWORKER_HOME=$scratch/coworker COWORKER=$binary SCRIPT=$here/script.md
export PROJECT=$scratch/project
unset COWORKER_MODEL
mkdir -p "$PROJECT" "$COWORKER_HOME"
# Emacs takes a repository for one project, its subfolders included.
git init --quiet "$PROJECT"
printf '%s\n' one two three four five six seven eight >"$PROJECT/list.txt"

# With -Q Debian's packages would not be found.
timeout 100 emacs -q --batch -l "$here/plain.el" 2>"$scratch/messages" || {
  echo "# messages of Emacs:"
  tail -n 40 "$scratch/messages"
  exit 1
}
