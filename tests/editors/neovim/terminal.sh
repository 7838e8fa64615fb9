#!/usr/bin/env bash
# The main job as a person does it: Neovim in tmux, typed at and read, and a picture of it.
#
#   terminal.sh PYTHON PICTURE     wants $NVIM, $PLUGIN, $BINARY, $COWORKER_HOME (see run.sh)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=$1
picture=$2
columns=140
lines=38

work=$(mktemp -d)
project=$work/greeter
socket=coworker-$$
T() { tmux -L "$socket" -f /dev/null "$@"; }
trap 'T kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

echo "# terminal.sh"
see() {
  for _ in $(seq 150); do
    if T capture-pane -p | grep -qF -- "$1"; then
      echo "ok - sees '$1'"
      return
    fi
    sleep 0.1
  done
  echo "not ok - never saw '$1'"
  T capture-pane -p
  exit 1
}
is() {
  if [ "$2" = "$3" ]; then echo "ok - $1"; else
    echo "not ok - $1"
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
    exit 1
  fi
}

mkdir -p "$project/.git"
cp "$here/terminal/greet.lua" "$project/"
cat > "$work/init.lua" <<LUA
vim.opt.runtimepath:prepend('$PLUGIN')
vim.o.termguicolors, vim.o.number, vim.o.laststatus, vim.o.ruler = true, true, 3, false
vim.o.fillchars, vim.o.swapfile, vim.o.hlsearch, vim.o.showtabline = 'eob: ', false, false, 0
require('coworker').setup({ cmd = { '$BINARY', 'lsp' }, model = 'script:shorter.md' })
LUA
cp "$here/terminal/shorter.md" "$project/"
cd "$project"
T new-session -d -x $columns -y $lines "$NVIM --clean -u $work/init.lua greet.lua"
see 'Says hello'

# Unsaved text, then the function is selected and asked about.
T send-keys 'ggO-- Typed just now, and not saved.' Escape
T send-keys '/function M' Enter 'V/^end' Enter
T send-keys ':'
see ":'<,'>"
T send-keys 'CoworkerAsk make this shorter' Enter
see 'I will read'
see 'Reading the function'
see '✓ Read greet.lua'
see '◐ Making it shorter'
see 'Proposed'
see 'a Accept  r Reject  q Later'
see '? Edit greet.lua'
see 'A Always'
see 'says the same in three' # Markdown is drawn
T capture-pane -peN | "$python" "$here/picture.py" $columns "$picture"
is 'the disk is untouched' "$(cat "$here/terminal/greet.lua")" "$(cat greet.lua)"

# In its first half second a preview takes no key: nobody can have read it.
sleep 0.6
T send-keys 'a'
see 'Six lines are three now'
see '✓ Make it shorter'
see 'vim.tbl_map'
see 'Typed just now, and not saved.'
is 'the disk is still untouched' "$(cat "$here/terminal/greet.lua")" "$(cat greet.lua)"

T send-keys ':wqa' Enter
for _ in $(seq 50); do
  grep -qF 'vim.tbl_map' greet.lua && break
  sleep 0.1
done
is 'saved, both are on the disk' '1 1' "$(grep -cF 'vim.tbl_map' greet.lua) $(grep -cF 'not saved' greet.lua)"
